"""Makes sure of what an earlier process left in the WAL, before anything relies on it."""

from __future__ import annotations

import os
from pathlib import Path

_CHUNK = 1024 * 1024


def settle(wal: Path) -> None:
    """Bring a WAL that was left behind to disk, as it is now in the file; raise OSError.

    SQLite takes what it can read there for committed. A process that was killed may have been
    about to sync it, and after a sync that failed the operating system may hold pages in memory
    that are not on disk, and take them for clean. So everything is written again, which changes
    nothing in the file, and synced.
    """
    if not wal.exists():
        return
    descriptor = os.open(wal, os.O_RDWR | os.O_CLOEXEC)
    try:
        offset = 0
        while chunk := os.pread(descriptor, _CHUNK, offset):
            offset += os.pwrite(descriptor, chunk, offset)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync_directory(wal.parent)


def sync_directory(directory: Path) -> None:
    """Bring to disk which files a directory has; raise OSError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
