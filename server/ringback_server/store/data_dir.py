"""The directory that holds everything of one instance, locked while a process uses it."""

from __future__ import annotations

import fcntl
import logging
import os
from pathlib import Path
from typing import Final

from ringback_server.errors import StartError
from ringback_server.private_files import narrow, others_may_write, too_open
from ringback_server.store.recovery import sync_directory

_log = logging.getLogger(__name__)

#: files with secrets in them, if they are there
_SECRET: Final = (
    "ringback.db",
    "ringback.db-wal",
    "ringback.db-shm",
    "admin.json",
    "ca-key.pem",
    "server-key.pem",
)


class DataDir:
    """An open data dir: no other process can open it until `close`."""

    def __init__(self, path: Path) -> None:
        """Make the directory if it is missing, with access for its owner alone, and lock it.

        Raise StartError if that cannot be done or another process has it open.
        """
        self.path = path
        try:
            _make(path, mode=0o700)
            _check_modes(path)
            self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StartError(_complaint(path, error)) from error
        try:
            self._take_lock()
        except BaseException:
            self.close()
            raise

    def __repr__(self) -> str:
        return f"<DataDir {self.path} [{'closed' if self._lock < 0 else 'open'}]>"

    @property
    def database(self) -> Path:
        """Where the database file is."""
        return database_of(self.path)

    def close(self) -> None:
        """Let other processes use it; may be called twice."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _take_lock(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._lock, 20, 0).decode("ascii", "replace").strip() or "unknown"
            raise StartError(
                f"{self.path} is in use by another ringback (pid {holder}): "
                "stop it, or choose another --data-dir"
            ) from error
        except OSError as error:
            raise StartError(_complaint(self.path, error)) from error
        try:
            os.ftruncate(self._lock, 0)
            os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            raise StartError(_complaint(self.path, error)) from error


def database_of(data_dir: Path) -> Path:
    """Return where the database file of a data dir is."""
    return data_dir / "ringback.db"


def _make(path: Path, *, mode: int) -> None:
    """Make a directory that is missing, and bring to disk that it is there."""
    if not path.is_dir():
        _make(path.parent, mode=0o777)
        path.mkdir(mode=mode, exist_ok=True)
        sync_directory(path.parent)


def _check_modes(path: Path) -> None:
    """Close what others could use: they are refused to write, and warned of when they read."""
    if others_may_write(path):
        raise StartError(
            f"others than its owner may write to {path}, and so put a database of theirs there: "
            f"run chmod 700 {path}"
        )
    if too_open(path.stat()):
        _log.warning("others than its owner may look into %s: run chmod 700 %s", path, path)
    for name in _SECRET:
        narrow(path / name)


def _complaint(path: Path, error: OSError) -> str:
    if isinstance(error, FileExistsError | NotADirectoryError):
        return f"{path} is not a directory: choose another --data-dir"
    return (
        f"{path} cannot be used as a data dir ({error.strerror}): "
        "make it readable and writable for this user, or choose another --data-dir"
    )
