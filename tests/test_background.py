"""Threads in the background rest, and end when they are told to."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from ringback_server.background import BackgroundThread
from tests.clocks import PATIENCE, FakeClock


class Rounds:
    """Counts what its thread does between two rests of ten seconds."""

    def __init__(self, clock: FakeClock) -> None:
        self.count = 0
        self.thread = BackgroundThread(self._run, "ringback-rounds", clock)

    def _run(self) -> None:
        while self.thread.rest(10):
            self.count += 1


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that stands still."""
    return FakeClock()


@pytest.fixture
def rounds(clock: FakeClock) -> Iterator[Rounds]:
    """Yield what counts, and close it."""
    made = Rounds(clock)
    yield made
    made.thread.close()


def test_rest_when_time_passes(clock: FakeClock, rounds: Rounds) -> None:
    """The function goes on once it has rested for as long as it said, and not before."""
    rounds.thread.start()

    clock.await_waiters()
    clock.advance(9.5)
    clock.await_waiters()
    assert rounds.count == 0

    clock.advance(0.5)
    clock.await_that(lambda: rounds.count == 1)
    clock.await_waiters()
    clock.advance(10)
    clock.await_that(lambda: rounds.count == 2)


def test_close_while_it_rests(clock: FakeClock, rounds: Rounds) -> None:
    """What rests is woken, and has returned when close does."""
    rounds.thread.start()
    clock.await_waiters()

    rounds.thread.close()

    assert (True, 0) == (rounds.thread.closed, rounds.count)
    assert "ringback-rounds" not in [thread.name for thread in threading.enumerate()]


def test_close_when_closed_or_never_started(rounds: Rounds) -> None:
    """A thread that never started can be closed, as can one that is closed."""
    assert repr(rounds.thread) == "<BackgroundThread ringback-rounds [open]>"

    rounds.thread.close()
    rounds.thread.close()

    assert repr(rounds.thread) == "<BackgroundThread ringback-rounds [closed]>"


def test_close_when_the_function_waits_itself(clock: FakeClock) -> None:
    """A function that waits on a condition of its own hears there that it is to return."""
    changed, returned = threading.Condition(), threading.Event()

    def run() -> None:
        with changed:
            while not thread.closed:
                clock.wait(changed, None)
        returned.set()

    thread = BackgroundThread(run, "ringback-waits", clock, changed=changed)
    thread.start()
    clock.await_waiters()

    thread.close()

    assert returned.wait(PATIENCE)
