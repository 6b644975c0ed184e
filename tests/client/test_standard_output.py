"""Standard output that takes no more: every command ends with a line, or without a word."""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.interrupts import ended, interruptible

RINGBACK = str(Path(sys.executable).with_name("ringback"))
COMMANDS = [
    ["--help"],
    ["serve", "--help"],
    ["lint", "--format", "json", "w.yaml"],
    ["run", "--local", "w.yaml"],
    ["test", "w.test.yaml"],
    ["auth", "decode", "e30.e30.e30"],
]
#: says more than a pipe of a page takes, but no more than is kept to be written at once
INTERRUPTED = """
import sys
from ringback_client.cli.standard_output import checked

def command():
    try:
        print(*range(1600), flush=True)
    except KeyboardInterrupt:
        return 130

sys.exit(checked(command))
"""
PAGE = 4096

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


@pytest.mark.skipif(sys.platform != "linux", reason="pipes cannot be made smaller elsewhere")
def test_output_when_a_write_is_interrupted() -> None:
    """What was written before an interrupt is not written again after it."""
    reads, writes = os.pipe()
    fcntl.fcntl(writes, fcntl.F_SETPIPE_SZ, PAGE)
    with interruptible():
        started = subprocess.Popen([sys.executable, "-c", INTERRUPTED], stdout=writes)
    os.close(writes)
    with ended(started) as command, os.fdopen(reads, "rb", buffering=0) as output:
        first = output.read(1)
        # It has begun to write, and cannot end before more is read.
        command.send_signal(signal.SIGINT)
        said = first + output.readall()
        command.wait(60.0)

    assert (130, [*range(1600)]) == (command.returncode, [int(word) for word in said.split()])
