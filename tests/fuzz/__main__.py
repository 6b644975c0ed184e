"""Runs atheris over the targets, each for some seconds: python -m tests.fuzz [SECONDS [TARGET]]."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_SECONDS = "60"
#: where inputs that show a bug are left
_FOUND = Path(".fuzz")
_NAMES = ("bearer", "signed", "rest", "name", "callback")


def main(arguments: list[str]) -> int:
    """Run one target in this process, or all in processes of their own; return the exit code."""
    if find_spec("atheris") is None:
        print("atheris is not installed: pip install '.[fuzz]'; nothing was fuzzed by coverage")
        return 0
    seconds = arguments[0] if arguments else _SECONDS
    if len(arguments) > 1:
        _run(arguments[1], seconds)
        return 0
    ran = [
        subprocess.run([sys.executable, "-m", "tests.fuzz", seconds, name], check=False)
        for name in _NAMES
    ]
    return max(each.returncode for each in ran)


def _run(name: str, seconds: str) -> None:
    """Fuzz until there is a bug or no time is left; atheris ends the process itself."""
    atheris: Any = import_module("atheris")
    with atheris.instrument_imports(include=["ringback_server"]):
        targets = import_module("tests.fuzz.targets").TARGETS
    target, beginning = targets[name]
    _FOUND.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        (Path(corpus) / "first").write_bytes(beginning)
        options = [f"-max_total_time={seconds}", "-max_len=4096", "-timeout=10"]
        options += [f"-artifact_prefix={_FOUND}/{name}-", corpus]
        atheris.Setup([name, *options], target)
        atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
