"""buf.gen.yaml, which users begin with, generates clients in every language."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.interop.generated.programs import SERVICES
from tests.interop.programs import ROOT, Program, required

#: by the name of an `out`: whose project has its plug-ins, and what must be there then
MADE = {
    "go": ("go", "ringback/v1/executions_grpc.pb.go"),
    "java": ("java", "ringback/v1/ExecutionsGrpc.java"),
    "connect": ("node", "google/rpc/status_pb.ts"),
    "grpc-js": ("node", "google/protobuf/any.ts"),
    "rust": ("rust", "ringback/v1/ringback.v1.tonic.rs"),
    "python": ("python", "ringback/v1/executions_pb2_grpc.py"),
}
IDS = [f"generated-{language}-{output}" for output, (language, _) in MADE.items()]
#: compilers that the comments of the template tell to install, and the tests' projects have not
INSTALLED = {
    "java": ("protoc", "protoc-gen-grpc-java"),
    "rust": ("protoc-gen-prost", "protoc-gen-tonic"),
}
GO_TOOLS = (
    "google.golang.org/protobuf/cmd/protoc-gen-go",
    "google.golang.org/grpc/cmd/protoc-gen-go-grpc",
)


def path_of(language: str, project: Program, tmp_path: Path) -> str:
    """Return a PATH with what the language's plug-ins are, or skip the test."""
    tools = tmp_path / "bin"
    tools.mkdir()
    if language == "go":
        command = ["go", "build", "-o", f"{tools}/", *GO_TOOLS]
        subprocess.run(command, cwd=project.here, check=True, capture_output=True)
    places = [tools, Path(sys.executable).parent, project.here / "node_modules" / ".bin"]
    path = os.pathsep.join([*map(str, places), os.environ["PATH"]])
    for tool in INSTALLED.get(language, ()):
        if shutil.which(tool, path=path) is None:
            pytest.skip(f"needs {tool} on the PATH, as buf.gen.yaml says")
    return path


@pytest.mark.parametrize("output", MADE, ids=IDS)
def test_template_when_one_language_is_kept(
    output: str, tmp_path: Path, ready: Callable[[Program], Program]
) -> None:
    """Whoever keeps the part of a language gets messages and stubs, and nothing is fetched."""
    language, made = MADE[output]
    project = ready(next(program for program in SERVICES if program.language == language))
    buf = ROOT / ".node" / "node_modules" / ".bin" / "buf"
    if not buf.exists():
        (pytest.fail if required() else pytest.skip)("needs npm, and buf: scripts/install_buf.sh")
    export = ["scripts/export_protos.py", "--google-only", ".googleapis"]
    subprocess.run([sys.executable, *export], cwd=ROOT, check=True)
    template = yaml.safe_load((ROOT / "buf.gen.yaml").read_text())
    assert {f"gen/{name}" for name in MADE} == {plugin["out"] for plugin in template["plugins"]}
    template["plugins"] = [p for p in template["plugins"] if p["out"] == f"gen/{output}"]
    del template["inputs"]
    (tmp_path / "buf.gen.yaml").write_text(yaml.safe_dump(template))
    (tmp_path / "gen" / output).mkdir(parents=True)

    subprocess.run(
        [buf, "generate", ROOT / "protos"],
        cwd=tmp_path,
        env={**os.environ, "PATH": path_of(language, project, tmp_path)},
        check=True,
    )

    assert (tmp_path / "gen" / output / made).is_file()
    if language in {"go", "java", "python"}:  # whose packages have Google's classes
        assert not list((tmp_path / "gen" / output).glob("**/google/**/*"))
