"""Telling those who look at executions that these have changed, once that is stored."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from enum import Enum

from ringback_server.clock import Clock


class Notice(Enum):
    """What somebody who looks at an execution is told."""

    CHANGED = "changed"  #: something of it was stored
    ENDED = "ended"  #: its end was stored, or it was deleted
    LEAVING = "leaving"  #: the server is about to stop: look elsewhere
    CLOSED = "closed"  #: nothing will be told any more


#: hears of an execution, on the thread that changed it, so it must be quick and must not block
Told = Callable[[Notice], None]


class Changes:
    """Who looks at which execution; `announce` tells them after each commit.

    It says that something changed, not what: whoever is told reads the store, when it likes. So
    nothing is kept here for those who are slow.
    """

    def __init__(self, clock: Clock) -> None:
        """Start with nobody looking."""
        self._clock = clock
        # Guards the fields below; nothing else is locked, and nobody told, while it is held.
        self._lock = threading.Lock()
        self._watchers: defaultdict[int, dict[object, Told]] = defaultdict(dict)
        self._last: Notice | None = None

    def __repr__(self) -> str:
        """Show how many executions are watched."""
        with self._lock:
            return f"<Changes [{len(self._watchers)} watched]>"

    @property
    def watchers(self) -> int:
        """How many look at executions."""
        with self._lock:
            return sum(map(len, self._watchers.values()))

    def announce(self, key: int, notice: Notice = Notice.CHANGED) -> None:
        """Tell those who look at this execution; what is told is in the store."""
        with self._lock:
            told = [*self._watchers[key].values()] if key in self._watchers else []
        for tell in told:
            tell(notice)

    @contextmanager
    def watched(self, key: int, told: Told) -> Generator[None]:
        """Have `told` called with each notice about an execution, within the `with` block.

        Whoever reads the store within the block, and again when it is told, misses nothing.
        """
        unwatch = self.watch(key, told)
        try:
            yield
        finally:
            unwatch()

    def watch(self, key: int, told: Told) -> Callable[[], None]:
        """Have `told` called with each notice about an execution; return what ends that."""
        token = object()
        with self._lock:
            self._watchers[key][token] = told
            last = self._last
        if last is not None:
            told(last)

        def unwatch() -> None:
            with self._lock:
                watchers = self._watchers.get(key, {})
                watchers.pop(token, None)
                if not watchers:
                    self._watchers.pop(key, None)

        return unwatch

    def wait(self, key: int, seconds: float, has_ended: Callable[[], bool]) -> None:
        """Block until the execution ends or `seconds` pass, or nothing will be told any more.

        `has_ended` reads the store once the wait is registered, so that no end is missed.
        """
        until = self._clock.monotonic() + seconds
        waiter = _Waiter(self._clock)
        with self.watched(key, waiter.tell):
            if not has_ended():
                waiter.wait(until)

    def leave(self) -> None:
        """Tell everybody, and whoever comes later, that the server is about to stop."""
        self._tell_all(Notice.LEAVING)

    def close(self) -> None:
        """Let every waiter go."""
        self._tell_all(Notice.CLOSED)

    def _tell_all(self, notice: Notice) -> None:
        with self._lock:
            self._last = notice
            told = [tell for each in self._watchers.values() for tell in each.values()]
        for tell in told:
            tell(notice)


class _Waiter:
    """Blocks a thread until an execution has ended."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # Guards the field below; nothing else is locked while it is held.
        self._changed = threading.Condition()
        self._over = False

    def tell(self, notice: Notice) -> None:
        """Hear of the execution."""
        if notice in {Notice.ENDED, Notice.CLOSED}:
            with self._changed:
                self._over = True
                self._changed.notify_all()

    def wait(self, until: float) -> None:
        """Block until the end, at most until a monotonic time."""
        with self._changed:
            while not self._over and (left := until - self._clock.monotonic()) > 0:
                self._clock.wait(self._changed, left)
