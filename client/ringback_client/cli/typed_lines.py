"""Lines that somebody types while a command does something else."""

from __future__ import annotations

import os
import queue
import sys
import threading
from typing import TextIO


class TypedLines:
    """Reads standard input on a thread of its own, as long as there is any."""

    def __init__(self, stream: TextIO) -> None:
        self._lines: queue.Queue[str] = queue.Queue()
        # A daemon: a read cannot be broken off, and the process ends all the same.
        self._thread = threading.Thread(
            target=self._read, args=(stream,), name="typed-lines", daemon=True
        )

    def start(self) -> None:
        """Begin to read, unless that would stop the process: it is in a shell's background."""
        if not _in_background():
            self._thread.start()

    def next(self, seconds: float) -> str | None:
        """Return the next line, None if none comes within a time."""
        try:
            return self._lines.get(timeout=seconds)
        except queue.Empty:
            return None

    def _read(self, stream: TextIO) -> None:
        for line in stream:
            self._lines.put(line.strip())


def _in_background() -> bool:
    if not sys.stdin.isatty():
        return False
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) != os.getpgrp()
    except OSError:
        return True
