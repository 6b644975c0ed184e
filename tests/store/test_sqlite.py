"""The embedded database: snapshots, crashes, checkpoints."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ringback_server.store.database import Connection
from ringback_server.store.sqlite import SqliteDatabase
from tests.clocks import PATIENCE
from tests.waiting import until

_WRITE_FOR_EVER = """
import sys, threading
from pathlib import Path
from ringback_server.store import open_store
store = open_store(Path(sys.argv[1]))
def work(name):
    for number in range(1_000_000):
        key = f"{name}-{number}"
        store.instance.set(key, "x" * 100)
        sys.stdout.write(key + "\\n")
        sys.stdout.flush()
for name in "abcd":
    threading.Thread(target=work, args=(name,)).start()
"""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    """Open a database that checkpoints often; it is closed after the test."""
    opened = SqliteDatabase(tmp_path / "ringback.db", wal_limit=200_000, checkpoint_interval=0.005)
    yield opened
    opened.close()


def _put(database: SqliteDatabase, key: str, value: str = "") -> None:
    sql = "INSERT INTO instance VALUES (?, ?)"
    database.write(lambda c: c.execute(sql, (key, value)).rowcount)


def _count(connection: Connection) -> int:
    row = connection.execute("SELECT COUNT(*) FROM instance").fetchone()
    assert row is not None
    return int(row[0])


def test_read_when_something_is_written_meanwhile(database: SqliteDatabase) -> None:
    """A read sees one snapshot throughout, and waits for no writer."""

    def read(connection: Connection) -> tuple[int, int]:
        before = _count(connection)
        _put(database, "a")
        return before, _count(connection)

    assert (0, 0) == database.read(read)
    assert 1 == database.read(_count)


def test_read_when_a_write_is_under_way(database: SqliteDatabase) -> None:
    """Reads go on while the writer is busy, and see nothing of what is not committed."""
    wrote, go_on = threading.Event(), threading.Event()

    def write(connection: Connection) -> None:
        connection.execute("INSERT INTO instance VALUES ('a', '')")
        wrote.set()
        assert go_on.wait(PATIENCE)

    with ThreadPoolExecutor() as pool:
        writing = pool.submit(database.write, write)
        assert wrote.wait(PATIENCE)
        assert 0 == database.read(_count)
        go_on.set()
        writing.result(PATIENCE)

    assert 1 == database.read(_count)


def test_read_when_it_tries_to_write(database: SqliteDatabase) -> None:
    """A read cannot change anything."""
    with pytest.raises(Exception, match=r"fails at present"):
        database.read(lambda c: c.execute("DELETE FROM instance").rowcount)


def test_read_when_it_fails(database: SqliteDatabase) -> None:
    """A failed read gives its connection back in order."""
    with pytest.raises(ZeroDivisionError):
        database.read(lambda c: _count(c) / 0)

    assert 0 == database.read(_count)
    assert "0 lent, 1 idle" in repr(database)


def test_read_when_many_threads_read(database: SqliteDatabase) -> None:
    """Threads that read at the same time have connections of their own, used again later."""
    barrier = threading.Barrier(4)

    def read(connection: Connection) -> int:
        barrier.wait(PATIENCE)
        return _count(connection)

    with ThreadPoolExecutor(max_workers=4) as pool:
        for _ in range(2):
            futures = [pool.submit(database.read, read) for _ in range(4)]
            assert [0] * 4 == [future.result(PATIENCE) for future in futures]

    assert "0 lent, 4 idle" in repr(database)


def test_checkpoint_when_something_was_written(database: SqliteDatabase, tmp_path: Path) -> None:
    """What was written reaches the database file while the server runs."""
    _put(database, "a", "needle in the file")

    until(lambda: b"needle in the file" in (tmp_path / "ringback.db").read_bytes())


def test_checkpoint_when_the_wal_outgrows_its_bound(
    database: SqliteDatabase, tmp_path: Path
) -> None:
    """Beyond its bound the WAL begins anew between two batches, and what exceeds it goes."""
    wal = tmp_path / "ringback.db-wal"
    number = 0
    while " 0 resets" in repr(database):
        number += 1
        assert number < 5_000
        _put(database, str(number), "x" * 1_000)

    _put(database, "last", "")
    assert wal.stat().st_size <= 200_000
    assert number + 1 == database.read(_count)


def test_open_when_the_process_was_killed(tmp_path: Path) -> None:
    """What was acknowledged before a kill -9 is there afterwards."""
    with subprocess.Popen(
        [sys.executable, "-c", _WRITE_FOR_EVER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        acknowledged = [process.stdout.readline().strip() for _ in range(300)]
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read()
    # The last line may have been cut off.
    acknowledged += rest.split("\n")[:-1]

    database = SqliteDatabase(tmp_path / "ringback.db")
    rows = database.read(lambda c: c.execute("SELECT key FROM instance").fetchall())
    database.close()
    assert set(acknowledged) <= {key for (key,) in rows}
    assert len(acknowledged) >= 300
