"""A WAL that was left behind is brought to disk before anything relies on it."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ringback_server.store.recovery import settle

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux counts")

#: a frame of a page of 4,096 bytes
FRAME = 24 + 4_096


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Provide a database with a WAL of many frames, all of which were moved to the database."""
    with closing(sqlite3.connect(tmp_path / "any.db", isolation_level=None)) as opened:
        opened.execute("PRAGMA journal_mode = WAL")
        opened.execute("PRAGMA wal_autocheckpoint = 0")
        opened.execute("CREATE TABLE word (text)")
        for _ in range(50):
            opened.execute("INSERT INTO word VALUES (hex(randomblob(2000)))")
        opened.execute("PRAGMA wal_checkpoint(RESTART)")
        yield opened


def written_by_settling(wal: Path) -> int:
    """Settle a copy of a WAL, as a killed process leaves it; return how many bytes that wrote."""
    copy = wal.with_name("copy-wal")
    shutil.copy(wal, copy)
    before = _written()
    settle(copy)
    written = _written() - before
    assert wal.read_bytes() == copy.read_bytes()
    return written


def test_settle_when_the_wal_began_anew(tmp_path: Path, connection: sqlite3.Connection) -> None:
    """What the round before left behind the frames that count is not written again."""
    wal = tmp_path / "any.db-wal"
    connection.execute("DELETE FROM word WHERE rowid = 1")

    _, frames, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    assert 32 + frames * FRAME == written_by_settling(wal)
    assert wal.stat().st_size > 50 * FRAME


def test_settle_when_all_of_the_wal_counts(tmp_path: Path, connection: sqlite3.Connection) -> None:
    """Everything that can be read is written again, and a torn frame at the end with it."""
    wal = tmp_path / "any.db-wal"
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for _ in range(3):
        connection.execute("INSERT INTO word VALUES ('more')")
    whole = wal.read_bytes()
    wal_torn = tmp_path / "torn-wal"
    wal_torn.write_bytes(whole[:-100])

    assert len(whole) == written_by_settling(wal)
    assert len(whole) - 100 == written_by_settling(wal_torn)


@pytest.mark.parametrize("size", [0, 20])
def test_settle_when_there_is_no_header(tmp_path: Path, size: int) -> None:
    """A WAL that was only begun is no trouble."""
    wal = tmp_path / "begun-wal"
    wal.write_bytes(bytes(size))

    assert size == written_by_settling(wal)


def _written() -> int:
    """Return how many bytes this process has written to anything."""
    counts = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(counts["wchar"])
