"""A process that dies between two operations of its store, chosen by number."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from ringback_server.errors import ShuttingDownError
from ringback_server.store.database import Connection, Database
from tests.race.passing import Passing

T = TypeVar("T")


class Mortal(Passing):
    """A Database that refuses everything from a moment on: as if nobody were there to ask.

    The moment is right after the `number`-th operation since `begin`, counted from 1, and before
    anybody knows of it; 0 is right at the beginning.
    """

    def __init__(self, database: Database, number: int) -> None:
        """Pass everything on until then."""
        super().__init__(database)
        self._number = number
        # Guards the two fields below; no operation runs while it is held.
        self._lock = threading.Lock()
        self._begun = False
        self._done = 0

    def begin(self) -> None:
        """Count from here."""
        with self._lock:
            self._begun = True

    @property
    def dead(self) -> bool:
        """Whether the moment has come."""
        with self._lock:
            return self._begun and self._done >= self._number

    def passed(
        self,
        run: Callable[[Callable[[Connection], T]], T],
        operation: Callable[[Connection], T],
    ) -> T:
        """Run an operation, unless dead."""
        if self.dead:
            raise ShuttingDownError
        done = run(operation)
        with self._lock:
            self._done += self._begun
        if self.dead:
            raise ShuttingDownError
        return done
