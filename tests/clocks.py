"""A clock that stands still until a test moves it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

#: real seconds after which a test that waits for something fails
PATIENCE = 5.0


class FakeClock:
    """Time moves only by `advance` and `set`; waiters are woken to look at it."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        """Start at a wall clock of `now`."""
        self._now = now
        self._monotonic = 1_000.0
        self._waiting: Counter[threading.Condition] = Counter()
        self._changes = 0
        # Guards the two fields above; nothing else is locked while it is held.
        self._changed = threading.Condition()

    def now(self) -> float:
        """Return the wall clock."""
        return self._now

    def monotonic(self) -> float:
        """Return the monotonic clock."""
        return self._monotonic

    def wait(self, condition: threading.Condition, seconds: float | None) -> None:
        """Wait until notified or until the time is moved."""
        del seconds
        self._count(condition, 1)
        try:
            condition.wait(PATIENCE)
        finally:
            self._count(condition, -1)

    def yield_thread(self) -> None:
        """Do nothing: there is no hurry."""

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass and wake every waiter."""
        self._now += seconds
        self._monotonic += seconds
        self._wake()

    def jump(self, seconds: float) -> None:
        """Set the wall clock by `seconds`, as an operator would; no time passes."""
        self._now += seconds
        self._wake()

    def await_waiters(self, count: int = 1) -> None:
        """Return once `count` threads wait on this clock."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._waiting.total() >= count, PATIENCE):
                raise TimeoutError(f"{self._waiting.total()} of {count} threads wait")

    def await_that(self, predicate: Callable[[], bool]) -> None:
        """Return once a predicate holds, looking whenever a thread begins or ends a wait.

        The predicate is called without any lock, since it may take those that waiters hold.
        """
        until = time.monotonic() + PATIENCE
        while True:
            with self._changed:
                seen = self._changes
            if predicate():
                return
            with self._changed:
                left = until - time.monotonic()
                while self._changes == seen:
                    if not self._changed.wait(left):
                        raise TimeoutError

    def _wake(self) -> None:
        with self._changed:
            conditions = [condition for condition, count in self._waiting.items() if count]
        for condition in conditions:
            with condition:
                condition.notify_all()

    def _count(self, condition: threading.Condition, change: int) -> None:
        with self._changed:
            self._waiting[condition] += change
            self._changes += 1
            self._changed.notify_all()
