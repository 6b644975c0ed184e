"""Standard output that takes no more: a pipe whose reader has left, or a device that is full."""

import errno
import os
import sys
from collections.abc import Callable
from io import BufferedWriter, FileIO, TextIOWrapper
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

#: what a shell tells of a program that writes to a pipe that nobody reads: 128 and SIGPIPE
_NOBODY_READS = 141
_FAILED = 1


class OutputError(Exception):
    """Standard output takes no more.

    No OSError, which argparse, typer and rich each treat in a way of their own.
    """

    def __init__(self, reason: OSError) -> None:
        """Take what the operating system says."""
        super().__init__(str(reason))
        self.reason = reason


class _Checked(FileIO):
    """A descriptor to write to; raises OutputError."""

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write as much as can be written at once, and return how much that is."""
        try:
            return super().write(data)
        except OSError as error:
            raise OutputError(error) from error


def checked(command: Callable[[], int]) -> int:
    """Run a command, and return its exit status.

    That is 141 if nobody reads its output any more, as of other programs, and 1 with a line on
    stderr if the output cannot be written.
    """
    stream = sys.stdout
    if not isinstance(stream, TextIOWrapper):
        return command()
    sys.stdout = TextIOWrapper(
        BufferedWriter(_Checked(stream.fileno(), "w", closefd=False)),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
    try:
        try:
            return command()
        finally:
            sys.stdout.flush()
    except OutputError as error:
        _give_up(stream.fileno())
        if error.reason.errno == errno.EPIPE:
            return _NOBODY_READS
        sys.stderr.write(f"Error: The output cannot be written: {error.reason.strerror}\n")
        return _FAILED


def _give_up(descriptor: int) -> None:
    """Let what is still to be written go nowhere, so that the interpreter can end in peace."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
