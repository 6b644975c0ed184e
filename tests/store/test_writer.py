"""The writer thread: batches, failures within them, a full disk, a full queue."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from ringback_server.errors import (
    CorruptDataError,
    OverloadedError,
    ShuttingDownError,
    StorageFullError,
)
from ringback_server.store.database import Connection
from ringback_server.store.faults import storage_error
from ringback_server.store.sqlite import SqliteDatabase
from tests.clocks import PATIENCE
from tests.waiting import until

Operation = Callable[[Connection], int]


class _BadNewsError(Exception):
    """An operation's own error."""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    """Open a database; it is closed after the test."""
    opened = SqliteDatabase(tmp_path / "ringback.db", queue_limit=200)
    yield opened
    opened.close()


def _set(key: str, value: str = "") -> Operation:
    def operation(connection: Connection) -> int:
        return connection.execute("INSERT INTO instance VALUES (?, ?)", (key, value)).rowcount

    return operation


def _set_then_fail(key: str) -> Operation:
    def operation(connection: Connection) -> int:
        _set(key)(connection)
        raise _BadNewsError(key)

    return operation


def _fail(_: Connection) -> int:
    raise _BadNewsError


def _keys(database: SqliteDatabase) -> set[str]:
    rows = database.read(lambda c: c.execute("SELECT key FROM instance").fetchall())
    return {key for (key,) in rows}


@contextmanager
def _held(database: SqliteDatabase) -> Generator[ThreadPoolExecutor]:
    """Hold the writer inside a batch of its own, so that what comes meanwhile is one batch."""
    reached, go_on = threading.Event(), threading.Event()

    def hold(_: Connection) -> None:
        reached.set()
        assert go_on.wait(PATIENCE)

    with ThreadPoolExecutor(max_workers=300) as pool:
        holder = pool.submit(database.write, hold)
        assert reached.wait(PATIENCE)
        try:
            yield pool
        finally:
            go_on.set()
            holder.result(PATIENCE)


def _write_together(
    database: SqliteDatabase, operations: list[Operation]
) -> list[BaseException | None]:
    """Write operations in one batch, in order; return what each raised."""
    futures: list[Future[int]] = []
    with _held(database) as pool:
        for number, operation in enumerate(operations, start=1):
            futures.append(pool.submit(database.write, operation))
            _await_queued(database, number)
    return [future.exception(PATIENCE) for future in futures]


def _await_queued(database: SqliteDatabase, number: int) -> None:
    until(lambda: f"{number} queued" in repr(database))


def _batches(database: SqliteDatabase) -> int:
    before = repr(database).split(" batches")[0]
    return int(before.rsplit(" ", 1)[1])


def test_write_when_operations_come_together(database: SqliteDatabase) -> None:
    """What is queued while a commit is under way shares the next one."""
    before = _batches(database)
    raised = _write_together(database, [_set(str(n)) for n in range(100)])

    assert [None] * 100 == raised
    assert {str(n) for n in range(100)} == _keys(database)
    assert before + 2 == _batches(database)


@pytest.mark.parametrize("bad", [_fail, _set_then_fail("bad"), _set("7")])
def test_write_when_one_of_many_fails(database: SqliteDatabase, bad: Operation) -> None:
    """A bad operation, whether or not it wrote before, costs the others nothing."""
    operations = [_set(str(n)) for n in range(99)]
    before = _batches(database)
    raised = _write_together(database, [*operations[:50], bad, *operations[50:]])

    assert isinstance(raised.pop(50), _BadNewsError | sqlite3.IntegrityError)
    assert [None] * 99 == raised
    assert {str(n) for n in range(99)} == _keys(database)
    assert before + 2 == _batches(database)


def test_write_when_several_fail_after_writing(database: SqliteDatabase) -> None:
    """Each operation that fails undoes its own writes and nobody else's."""
    raised = _write_together(
        database, [_set_then_fail("a"), _set("b"), _set_then_fail("c"), _fail, _set("d")]
    )

    kinds = [type(error) for error in raised]
    assert [_BadNewsError, type(None), _BadNewsError, _BadNewsError, type(None)] == kinds
    assert {"b", "d"} == _keys(database)


def test_write_when_an_operation_depends_on_one_before(database: SqliteDatabase) -> None:
    """Operations of one batch see what those before them wrote, and not what was undone."""
    seen: list[int] = []

    def count(connection: Connection) -> int:
        row = connection.execute("SELECT COUNT(*) FROM instance").fetchone()
        seen.append(0 if row is None else row[0])
        return seen[-1]

    _write_together(database, [_set("a"), _set_then_fail("b"), count])

    assert 1 == seen[-1]


def test_write_when_it_returns_something(database: SqliteDatabase) -> None:
    """The submitter gets what its own operation returned."""
    assert 1 == database.write(_set("a"))


def test_write_when_the_queue_is_full(database: SqliteDatabase) -> None:
    """Beyond its limit the queue refuses at once, and takes again when there is room."""
    with _held(database) as pool:
        futures = [pool.submit(database.write, _set(str(n))) for n in range(200)]
        _await_queued(database, 200)
        with pytest.raises(OverloadedError):
            database.write(_set("one too many"))
    assert all(future.exception(PATIENCE) is None for future in futures)

    database.write(_set("later"))
    assert 201 == len(_keys(database))


def test_write_when_the_disk_is_full(database: SqliteDatabase) -> None:
    """Every member of a batch is told, nothing of it is stored, and space makes it good."""

    def limit_pages(count: int) -> None:
        def limit(connection: Connection) -> None:
            connection.execute(f"PRAGMA max_page_count = {count}").fetchall()

        database.write(limit)

    database.write(_set("before"))
    limit_pages(1)
    raised = _write_together(database, [_set("a"), _set("big", "x" * 1_000_000), _set("b")])

    assert [StorageFullError] * 3 == [type(error) for error in raised]
    assert {"before"} == _keys(database)
    limit_pages(1_000_000)
    database.write(_set("big", "x" * 1_000_000))
    assert {"before", "big"} == _keys(database)


def test_write_when_the_disk_fills_up_in_a_replay(database: SqliteDatabase) -> None:
    """A batch that is replayed and then finds the disk full is told as a whole too."""
    pages = database.read(lambda c: c.execute("PRAGMA page_count").fetchone())
    assert pages is not None
    database.write(lambda c: c.execute(f"PRAGMA max_page_count = {pages[0] + 2}").fetchall())
    big = _set("big", "x" * 1_000_000)
    raised = _write_together(database, [_set("a"), _set_then_fail("b"), big])

    assert [StorageFullError] * 3 == [type(error) for error in raised]
    assert set() == _keys(database)


def test_write_when_it_was_closed(database: SqliteDatabase) -> None:
    """A closed database says that it is shutting down, to readers and writers."""
    database.close()
    database.close()

    with pytest.raises(ShuttingDownError):
        database.write(_set("a"))
    with pytest.raises(ShuttingDownError):
        database.read(lambda _: None)


def test_close_when_operations_are_queued(tmp_path: Path) -> None:
    """What was queued before the close is stored, and the WAL is gone afterwards."""
    path = tmp_path / "ringback.db"
    database = SqliteDatabase(path)
    with _held(database) as pool:
        futures = [pool.submit(database.write, _set(str(n))) for n in range(20)]
        _await_queued(database, 20)
        closing = pool.submit(database.close)
        until(lambda: "closing" in repr(database))
    closing.result(PATIENCE)

    assert [None] * 20 == [future.exception(PATIENCE) for future in futures]
    assert not path.with_name("ringback.db-wal").exists()
    reopened = SqliteDatabase(path)
    assert 20 == len(_keys(reopened))
    reopened.close()


def test_storage_error_when_it_is_damage() -> None:
    """Damage found by SQLite itself is told as damage, other faults as passing ones."""
    damage, passing = sqlite3.DatabaseError(), sqlite3.OperationalError()
    damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    passing.sqlite_errorcode = sqlite3.SQLITE_IOERR | 4 << 8

    assert CorruptDataError is type(storage_error(damage))
    assert OverloadedError is type(storage_error(passing))
