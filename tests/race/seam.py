"""A seam between the store and its database, where a test makes things happen in between."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from ringback_server.store.database import Connection, Database
from tests.race.passing import Passing

T = TypeVar("T")
Action = Callable[[], object]


class Seam(Passing):
    """A Database that runs an action right before or after a chosen operation, once each.

    An operation is chosen by the method it belongs to, such as "Executions.commit".
    """

    def __init__(self, database: Database) -> None:
        """Pass everything on."""
        super().__init__(database)
        # Guards the two fields below; no action runs while it is held.
        self._lock = threading.Lock()
        self._before: list[tuple[str, Action]] = []
        self._after: list[tuple[str, Action]] = []

    def before(self, method: str, action: Action) -> None:
        """Have an action run on the thread that comes to an operation next; it may raise."""
        with self._lock:
            self._before.append((method, action))

    def after(self, method: str, action: Action) -> None:
        """Have an action run on the thread whose operation was done next, before it knows."""
        with self._lock:
            self._after.append((method, action))

    @property
    def pending(self) -> bool:
        """Whether an action has not run yet."""
        with self._lock:
            return bool(self._before or self._after)

    def passed(
        self,
        run: Callable[[Callable[[Connection], T]], T],
        operation: Callable[[Connection], T],
    ) -> T:
        """Run an operation, and what was planned around it."""
        method = operation.__qualname__.partition(".<locals>")[0]
        self._act(self._before, method)
        done = run(operation)
        self._act(self._after, method)
        return done

    def _act(self, planned: list[tuple[str, Action]], method: str) -> None:
        with self._lock:
            found = next((plan for plan in planned if plan[0] == method), None)
            if found is None:
                return
            planned.remove(found)
        found[1]()
