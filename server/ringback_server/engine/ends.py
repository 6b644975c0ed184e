"""Waiting for executions to end."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from ringback_server.clock import Clock


class Ends:
    """Tells whoever waits for an execution's end that it has come."""

    def __init__(self, clock: Clock) -> None:
        """Start with nobody waiting."""
        self._clock = clock
        # Guards the fields below; nothing else is locked while it is held.
        self._changed = threading.Condition()
        self._watched: Counter[int] = Counter()
        self._ended: set[int] = set()
        self._closed = False

    def __repr__(self) -> str:
        """Show how many executions are watched."""
        with self._changed:
            return f"<Ends [{len(self._watched)} watched]>"

    def announce(self, key: int) -> None:
        """Wake those who wait for this execution; its end is in the store."""
        with self._changed:
            if key in self._watched:
                self._ended.add(key)
                self._changed.notify_all()

    def wait(self, key: int, seconds: float, has_ended: Callable[[], bool]) -> None:
        """Block until the execution ends or `seconds` pass.

        `has_ended` reads the store once the wait is registered, so that no end is missed.
        """
        until = self._clock.monotonic() + seconds
        with self._changed:
            self._watched[key] += 1
        try:
            if has_ended():
                return
            with self._changed:
                while key not in self._ended and not self._closed:
                    left = until - self._clock.monotonic()
                    if left <= 0:
                        return
                    self._clock.wait(self._changed, left)
        finally:
            self._leave(key)

    def close(self) -> None:
        """Let every waiter go."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _leave(self, key: int) -> None:
        with self._changed:
            self._watched[key] -= 1
            if not self._watched[key]:
                del self._watched[key]
                self._ended.discard(key)
