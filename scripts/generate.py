"""Generates protos/gen and protos/typings; with --check, says whether they are up to date."""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from google.protobuf import descriptor_pb2
from google.protobuf.message import Message

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
OUTPUTS = ("gen", "typings")

# Files beside the generated ones that make them a typed package.
FIXED = {
    "gen/ringback/py.typed": "",
    "gen/ringback/__init__.py": '"""Messages and services generated from protos/ringback."""\n',
    "gen/ringback/v1/__init__.py": '"""Version 1: messages, gRPC stubs and servicers."""\n',
}
# Google's protos that ours or the edges use: their package has no types, so that we generate stubs.
UNTYPED = (
    "google/api/annotations.proto",
    "google/api/field_behavior.proto",
    "google/api/http.proto",
    "google/api/httpbody.proto",
    "google/rpc/code.proto",
    "google/rpc/error_details.proto",
    "google/rpc/status.proto",
)
# How the generated code says which runtime it demands, by distribution name.
DEMANDS = {
    "grpcio": re.compile(r"^GRPC_GENERATED_VERSION = '([\d.]+)'", re.MULTILINE),
    "protobuf": re.compile(r"^# Protobuf Python Version: ([\d.]+)", re.MULTILINE),
}


def main() -> int:
    """Generate, or compare with what is there, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail on a difference")
    check: bool = parser.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        wanted = _generate(Path(folder))
    complaints = _differences(wanted) if check else []
    if not check:
        _write(wanted)
    complaints += _floors(wanted)
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


def _generate(folder: Path) -> dict[str, str]:
    """Return the text of every file by its path below protos/."""
    ours = sorted(
        path.relative_to(PROTOS).as_posix() for path in PROTOS.glob("ringback/**/*.proto")
    )
    _protoc(folder / "gen", ("python", "grpc_python", "mypy", "mypy_grpc"), ours)
    _protoc(folder / "typings", ("mypy",), UNTYPED)
    comments = {"gen/ringback/v1/comments.json": _comments(folder, ours)}
    made = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.py*")}
    return {**FIXED, **comments, **{name: made[name].read_text() for name in sorted(made)}}


def _protoc(folder: Path, outputs: Sequence[str], sources: Sequence[str]) -> None:
    """Run the compiler with the plug-ins that are installed beside this interpreter."""
    folder.mkdir()
    scripts = Path(sys.executable).parent
    plugins = ("protoc-gen-mypy", "protoc-gen-mypy_grpc")
    command = [sys.executable, "-m", "grpc_tools.protoc"]
    command += [f"--plugin={plugin}={scripts / plugin}" for plugin in plugins]
    command += [f"--proto_path={path}" for path in (PROTOS, *_includes())]
    command += [f"--{output}_out={folder}" for output in outputs]
    finished = subprocess.run([*command, *sources], check=False, capture_output=True, text=True)
    if finished.returncode:
        sys.exit(finished.stderr)


def _comments(folder: Path, sources: Sequence[str]) -> str:
    """Return the comments of everything in the protos as JSON, for generated code has none."""
    output = folder / "comments.binpb"
    command = [sys.executable, "-m", "grpc_tools.protoc", "--include_source_info"]
    command += [f"--proto_path={path}" for path in (PROTOS, *_includes())]
    command += [f"--descriptor_set_out={output}", *sources]
    subprocess.run(command, check=True)
    found: dict[str, str] = {}
    for file in descriptor_pb2.FileDescriptorSet.FromString(output.read_bytes()).file:
        for location in file.source_code_info.location:
            name = _place(file, list(location.path))
            if name and location.leading_comments:
                said = location.leading_comments.strip()
                found[f"{file.package}.{name}"] = re.sub(r"\s*\n\s*", " ", said)
    return json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _place(file: descriptor_pb2.FileDescriptorProto, path: Sequence[int]) -> str:
    """Return the name of what a path through the numbers of fields leads to, empty for options."""
    place: Message = file
    names: list[str] = []
    for number, index in zip(path[::2], path[1::2], strict=False):
        field = place.DESCRIPTOR.fields_by_number[number]
        if not field.is_repeated or field.message_type is None:
            return ""
        place = getattr(place, field.name)[index]
        names.append(str(getattr(place, "name", "")))
    return ".".join(names) if len(path) % 2 == 0 and all(names) else ""


def _includes() -> list[Path]:
    """Return where the protos of Google are: installed, never copied."""
    folders: list[Path] = []
    for package in ("google.api", "grpc_tools"):
        spec = find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            sys.exit(f"{package} is not installed; run make setup")
        folders.append(Path(next(iter(spec.submodule_search_locations))))
    api, grpc_tools = folders
    return [api.parent.parent, grpc_tools / "_proto"]


def _present() -> dict[str, Path]:
    """Return the files that are there now."""
    return {
        path.relative_to(PROTOS).as_posix(): path
        for output in OUTPUTS
        for path in (PROTOS / output).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def _differences(wanted: dict[str, str]) -> list[str]:
    """Say which files are missing, different or left over."""
    present = _present()
    stale = [
        name
        for name in sorted(wanted.keys() | present.keys())
        if name not in wanted or name not in present or present[name].read_text() != wanted[name]
    ]
    return [f"protos/{name} is out of date; run make generate" for name in stale]


def _write(wanted: dict[str, str]) -> None:
    """Make the output folders hold these files and no others."""
    for name, path in _present().items():
        if name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        path = PROTOS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def _floors(wanted: dict[str, str]) -> list[str]:
    """Say where pyproject.toml asks for another version than the generated code."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [
        f"pyproject.toml: the generated code demands {name}>={version}"
        for name, pattern in DEMANDS.items()
        for version in sorted(
            {found for text in wanted.values() for found in pattern.findall(text)}
        )
        if f"{name}>={version}" not in project["dependencies"]
    ]


if __name__ == "__main__":
    sys.exit(main())
