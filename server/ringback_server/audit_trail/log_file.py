"""The audit as a file of JSON lines, which follows what is stored.

It is read from the store, so a crash or a full disk leaves no gap: writing goes on where it ended.
After a crash the last lines may be there twice; each has the name of its entry.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from ringback_server.audit_trail.lines import line_of
from ringback_server.background import BackgroundThread
from ringback_server.clock import Clock
from ringback_server.errors import RingbackError, StartError
from ringback_server.model.audit import StoredAuditEntry

_log = logging.getLogger(__name__)

STDOUT: Final = Path("-")
#: how often it is looked for new entries, in seconds, and how soon again after a failure
_INTERVAL: Final = 0.5
_PAUSE: Final = 5.0
_BATCH: Final = 500
_POSITION: Final = "audit_log"
_STDOUT_FD: Final = 1


class Entries(Protocol):
    """Where entries are read."""

    def after(self, number: int, limit: int) -> Sequence[StoredAuditEntry]:
        """Return up to `limit` entries that were stored after one, in their order."""
        ...


class Positions(Protocol):
    """Where it is remembered how far the file is."""

    def get(self, key: str) -> str | None:
        """Return a value."""
        ...

    def set(self, key: str, value: str) -> None:
        """Store a value."""
        ...


class LogFile:
    """A file that only grows, opened again when another has been put in its place."""

    def __init__(self, path: Path) -> None:
        """Open it, with access for the owner alone if it is made; raise StartError."""
        self._path = path
        self._fd = _STDOUT_FD
        if path != STDOUT:
            try:
                self._fd = _opened(path)
            except OSError as error:
                raise StartError(f"--audit-log: cannot write {path}: {error.strerror}") from None

    def append(self, data: bytes) -> None:
        """Append lines, all or none of them where the file can be cut; raise OSError."""
        self._follow()
        status = os.fstat(self._fd)
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(self._fd, left) :]
        except OSError:
            if stat.S_ISREG(status.st_mode):
                with suppress(OSError):
                    os.ftruncate(self._fd, status.st_size)
            raise

    def close(self) -> None:
        """Close it."""
        if self._path != STDOUT:
            os.close(self._fd)

    def _follow(self) -> None:
        """Open the file again if its name leads elsewhere now: it was rotated."""
        if self._path == STDOUT:
            return
        ours = os.fstat(self._fd)
        try:
            named = self._path.stat()
            moved = (named.st_dev, named.st_ino) != (ours.st_dev, ours.st_ino)
        except FileNotFoundError:
            moved = True
        if moved:
            fresh = _opened(self._path)
            os.close(self._fd)
            self._fd = fresh


class AuditLog:
    """Writes entries to a file as they are stored, on a thread of its own."""

    def __init__(self, file: LogFile, entries: Entries, positions: Positions, clock: Clock) -> None:
        """Take the file, and where entries are read from and how far was written."""
        self._file = file
        self._entries = entries
        self._positions = positions
        # The thread alone sets it.
        self._trouble: str | None = None
        self._thread = BackgroundThread(self._run, "ringback-audit-log", clock)

    def __repr__(self) -> str:
        return f"<AuditLog [{self._thread} | {self._trouble}]>"

    @property
    def trouble(self) -> str | None:
        """Why the file lacks entries, None if it does not."""
        return self._trouble

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Write what is there and end the thread; may be called before `start`, once."""
        self._thread.close()
        self._file.close()

    def _run(self) -> None:
        self._look()
        while self._thread.rest(_PAUSE if self._trouble else _INTERVAL):
            self._look()
        self._look()

    def _look(self) -> None:
        """Write what there is, and log when that begins to fail or succeeds again."""
        before, self._trouble = self._trouble, self._attempt()
        if self._trouble is None and before is not None:
            _log.info("the audit log is written again")
        elif self._trouble != before:
            _log.error("%s Its entries are stored, and written later.", self._trouble)

    def _attempt(self) -> str | None:
        """Write all entries that were stored since; return why they cannot be, None if they are."""
        try:
            self._write()
        except OSError as error:
            return f"The audit log cannot be written: {error.strerror or error}."
        except RingbackError as error:
            return f"The audit log cannot be written: {error.message}"
        return None

    def _write(self) -> None:
        position = int(self._positions.get(_POSITION) or 0)
        while entries := self._entries.after(position, _BATCH):
            self._file.append(b"".join(map(line_of, entries)))
            position = entries[-1].number
            self._positions.set(_POSITION, str(position))


def _opened(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
