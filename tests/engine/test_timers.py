"""Timers: deadlines at rest wake on time, and nothing left over is forgotten."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

from ringback_server.engine.timers import Timers
from ringback_server.errors import StorageFullError
from tests.clocks import PATIENCE, FakeClock
from tests.waiting import until


class Stored:
    """Deadlines as the store would give them, and a record of what was queued."""

    def __init__(self) -> None:
        """Start with nothing stored."""
        self.wakes: list[tuple[float, int]] = []
        self.left_over: list[int] = []
        self.broken = False
        #: how many the queue takes, of all but these
        self.room = 1_000_000
        self.others: set[int] = set()
        self.queued: list[int] = []
        #: called with each part that is queued
        self.took: Callable[[], None] = lambda: None
        self._changed = threading.Condition()

    def due(
        self, now: float, *, after: tuple[float, int] | None, limit: int
    ) -> list[tuple[float, int]]:
        """Return what is due."""
        if self.broken:
            self.broken = False
            raise StorageFullError
        rows = [row for row in sorted(self.wakes) if row[0] <= now and (not after or row > after)]
        return rows[:limit]

    def next_wake(self, after: float) -> float | None:
        """Return the next deadline."""
        return min((wake for wake, _ in self.wakes if wake > after), default=None)

    def runnable(self, *, after: int, limit: int) -> list[int]:
        """Return what was left over."""
        return [key for key in self.left_over if key > after][:limit]

    def take_up(self, keys: Sequence[int]) -> bool:
        """Record keys that there is room for; their deadlines are over."""
        self.took()
        with self._changed:
            wanted = [key for key in keys if key not in self.queued]
            room = self.room - sum(key not in self.others for key in self.queued)
            own = [key for key in wanted if key not in self.others][: max(0, room)]
            taken = [key for key in wanted if key in self.others or key in own]
            self.wakes = [row for row in self.wakes if row[1] not in taken]
            self.queued += taken
            self._changed.notify_all()
            return taken == wanted

    def await_queued(self, keys: list[int]) -> bool:
        """Return whether exactly these keys were queued, in this order, before long."""
        with self._changed:
            return self._changed.wait_for(lambda: self.queued == keys, PATIENCE)


@contextmanager
def running(stored: Stored, clock: FakeClock) -> Generator[Timers]:
    """Run timers over what is stored."""
    timers = Timers(stored, stored, clock)
    timers.start()
    try:
        yield timers
    finally:
        timers.close()


def test_start_when_executions_were_left_runnable() -> None:
    """What a crash left runnable is taken up first."""
    clock, stored = FakeClock(), Stored()
    stored.left_over = list(range(1, 1_201))
    with running(stored, clock):
        assert stored.await_queued(list(range(1, 1_201)))


def test_start_when_a_deadline_passed_meanwhile() -> None:
    """A deadline that passed while no server ran is met at once."""
    clock, stored = FakeClock(), Stored()
    stored.wakes = [(clock.now() - 10, 4)]
    with running(stored, clock):
        assert stored.await_queued([4])


def test_sleep_when_a_deadline_lies_ahead() -> None:
    """An execution is queued when its deadline comes, earliest first, and not before."""
    clock, stored = FakeClock(), Stored()
    stored.wakes = [(clock.now() + 20, 2), (clock.now() + 10, 1)]
    with running(stored, clock):
        clock.await_waiters()
        clock.advance(9)
        clock.await_waiters()
        assert stored.queued == []
        clock.advance(1)
        assert stored.await_queued([1])
        clock.await_waiters()
        clock.advance(10)
        assert stored.await_queued([1, 2])


def test_expect_when_a_nearer_deadline_is_announced() -> None:
    """A newly parked execution with a nearer deadline shortens the sleep."""
    clock, stored = FakeClock(), Stored()
    with running(stored, clock) as timers:
        clock.await_waiters()
        stored.wakes = [(clock.now() + 5, 8)]
        timers.expect(clock.now() + 5)
        clock.await_waiters()
        clock.advance(5)
        assert stored.await_queued([8])


def test_sleep_when_nothing_was_announced() -> None:
    """Every minute everything due is looked for, whatever was announced."""
    clock, stored = FakeClock(), Stored()
    with running(stored, clock):
        clock.await_waiters()
        stored.wakes = [(clock.now() + 1, 3)]
        clock.advance(61)
        assert stored.await_queued([3])


def test_sweep_when_the_store_fails_once() -> None:
    """A store that cannot be read for a moment delays deadlines and loses none."""
    clock, stored = FakeClock(), Stored()
    with running(stored, clock) as timers:
        clock.await_waiters()
        stored.broken, stored.wakes = True, [(clock.now() + 1, 6)]
        clock.advance(61)
        again = clock.now() + 1
        clock.await_that(lambda: f"next {again}" in repr(timers))
        clock.advance(1)
        assert stored.await_queued([6])


def test_sweep_when_more_is_due_than_the_queue_takes() -> None:
    """What is due at one instant stays in the store until the queue has room; all get there."""
    clock, stored = FakeClock(), Stored()
    stored.left_over, stored.room = list(range(1, 1_201)), 1_000
    stored.wakes = [(clock.now() - 10, key) for key in range(2_000, 3_700)]
    everything = [*stored.left_over, *(key for _, key in stored.wakes)]
    with running(stored, clock) as timers:
        for count in (1_000, 2_000):
            assert stored.await_queued(everything[:count])
            until(lambda: f"next {clock.now() + 1}]" in repr(timers))
            stored.room = count + 1_000
            clock.advance(1)
        assert stored.await_queued(everything)


def test_sweep_when_one_workflow_has_more_due_than_the_queue_takes() -> None:
    """What is due of others is taken up, however much of one workflow is left in the store."""
    clock, stored = FakeClock(), Stored()
    stored.room, stored.others = 700, {5_000, 6_000}
    herd = range(1, 1_301)
    stored.wakes = [(clock.now() - 10, key) for key in herd]
    stored.wakes += [(clock.now() - 5, 5_000), (clock.now() + 0.5, 6_000)]
    with running(stored, clock) as timers:
        assert stored.await_queued([*herd[:700], 5_000])
        until(lambda: f"next {clock.now() + 0.5}]" in repr(timers))
        clock.advance(0.5)
        assert stored.await_queued([*herd[:700], 5_000, 6_000])
        until(lambda: f"next {clock.now() + 1}]" in repr(timers))
        stored.room = len(herd)
        clock.advance(1)
        assert stored.await_queued([*herd[:700], 5_000, 6_000, *herd[700:]])


def test_sweep_when_queueing_takes_long() -> None:
    """Between two parts of what is due the thread rests as long as the first took to queue."""
    clock, stored = FakeClock(), Stored()
    stored.wakes = [(clock.now() - 10, key) for key in range(1, 151)]
    stored.took = lambda: clock.advance(2)
    with running(stored, clock):
        assert stored.await_queued(list(range(1, 101)))
        clock.await_waiters()
        clock.advance(1)
        clock.await_waiters()
        assert stored.queued == list(range(1, 101))
        clock.advance(1)
        assert stored.await_queued(list(range(1, 151)))


def test_close_when_never_started() -> None:
    """Closing timers that were not started, or twice, is fine."""
    stored = Stored()
    timers = Timers(stored, stored, FakeClock())
    timers.close()
    timers.close()
