"""How often something may fail: guesses get slower than whoever makes them has time for."""

from __future__ import annotations

from ringback_server.auth.recent import Recent
from ringback_server.clock import Clock

_KEYS = 4096


class Throttle:
    """Counts by key, such as an address, in windows of some seconds.

    A race between two threads costs at most a count. What is asked for rarely is forgotten, so
    this bounds what one caller can do; it is no account of what all did.
    """

    def __init__(self, clock: Clock, *, limit: int, seconds: float) -> None:
        """Let `limit` through in each window of `seconds`."""
        self._clock = clock
        self._limit = limit
        self._seconds = seconds
        self._counts: Recent[str, tuple[float, int]] = Recent(_KEYS)

    def wait(self, key: str) -> float:
        """Return after how many seconds the key may be used again, 0 if it may now."""
        begun, count = self._window(key)
        return begun + self._seconds - self._clock.monotonic() if count >= self._limit else 0.0

    def count(self, key: str) -> None:
        """Count one."""
        begun, count = self._window(key)
        self._counts.put(key, (begun, count + 1))

    def _window(self, key: str) -> tuple[float, int]:
        """Return when the present window of a key began, and the count in it."""
        now = self._clock.monotonic()
        found = self._counts.get(key)
        return found if found and now < found[0] + self._seconds else (now, 0)
