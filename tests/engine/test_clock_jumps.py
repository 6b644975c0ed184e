"""The wall clock is set while executions wait (SPEC 10.22)."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringback_server.model.resources import Outcome
from ringback_server.store.records import Delivery
from tests.clocks import FakeClock
from tests.engine.bench import WAITS, opened

BLOCKED = "1 blocked"
AT_REST = "0 in hand"
DAY = 86_400


@pytest.mark.parametrize("jump", [-DAY, -1, 1])
def test_wait_when_the_clock_is_set_and_its_thread_wakes_up(tmp_path: Path, jump: float) -> None:
    """A wait in memory is as long as it was to be, though old mail wakes its thread meanwhile."""
    with opened(tmp_path, park_after=10_000) as bench:
        execution = bench.start(bench.deploy(WAITS))
        bench.await_state(BLOCKED)
        bench.clock.advance(600)
        bench.clock.jump(jump)
        bench.engine.delivered(execution.key, Delivery(wait=999, payload=b""))
        bench.await_state(BLOCKED)
        bench.clock.advance(3_000)

        assert bench.ended(execution).result == '"TimeoutError"'


def test_wait_when_the_clock_is_set_forward(tmp_path: Path) -> None:
    """A deadline at rest that the new time has passed is met at once."""
    with opened(tmp_path) as bench:
        execution = bench.start(bench.deploy(WAITS))
        bench.await_state(BLOCKED)
        bench.clock.advance(5)
        bench.await_state(AT_REST)
        bench.clock.jump(DAY)

        assert bench.ended(execution).result == '"TimeoutError"'


def test_wait_when_the_clock_is_set_back_and_put_right(tmp_path: Path) -> None:
    """A deadline at rest outlives any setting of the clock, and a payload need not wait for it."""
    with opened(tmp_path) as bench:
        workflow = bench.deploy(WAITS)
        first, second = bench.start(workflow), bench.start(workflow)
        bench.await_state("2 blocked")
        bench.clock.advance(5)
        bench.await_state(AT_REST)
        bench.clock.jump(-DAY)
        bench.send(first.name, "now")
        assert bench.ended(first).result == '"now"'
        bench.clock.jump(DAY)
        bench.clock.advance(3_600)

        assert bench.ended(second).result == '"TimeoutError"'


def test_wait_when_the_clock_was_set_back_between_two_processes(tmp_path: Path) -> None:
    """An execution that a process takes up on an earlier clock still takes its payload."""
    clock = FakeClock()
    with opened(tmp_path, clock) as bench:
        execution = bench.start(bench.deploy(WAITS))
    clock.jump(-DAY)
    with opened(tmp_path, clock) as bench:
        outcome = bench.send(execution.name, "here")

        assert (outcome, bench.ended(execution).result) == (Outcome.RESUMED, '"here"')


def test_timers_when_the_clock_is_set_forward_past_a_resident_wait(tmp_path: Path) -> None:
    """Nothing spins on a deadline that has passed by the wall clock alone."""
    with opened(tmp_path, park_after=10_000) as bench:
        execution = bench.start(bench.deploy(WAITS))
        bench.await_state(BLOCKED)
        bench.clock.jump(DAY)
        bench.clock.await_that(lambda: "next inf" in repr(bench.engine))
        bench.send(execution.name, "still here")

        assert bench.ended(execution).result in {'"still here"', '"TimeoutError"'}
