"""What all parts of the credentials have: their rows, remembered until one of them is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar, cast

from ringback_server.errors import AlreadyExistsError
from ringback_server.store.database import Connection, Database, Parameters, Row
from ringback_server.store.remembered import Remembered

Made = TypeVar("Made")
Written = TypeVar("Written")

#: how many rows are remembered; more than the accounts and tokens that are in use
_REMEMBERED = 4_096

Rows = list[Row]


class CredentialRows:
    """Reads and writes rows that authentication and authorization need.

    Those that every request needs are remembered until something is written through this object,
    so that what is written counts from the next request on.
    """

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database
        self._known = Remembered[tuple[str, ...], Sequence[object]](_REMEMBERED)

    def forget(self) -> None:
        """Read again what is remembered: others have written to its tables."""
        self._known.forget()

    def _row(self, sql: str, parameters: Parameters) -> Row | None:
        return self._database.read(lambda c: c.execute(sql, parameters).fetchone())

    def _rows(self, sql: str, parameters: Parameters = ()) -> Rows:
        return self._database.read(lambda c: c.execute(sql, parameters).fetchall())

    def _remembered(self, make: Callable[[Row], Made], sql: str, *parameters: str) -> list[Made]:
        """Return what is made of the rows that SQL finds, by the one function that goes with it."""
        found = self._known.get(
            (sql, *parameters), lambda: [make(row) for row in self._rows(sql, parameters)]
        )
        return cast("list[Made]", found)

    def _write(self, sql: str, parameters: Parameters) -> int:
        return self._change(lambda c: c.execute(sql, parameters).rowcount)

    def _add(self, sql: str, parameters: Parameters, complaint: str) -> None:
        def add(connection: Connection) -> None:
            if connection.execute(sql, parameters).rowcount == 0:
                raise AlreadyExistsError(complaint)

        self._change(add)

    def _change(self, operation: Callable[[Connection], Written]) -> Written:
        try:
            return self._database.write(operation)
        finally:
            self._known.forget()
