"""Makes sure of what an earlier process left in the WAL, before anything relies on it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_CHUNK = 1024 * 1024
# The format of a WAL (https://www.sqlite.org/fileformat2.html#the_write_ahead_log): a header, then
# frames, each with the header's two salts as long as they are of the same round.
_HEADER: Final = 32
_FRAME_HEADER: Final = 24
_PAGE_SIZE: Final = slice(8, 12)
_SALTS: Final = slice(16, 24)
_FRAME_SALTS: Final = slice(8, 16)


def settle(wal: Path) -> None:
    """Bring a WAL that was left behind to disk, as it is now in the file; raise OSError.

    SQLite takes what it can read there for committed. A process that was killed may have been
    about to sync it, and after a sync that failed the operating system may hold pages in memory
    that are not on disk, and take them for clean. So all that can be read is written again, which
    changes nothing in the file, and synced. What an earlier round has left behind it is not read.
    """
    if not wal.exists():
        return
    descriptor = os.open(wal, os.O_RDWR | os.O_CLOEXEC)
    try:
        offset, end = 0, _end(descriptor)
        while chunk := os.pread(descriptor, min(_CHUNK, end - offset), offset):
            offset += os.pwrite(descriptor, chunk, offset)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync_directory(wal.parent)


def _end(descriptor: int) -> int:
    """Return how far SQLite may read a WAL: to its first frame of another round."""
    header = os.pread(descriptor, _HEADER, 0)
    if len(header) < _HEADER:
        return len(header)
    frame = _FRAME_HEADER + int.from_bytes(header[_PAGE_SIZE], "big")
    end = _HEADER
    while os.pread(descriptor, _FRAME_HEADER, end)[_FRAME_SALTS] == header[_SALTS]:
        end += frame
    return min(end, os.fstat(descriptor).st_size)


def sync_directory(directory: Path) -> None:
    """Bring to disk which files a directory has; raise OSError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
