"""What stands between a store and its database: operations pass through, and a test looks on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ringback_server.store.database import Connection, Database

T = TypeVar("T")


class Passing:
    """A Database that passes everything on to another; `passed` says what happens around it."""

    def __init__(self, database: Database) -> None:
        """Take the one that does the work."""
        self._database = database

    def read(self, operation: Callable[[Connection], T]) -> T:
        """Read, as `passed` has it."""
        return self.passed(self._database.read, operation)

    def write(self, operation: Callable[[Connection], T]) -> T:
        """Write, as `passed` has it."""
        return self.passed(self._database.write, operation)

    def flush(self) -> None:
        """Flush the database."""
        self._database.flush()

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def passed(
        self,
        run: Callable[[Callable[[Connection], T]], T],
        operation: Callable[[Connection], T],
    ) -> T:
        """Run an operation."""
        return run(operation)
