"""Standard output that takes no more: every command ends with a line, or without a word."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

RINGBACK = str(Path(sys.executable).with_name("ringback"))
COMMANDS = [
    ["--help"],
    ["serve", "--help"],
    ["lint", "--format", "json", "w.yaml"],
    ["run", "--local", "w.yaml"],
    ["test", "w.test.yaml"],
    ["auth", "decode", "e30.e30.e30"],
]

pytestmark = pytest.mark.usefixtures("directory")


@pytest.fixture(autouse=True)
def files(directory: Path) -> None:
    """Write a definition and a test of it."""
    (directory / "w.yaml").write_text("- a:\n    return: 1\n")
    (directory / "w.test.yaml").write_text("cases: [{name: one, expect: {result: 1}}]\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_output_when_nobody_reads_it(command: list[str]) -> None:
    """A command whose reader has left ends as other programs do, and says nothing about it."""
    reads, writes = os.pipe()
    os.close(reads)
    ended = subprocess.run(
        [RINGBACK, *command], stdout=writes, stderr=subprocess.PIPE, check=False, timeout=60.0
    )
    os.close(writes)

    assert (141, b"") == (ended.returncode, ended.stderr)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
@pytest.mark.parametrize("command", COMMANDS)
def test_output_when_the_device_is_full(command: list[str]) -> None:
    """A command that cannot write says so in one line."""
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [RINGBACK, *command], stdout=full, stderr=subprocess.PIPE, check=False, timeout=60.0
        )

    expected = b"Error: The output cannot be written: No space left on device\n"
    assert (1, expected) == (ended.returncode, ended.stderr)
