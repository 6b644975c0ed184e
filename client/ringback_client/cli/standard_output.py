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


class _Checked(BufferedWriter):
    """A buffer over a descriptor; raises OutputError.

    The descriptor itself is written to by the interpreter alone: an interrupt between such a write
    and the buffer's note of it would have the same words written twice.
    """

    def write(self, data: "ReadableBuffer", /) -> int:
        """Keep bytes to be written, and return how many."""
        try:
            return super().write(data)
        except OSError as error:
            raise OutputError(error) from error

    def flush(self) -> None:
        """Write what was kept."""
        try:
            super().flush()
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
        _Checked(FileIO(stream.fileno(), "w", closefd=False)),
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
