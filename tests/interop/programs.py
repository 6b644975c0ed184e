"""Programs of users, in any language: what they need, how they are installed and run.

A program is a folder with its sources and lock files, tests/interop/KIND/LANGUAGE. It is copied to
.interop/KIND/LANGUAGE and installed there, once for each state of the folder.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: seconds for one command of an installation: it may download all that a language needs
INSTALLING = 900.0
#: seconds for one run of a program
RUNNING = 90.0
#: set to 1, a program that cannot be installed fails instead of being skipped
REQUIRE = "INTEROP_REQUIRE"

_STAMP = ".installed"
#: what tools and editors leave beside sources
_IGNORED = ("node_modules", "target", "build", "__pycache__", ".venv")


class InstallationError(Exception):
    """A program could not be installed; the message has the end of what the command printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program of one kind in one language.

    In commands `{root}` is the repository, `{here}` the program's installation, which is also
    their working directory, and `{python}` the Python of the tests.
    """

    #: whose client it uses, the name of a folder: google or generated
    kind: str
    #: as `ringback env --language` names it, or a language that it does not know
    language: str
    #: commands that must be there, such as mvn
    tools: tuple[str, ...] = ()
    #: commands that install it, in order
    install: tuple[tuple[str, ...], ...] = ()
    #: the command that runs it; a test adds arguments
    run: tuple[str, ...]
    #: files and folders below the repository whose change asks for a new installation
    sources: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """How it is called in names of tests, such as google-go."""
        return f"{self.kind}-{self.language}"

    @property
    def folder(self) -> Path:
        """Where its sources and lock files are."""
        return ROOT / "tests" / "interop" / self.kind / self.language

    @property
    def here(self) -> Path:
        """Where it is installed."""
        return ROOT / ".interop" / self.kind / self.language

    def missing(self) -> str | None:
        """Say which tools are missing, in words."""
        absent = [tool for tool in self.tools if shutil.which(tool) is None]
        return f"{self.name} needs {' and '.join(absent)} on the PATH" if absent else None

    def command(self, words: Iterable[str]) -> list[str]:
        """Return a command with its placeholders replaced."""
        values = {"root": ROOT, "here": self.here, "python": sys.executable}
        return [word.format_map(values) for word in words]


def installed(program: Program) -> bool:
    """Install a program unless this state of it is; return whether there was anything to do."""
    state = _state([program.folder, *(ROOT / source for source in program.sources)], program)
    stamp = program.here / _STAMP
    if stamp.exists() and stamp.read_text() == state:
        return False
    shutil.rmtree(program.here, ignore_errors=True)
    shutil.copytree(program.folder, program.here, ignore=shutil.ignore_patterns(*_IGNORED))
    for words in program.install:
        _install(program, program.command(words))
    stamp.write_text(state)
    return True


def _install(program: Program, command: list[str]) -> None:
    try:
        subprocess.run(
            command,
            cwd=program.here,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=INSTALLING,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        raise InstallationError(
            f"{program.name}: `{' '.join(command)}` ended with {error.returncode}:\n"
            f"{error.stdout[-4000:]}"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise InstallationError(
            f"{program.name}: `{' '.join(command)}` took more than {INSTALLING:.0f} seconds"
        ) from error


def _state(paths: Iterable[Path], program: Program) -> str:
    found = hashlib.sha256(repr((program.install, sys.executable)).encode())
    for path in paths:
        for file in sorted(path.rglob("*") if path.is_dir() else [path]):
            if file.is_file() and not set(_IGNORED) & set(file.parts):
                found.update(f"{file.relative_to(ROOT)}\0".encode())
                found.update(file.read_bytes())
    return found.hexdigest()


def required() -> bool:
    """Return whether a program that cannot be installed is a failure."""
    return os.environ.get(REQUIRE, "") not in {"", "0"}


def output(program: Program, *arguments: str, variables: Mapping[str, str], cwd: Path) -> str:
    """Run a program, which must succeed within RUNNING seconds; return what it printed."""
    command = [*program.command(program.run), *arguments]
    try:
        done = subprocess.run(
            command,
            env=dict(variables),
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=RUNNING,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        said = error.stderr.decode(errors="replace") if isinstance(error.stderr, bytes) else ""
        raise AssertionError(f"{program.name} still ran after {RUNNING:.0f} s: {said}") from error
    if done.returncode:
        raise AssertionError(f"{program.name} ended with {done.returncode}: {done.stderr}")
    return done.stdout
