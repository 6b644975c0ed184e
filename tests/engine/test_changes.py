"""Waiting for the end of executions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from ringback_server.engine.changes import Changes, Notice
from tests.clocks import PATIENCE, FakeClock


def test_wait_when_the_execution_ends() -> None:
    """Everybody who waits for an execution's end is woken by it."""
    clock = FakeClock()
    changes = Changes(clock)
    with ThreadPoolExecutor() as pool:
        waiters = [pool.submit(changes.wait, 1, 60, lambda: False) for _ in range(3)]
        clock.await_waiters(3)
        changes.announce(2, Notice.ENDED)
        clock.await_waiters(3)
        assert not any(waiter.done() for waiter in waiters)
        changes.announce(1, Notice.ENDED)
        for waiter in waiters:
            waiter.result(PATIENCE)

    assert repr(changes) == "<Changes [0 watched]>"


def test_wait_when_it_had_ended_before() -> None:
    """An end that is stored already is not waited for."""
    Changes(FakeClock()).wait(1, 60, lambda: True)


def test_wait_when_the_end_comes_between_check_and_block() -> None:
    """An end announced right after the store was read is not missed."""
    changes = Changes(FakeClock())

    def ends_now() -> bool:
        changes.announce(1, Notice.ENDED)
        return False

    changes.wait(1, 60, ends_now)


def test_wait_when_its_time_passes() -> None:
    """The wait ends with its time."""
    clock = FakeClock()
    changes = Changes(clock)
    with ThreadPoolExecutor() as pool:
        waiter = pool.submit(changes.wait, 1, 60, lambda: False)
        clock.await_waiters()
        clock.advance(60)
        waiter.result(PATIENCE)


def test_close_when_somebody_waits() -> None:
    """A stopping server lets every waiter go."""
    clock = FakeClock()
    changes = Changes(clock)
    with ThreadPoolExecutor() as pool:
        waiter = pool.submit(changes.wait, 1, 60, lambda: False)
        clock.await_waiters()
        changes.close()
        waiter.result(PATIENCE)


def test_watch_when_the_execution_changes() -> None:
    """Everybody who watches an execution is told, until they no longer want to be."""
    changes = Changes(FakeClock())
    one: list[Notice] = []
    other: list[Notice] = []
    unwatch = changes.watch(1, one.append)
    changes.watch(2, other.append)
    changes.announce(1)
    changes.announce(1, Notice.ENDED)
    watchers = changes.watchers
    unwatch()
    unwatch()
    changes.announce(1)

    assert [Notice.CHANGED, Notice.ENDED] == one
    assert [] == other
    assert (2, 1) == (watchers, changes.watchers)


def test_watch_when_the_server_is_about_to_stop() -> None:
    """Who watches is told, and who comes later; who waits for an end still waits."""
    clock = FakeClock()
    changes = Changes(clock)
    early: list[Notice] = []
    late: list[Notice] = []
    changes.watch(1, early.append)
    with ThreadPoolExecutor() as pool:
        waiter = pool.submit(changes.wait, 1, 60, lambda: False)
        clock.await_waiters()
        changes.leave()
        changes.watch(2, late.append)
        waits_still = not waiter.done()
        changes.announce(1, Notice.ENDED)
        waiter.result(PATIENCE)

    assert [Notice.LEAVING, Notice.ENDED] == early
    assert [Notice.LEAVING] == late
    assert waits_still
