"""The seam to a database: transactions given as functions of a connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

#: a row's columns in the order of the SELECT
Row = tuple[Any, ...]
Parameters = Sequence[object] | Mapping[str, object]


class Cursor(Protocol):
    """What a statement gave; whoever reads rows reads all of them."""

    @property
    def rowcount(self) -> int:
        """How many rows an INSERT, UPDATE or DELETE changed."""
        ...

    @property
    def lastrowid(self) -> int | None:
        """The integer key of the row just inserted."""
        ...

    def fetchone(self) -> Row | None:
        """Return the next row, None after the last."""
        ...

    def fetchall(self) -> list[Row]:
        """Return the remaining rows."""
        ...

    def fetchmany(self, size: int, /) -> list[Row]:
        """Return the next rows, at most `size`; fewer only at the end."""
        ...


class Connection(Protocol):
    """A connection within a transaction; `sqlite3.Connection` is one."""

    def execute(self, sql: str, parameters: Parameters = (), /) -> Cursor:
        """Run one statement."""
        ...


class Database(Protocol):
    """Runs operations, each as one transaction."""

    def read(self, operation: Callable[[Connection], T]) -> T:
        """Run an operation that only reads, on one snapshot; it never waits for writers."""
        ...

    def write(self, operation: Callable[[Connection], T]) -> T:
        """Run an operation and return what it returned, once that is on disk.

        What it raises undoes what it wrote and is raised here. An operation may run twice, so it
        changes nothing but the database. Raise OverloadedError when too many are queued or the
        storage fails, StorageFullError when the disk is full, ShuttingDownError after `close`.
        """
        ...

    def flush(self) -> None:
        """Bring what was written before into the main file, and leave none of it in a log.

        Readers are not waited for long: what they keep in the log stays there until later.
        """
        ...

    def close(self) -> None:
        """Finish what is queued and let go of the database; may be called twice."""
        ...
