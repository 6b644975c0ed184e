"""Room for calls that wait: how many at once, in all and for one principal."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from ringback_server.errors import QuotaExceededError


class WaitingRoom:
    """Counts the calls that wait; does not block itself."""

    def __init__(self, *, seats: int, seats_each: int) -> None:
        self._seats = seats
        self._seats_each = seats_each
        # Guards the counter; nothing else is locked while it is held.
        self._lock = threading.Lock()
        self._taken: Counter[str] = Counter()

    def __repr__(self) -> str:
        with self._lock:
            return f"<WaitingRoom [{self._taken.total()} of {self._seats} taken]>"

    @contextmanager
    def seat(self, email: str) -> Generator[None]:
        """Hold a seat for a principal; raise QuotaExceededError if there is none."""
        self._take(email)
        try:
            yield
        finally:
            self._leave(email)

    def _take(self, email: str) -> None:
        with self._lock:
            full = self._taken.total() >= self._seats or self._taken[email] >= self._seats_each
            if not full:
                self._taken[email] += 1
        if full:
            raise QuotaExceededError(
                "Too many calls are waiting; poll instead.", reason="TOO_MANY_WAITING_CALLS"
            )

    def _leave(self, email: str) -> None:
        with self._lock:
            self._taken[email] -= 1
            if not self._taken[email]:
                del self._taken[email]
