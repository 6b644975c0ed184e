"""The embedded database: SQLite in WAL mode, every commit synced to disk."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeVar

from ringback_server.errors import StartError
from ringback_server.store.audit_packing import unpack, unpack_resource
from ringback_server.store.checkpoints import Checkpoints
from ringback_server.store.database import Connection
from ringback_server.store.observer import StoreObserver
from ringback_server.store.packing import step_names
from ringback_server.store.readers import Readers
from ringback_server.store.recovery import settle
from ringback_server.store.schema import migrate
from ringback_server.store.writer import Writer

_log = logging.getLogger(__name__)

T = TypeVar("T")

WAL_LIMIT = 64 * 1024 * 1024
QUEUE_LIMIT = 10_000

#: how long a statement waits for a lock of another process (a backup, a shell), in seconds
_BUSY_SECONDS = 5.0
#: how long the writer, paused for a checkpoint, waits for readers
_PAUSE_SECONDS = 0.1
_CACHED_STATEMENTS = 256
_WRITER_CACHE_KIB = 16 * 1024
_READER_CACHE_KIB = 512


class SqliteDatabase:
    """A Database in one file: a writer thread, a checkpoint thread, and readers."""

    def __init__(
        self,
        path: Path,
        *,
        wal_limit: int = WAL_LIMIT,
        queue_limit: int = QUEUE_LIMIT,
        checkpoint_interval: float = 1.0,
        synchronous: Literal["FULL", "OFF"] = "FULL",
        on_failure: Callable[[], None] = lambda: None,
        observer: StoreObserver | None = None,
    ) -> None:
        """Open or create the file, bring its schema up to date and start the threads.

        `wal_limit` is in bytes, `queue_limit` in operations, `checkpoint_interval` in seconds.
        With `synchronous` OFF nothing is synced: for measurements and for tests of the tests.
        `on_failure` is called once, on a thread of the database's, when nothing can be written
        until the file is opened again; `observer` hears of each commit.
        Raise StartError for a file that is not ours, of a newer schema, or cannot be used.
        """
        self._path = path
        self._connection = _open(path)
        self._connection.execute(f"PRAGMA synchronous = {synchronous}")
        self._connection.execute(f"PRAGMA journal_size_limit = {wal_limit}")
        self._checkpoint_connection = _connect(path, timeout=_PAUSE_SECONDS)
        self._readers = Readers(lambda: _connect_reader(path))
        self._writer = Writer(
            self._connection, queue_limit=queue_limit, on_failure=on_failure, observer=observer
        )
        self._checkpoints = Checkpoints(
            self._checkpoint_connection,
            self._writer,
            wal_limit=wal_limit,
            interval=checkpoint_interval,
        )
        # Guards _closed, and makes a second `close` wait for the first.
        self._closing = threading.Lock()
        self._closed = False

    def __repr__(self) -> str:
        return f"<SqliteDatabase {self._path} {self._writer} {self._readers} {self._checkpoints}>"

    def read(self, operation: Callable[[Connection], T]) -> T:
        """Run an operation that only reads; see Database.read."""
        return self._readers.read(operation)

    def write(self, operation: Callable[[Connection], T]) -> T:
        """Run an operation in the next commit; see Database.write."""
        return self._writer.write(operation)

    def flush(self) -> None:
        """Empty the WAL; see Database.flush."""
        if self._writer.pause(_empty_wal):
            _log.warning("the WAL is in use and was not emptied: a later checkpoint does that")

    def close(self) -> None:
        """Finish what is queued, empty the WAL and end the threads; may be called twice."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            self._checkpoints.close()
            self._writer.close()
            self._readers.close()
            self._checkpoint_connection.close()
            try:
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.Error as error:
                # The next start finds everything in the WAL.
                _log.warning("no checkpoint at the end: %s", error)
            self._connection.close()


def _open(path: Path) -> sqlite3.Connection:
    """Open the writer's connection to an up-to-date database."""
    connection = None
    try:
        # Made here and not by SQLite, so that it is private whatever the umask; the WAL follows.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        settle(path.with_name(f"{path.name}-wal"))
        connection = _connect(path, timeout=_BUSY_SECONDS)
        _use_wal(connection, path)
        migrate(connection, path)
    except (OSError, sqlite3.Error) as error:
        _close(connection)
        raise StartError(_complaint(path, error)) from error
    except StartError:
        _close(connection)
        raise
    return connection


def _empty_wal(connection: Connection) -> bool:
    """Move the WAL into the database and truncate it; True if it was in use too long."""
    connection.execute(f"PRAGMA busy_timeout = {_PAUSE_SECONDS * 1000:.0f}")
    try:
        row = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000:.0f}")
    return row is None or bool(row[0])


def _use_wal(connection: sqlite3.Connection, path: Path) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise StartError(f"{path} cannot be used: its file system does not allow a WAL")


def _close(connection: sqlite3.Connection | None) -> None:
    if connection is not None:
        with suppress(sqlite3.Error):
            connection.close()


def _connect(path: Path, *, timeout: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path,
        timeout=timeout,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=_CACHED_STATEMENTS,
    )
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute(f"PRAGMA cache_size = -{_WRITER_CACHE_KIB}")
    return connection


def _connect_reader(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=_CACHED_STATEMENTS,
    )
    connection.create_function("step_names", 1, step_names, deterministic=True)
    connection.create_function("unpacked", 1, unpack, deterministic=True)
    connection.create_function("unpacked_resource", 3, unpack_resource, deterministic=True)
    connection.execute("PRAGMA query_only = ON")
    connection.execute(f"PRAGMA cache_size = -{_READER_CACHE_KIB}")
    return connection


def _complaint(path: Path, error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{path} cannot be opened ({error.strerror}): check its owner and permissions"
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
        return f"{path} is not a database: move it away, or choose another --data-dir"
    return f"{path} cannot be used ({error}): check its owner, permissions and disk space"
