"""Wakes executions at rest when their deadline comes, and takes up what a crash left over."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from ringback_server.background import BackgroundThread
from ringback_server.clock import Clock
from ringback_server.errors import RingbackError

_log = logging.getLogger(__name__)

_BATCH = 100
#: a sweep over everything due is made at least this often, whatever was announced
_SWEEP_SECONDS = 60.0
_RETRY_SECONDS = 1.0
#: how long what the run queue did not take is left, at least; it does not run empty meanwhile
_LEFT_SECONDS = 1.0
#: how many times as long as a look took, so that looks at very many do not fill the time
_REST = 4.0


class Deadlines(Protocol):
    """Where deadlines and unfinished executions are found."""

    def due(
        self, now: float, *, after: tuple[float, int] | None, limit: int
    ) -> list[tuple[float, int]]:
        """Return (wake, key) of executions whose wake is not after `now`, ascending."""
        ...

    def next_wake(self, after: float) -> float | None:
        """Return the earliest wake later than `after`, in Unix seconds."""
        ...

    def runnable(self, *, after: int, limit: int) -> list[int]:
        """Return keys of executions that a thread should have at once, ascending."""
        ...


class Queue(Protocol):
    """Where what is due goes."""

    def take_up(self, keys: Sequence[int]) -> bool:
        """Queue executions that are not in hand; False if some are better left for a while."""
        ...


class Timers:
    """One thread that sleeps until the earliest stored deadline."""

    def __init__(
        self,
        deadlines: Deadlines,
        queue: Queue,
        clock: Clock,
        *,
        chore: Callable[[], None] = lambda: None,
    ) -> None:
        """Take the store's deadlines, the run queue, and what else is to be done at each look."""
        self._deadlines = deadlines
        self._queue = queue
        self._clock = clock
        self._chore = chore
        # Guards the field below; nothing is read from the store or queued while it is held.
        self._changed = threading.Condition()
        self._next = -math.inf
        # The thread's own: whether what a crash left has all been taken up.
        self._recovered = False
        self._thread = BackgroundThread(self._run, "ringback-timers", clock, changed=self._changed)

    def __repr__(self) -> str:
        """Show the time up to which the thread sleeps."""
        with self._changed:
            return f"<Timers [next {self._next}]>"

    def start(self) -> None:
        """Start the thread; it first takes up what was left runnable."""
        self._thread.start()

    def expect(self, wake: float) -> None:
        """Announce the deadline (Unix seconds) of an execution that was put to rest."""
        with self._changed:
            if wake < self._next:
                self._next = wake
                self._changed.notify_all()

    def close(self) -> None:
        """End the thread; may be called before `start` and twice."""
        self._thread.close()

    def _run(self) -> None:
        while self._sleep():
            begun = self._clock.monotonic()
            try:
                recovered, swept = self._recover(), self._sweep()
            except RingbackError as error:
                _log.warning("deadlines could not be read: %s", error)
                self.expect(self._clock.now() + _RETRY_SECONDS)
                continue
            if not (recovered and swept):
                took = self._clock.monotonic() - begun
                self.expect(self._clock.now() + max(_LEFT_SECONDS, _REST * took))

    def _recover(self) -> bool:
        """Queue what was left over; tell whether all of it has been."""
        taken, after = True, 0
        while not self._recovered and (keys := self._deadlines.runnable(after=after, limit=_BATCH)):
            taken = self._take_up(keys) and taken
            after = keys[-1]
        self._recovered = taken
        return taken

    def _sleep(self) -> bool:
        """Sleep until the next deadline; False when closed."""
        with self._changed:
            began = self._clock.monotonic()
            while not self._thread.closed:
                left = min(
                    self._next - self._clock.now(),
                    began + _SWEEP_SECONDS - self._clock.monotonic(),
                )
                if left <= 0:
                    self._next = math.inf
                    return True
                self._clock.wait(self._changed, left)
            return False

    def _sweep(self) -> bool:
        """Queue everything due, and note the earliest deadline that is not; tell as `_recover`."""
        self._chore()
        taken, now, after = True, self._clock.now(), None
        while due := self._deadlines.due(now, after=after, limit=_BATCH):
            taken = self._take_up([key for _, key in due]) and taken
            after = due[-1]
        following = self._deadlines.next_wake(now)
        if following is not None:
            self.expect(following)
        return taken

    def _take_up(self, keys: Sequence[int]) -> bool:
        """Queue executions, and rest for as long as that took; tell whether all are queued.

        Requests get a word in meanwhile, and threads begin with what is queued.
        """
        begun = self._clock.monotonic()
        taken = self._queue.take_up(keys)
        self._thread.rest(self._clock.monotonic() - begun)
        return taken
