"""Time as the service sees it: the one seam through which it is read and waited for."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """Reads the time and waits on condition variables."""

    def now(self) -> float:
        """Return the wall clock in Unix seconds (UTC)."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go backwards, for measuring waits within this process."""
        ...

    def wait(self, condition: threading.Condition, seconds: float | None) -> None:
        """Release `condition`, sleep until notified or for `seconds`, and take it again.

        A caller holds the condition and re-checks its predicate and deadline in a loop.
        """
        ...

    def yield_thread(self) -> None:
        """Let other threads have the interpreter lock."""
        ...


class SystemClock:
    """The clock of the operating system."""

    def now(self) -> float:
        """Return the wall clock in Unix seconds (UTC)."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that never go backwards."""
        return time.monotonic()

    def wait(self, condition: threading.Condition, seconds: float | None) -> None:
        """Wait on `condition` for at most `seconds`."""
        bound = None if seconds is None else min(max(seconds, 0.0), threading.TIMEOUT_MAX)
        condition.wait(bound)

    def yield_thread(self) -> None:
        """Let other threads have the interpreter lock."""
        time.sleep(0)
