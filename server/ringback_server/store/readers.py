"""Connections that only read: as many as threads read at the same time."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from typing import TypeVar

from ringback_server.errors import ShuttingDownError
from ringback_server.store.database import Connection
from ringback_server.store.faults import is_storage_fault, storage_error

T = TypeVar("T")


class Readers:
    """Lends each reading thread a connection of its own for the time of one operation."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        """Take a function that opens a read-only connection, usable by any thread in turn."""
        self._connect = connect
        # Guards the three fields below; no SQL runs while it is held.
        self._lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._lent = 0
        self._closed = False

    def __repr__(self) -> str:
        with self._lock:
            state = "closed" if self._closed else "open"
            return f"<Readers [{state} | {self._lent} lent, {len(self._idle)} idle]>"

    def read(self, operation: Callable[[Connection], T]) -> T:
        """Run an operation on one snapshot; see Database.read."""
        connection = self._lend()
        try:
            connection.execute("BEGIN")
            return operation(connection)
        except sqlite3.Error as error:
            if is_storage_fault(error):
                raise storage_error(error) from error
            raise
        finally:
            self._take_back(connection)

    def close(self) -> None:
        """Close the idle connections; one that is lent is closed when it comes back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _lend(self) -> sqlite3.Connection:
        with self._lock:
            if self._closed:
                raise ShuttingDownError
            self._lent += 1
            if self._idle:
                return self._idle.pop()
        try:
            return self._connect()
        except sqlite3.Error as error:
            with self._lock:
                self._lent -= 1
            raise storage_error(error) from error

    def _take_back(self, connection: sqlite3.Connection) -> None:
        # Ends the snapshot: an open one would keep the WAL from being reset.
        connection.rollback()
        with self._lock:
            self._lent -= 1
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()
