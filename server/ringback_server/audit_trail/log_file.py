"""The audit as a file of JSON lines, which follows what is stored.

It is read from the store, so a crash or a full disk leaves no gap: writing goes on where it ended.
After a crash the last lines may be there twice; each has the name of its entry.
"""

from __future__ import annotations

import logging
import os
import stat
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from ringback_server.audit_trail.lines import line_of
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
        self._clock = clock
        # Guards the fields below; nothing is read or written while it is held.
        self._changed = threading.Condition()
        self._closed = False
        self._trouble: str | None = None
        self._thread = threading.Thread(target=self._run, name="ringback-audit-log", daemon=True)

    def __repr__(self) -> str:
        with self._changed:
            return f"<AuditLog [{'closed' if self._closed else 'open'} | {self._trouble}]>"

    @property
    def trouble(self) -> str | None:
        """Why the file lacks entries, None if it does not."""
        with self._changed:
            return self._trouble

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Write what is there and end the thread; may be called before `start`, once."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()
        self._file.close()

    def _run(self) -> None:
        while True:
            with self._changed:
                closed = self._closed
            trouble = self._attempt(self._write)
            self._note(trouble)
            if closed:
                return
            self._pause(_PAUSE if trouble else _INTERVAL)

    def _attempt(self, action: Callable[[], None]) -> str | None:
        """Return why an action failed, None if it did not."""
        try:
            action()
        except OSError as error:
            return f"The audit log cannot be written: {error.strerror or error}."
        except RingbackError as error:
            return f"The audit log cannot be written: {error.message}"
        return None

    def _write(self) -> None:
        """Write all entries that were stored since."""
        position = int(self._positions.get(_POSITION) or 0)
        while entries := self._entries.after(position, _BATCH):
            self._file.append(b"".join(map(line_of, entries)))
            position = entries[-1].number
            self._positions.set(_POSITION, str(position))

    def _note(self, trouble: str | None) -> None:
        with self._changed:
            before, self._trouble = self._trouble, trouble
        if trouble is not None and trouble != before:
            _log.error("%s Its entries are stored, and written later.", trouble)
        elif trouble is None and before is not None:
            _log.info("the audit log is written again")

    def _pause(self, seconds: float) -> None:
        """Sleep until then, or until it is time to end."""
        until = self._clock.monotonic() + seconds
        with self._changed:
            while not self._closed and (left := until - self._clock.monotonic()) > 0:
                self._clock.wait(self._changed, left)


def _opened(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
