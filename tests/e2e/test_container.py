"""The Dockerfile, instruction by instruction: there need not be a Docker engine for it."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from ringback_server.settings import Settings, variable
from tests.e2e.process import RINGBACK, environment
from tests.waiting import PATIENCE, until

ROOT = Path(__file__).parents[2]
#: what the image has of its own, and the test below a directory of its own
PLACES = re.compile(r"(?<![\w.])/(opt/ringback|dist|data|src|tmp)\b")
SECONDS = 240.0


def instructions() -> Iterator[tuple[str, str]]:
    """Yield the Dockerfile's instructions, each with its arguments on one line."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, arguments = line.partition(" ")
            yield name, arguments


def arguments_of(instruction: str) -> list[str]:
    """Return the arguments of every instruction of a kind."""
    return [arguments for name, arguments in instructions() if name == instruction]


def moved(text: str, root: Path) -> str:
    """Put the image's places below a directory."""
    return PLACES.sub(lambda place: f"{root}/{place[1]}", text)


def variables(root: Path) -> dict[str, str]:
    """Return the environment that the image sets, on free ports."""
    pairs = [pair.split("=", 1) for pair in shlex.split(arguments_of("ENV")[-1])]
    found = {name: moved(value, root) for name, value in pairs}
    path = found.get("PATH", "$PATH").replace("$PATH", os.environ["PATH"])
    free = {name: "127.0.0.1:0" for name in found if name.endswith("_ADDRESS")}
    return {**found, **free, "PATH": path}


def build(root: Path) -> None:
    """Copy and run what the stages do, with this Python in place of the base image's."""
    source, shims = root / "src", root / "shims"
    source.mkdir()
    shims.mkdir()
    (shims / "python").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    (shims / "python").chmod(0o755)
    # The image keeps no downloads; here they are what makes a second run quick.
    env = {**os.environ, "PATH": f"{shims}{os.pathsep}{os.environ['PATH']}"}
    for name, arguments in instructions():
        if name == "COPY" and not arguments.startswith("--from"):
            copy(source, *arguments.split())
        elif name == "RUN" and (os.geteuid() == 0 or "--owner" not in arguments):
            run(["/bin/sh", "-c", moved(arguments, root)], env, cwd=source)


def copy(source: Path, *names: str) -> None:
    """Copy files or folders of the project to the last of the names."""
    *origins, target = names
    ignore = shutil.ignore_patterns("__pycache__")
    for origin in origins:
        if (ROOT / origin).is_dir():
            shutil.copytree(ROOT / origin, source / target, ignore=ignore)
        else:
            shutil.copy(ROOT / origin, source / target)


def run(command: list[str], env: Mapping[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command that must succeed."""
    done = subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done


def test_image_when_it_is_described() -> None:
    """It has two stages, no root, a volume, both ports, and is stopped as the server expects."""
    (check,) = arguments_of("HEALTHCHECK")
    user, _, group = arguments_of("USER")[0].partition(":")

    assert 2 == len(arguments_of("FROM"))
    assert int(user) > 0
    assert int(group) > 0
    assert ["/data"] == arguments_of("VOLUME")
    assert ["8787 8780"] == arguments_of("EXPOSE")
    assert ["SIGTERM"] == arguments_of("STOPSIGNAL")
    assert ["ringback", "serve"] == json.loads(arguments_of("CMD")[0])
    assert "/healthz" in json.loads(check.partition("CMD ")[2])


def test_image_when_files_are_sent() -> None:
    """What the image copies is let through by .dockerignore, and nothing else is."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    sent = {line.removeprefix("!") for line in lines if line.startswith("!")}
    copied = {
        name
        for arguments in arguments_of("COPY")
        if not arguments.startswith("--from")
        for name in arguments.split()[:-1]
    }

    assert "*" in lines
    assert sent == copied
    assert [] == [name for name in sorted(copied) if not (ROOT / name).exists()]


def test_documents_when_they_show_the_image() -> None:
    """The files shown are YAML, and set nothing that is not a setting."""
    page = (ROOT / "docs" / "emulator.md").read_text()
    shown = re.findall(r"^```yaml [\w-]+\.ya?ml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    known = {variable(option) for option in fields(Settings)}
    named = re.findall(r"RINGBACK_\w+(?==|: )", "".join([*shown, *arguments_of("ENV")]))

    assert [set, set] == [type(set(yaml.safe_load(text))) for text in shown]
    assert set(named) <= known
    assert "RINGBACK_ALLOW_REMOTE_NO_AUTH" in named


@pytest.mark.timeout(300)
def test_image_when_it_is_built_and_run(tmp_path: Path) -> None:
    """What it installs serves, is healthy, is an emulator when told to, and stops on SIGTERM."""
    build(tmp_path)
    (tmp_path / "tmp").mkdir()
    env = environment(tmp_path, variables(tmp_path))
    env |= {"RINGBACK_INSECURE_NO_AUTH": "true", "RINGBACK_ALLOW_REMOTE_NO_AUTH": "true"}
    command = [str(word) for word in json.loads(arguments_of("CMD")[0])]
    check = json.loads(arguments_of("HEALTHCHECK")[0].partition("CMD ")[2])
    record = tmp_path / "data" / "server.json"
    program = shutil.which(command[0], path=env["PATH"])
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log, cwd=tmp_path)
    try:
        until(lambda: record.exists() or process.poll() is not None)
        assert process.poll() is None, (tmp_path / "log").read_text()
        run(check, env, tmp_path)
        listed = run(["ringback", "list", "--format=json"], env, tmp_path).stdout
        process.terminate()
        code = process.wait(PATIENCE)
    finally:
        process.kill()
        process.wait(PATIENCE)
    unhealthy = subprocess.run(check, env=env, capture_output=True, timeout=PATIENCE, check=False)

    assert (0, []) == (code, json.loads(listed))
    assert program == str(tmp_path / "opt/ringback/bin/ringback") != str(RINGBACK)
    assert unhealthy.returncode == 1
    assert "without authentication" in (tmp_path / "log").read_text()
