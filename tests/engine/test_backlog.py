"""Back-pressure: what may run, what waits in the store, and who is next."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from ringback_server.engine.backlog import Backlog
from ringback_server.engine.scheduler import Pool, Scheduler
from ringback_server.errors import QuotaExceededError, RingbackError, StorageFullError
from ringback_server.lang.limits import RunLimits
from ringback_server.model.creations import Created, Creation
from ringback_server.model.resources import Execution, ExecutionState, Workflow
from tests import listed
from tests.clocks import FakeClock
from tests.engine.bench import WAITS, Bench, opened, pooled
from tests.replacing import replace
from tests.waiting import until

#: computes for more than one slice, then waits for a callback
LONG = """
- count: {for: {value: n, range: [1, 5000], steps: [{add: {assign: [{x: "${n}"}]}}]}}
""" + WAITS.lstrip("\n")
#: computes for more than one slice and ends
COMPUTES = """
- count: {for: {value: n, range: [1, 1500], steps: [{add: {assign: [{x: "${n}"}]}}]}}
"""
RETURNS = "- done: {return: 1}\n"
#: one place, taken by whatever begins
ONE = Pool(threads=2, park_after=10_000.0, running=1)


class Stored:
    """Queued executions as the store would give them."""

    def __init__(self, queued: dict[int, list[int]]) -> None:
        """Take the keys of each workflow."""
        self.rows = queued
        self.broken = False

    def queued(self, workflow: int, *, after: int, limit: int) -> list[int]:
        """Return what is queued."""
        if self.broken:
            self.broken = False
            raise StorageFullError
        return [key for key in self.rows.get(workflow, []) if key > after][:limit]

    def queued_workflows(self) -> list[int]:
        """Return who has queued ones."""
        return sorted(self.rows)


def order(stored: Stored, pool: Pool, count: int) -> list[int]:
    """Return in which order executions are driven, each to its end before the next is taken."""
    scheduler = Scheduler[str](FakeClock(), pool)
    backlog = Backlog(stored, scheduler)
    backlog.look()
    driven: list[int] = []
    for _ in range(count):
        ticket = scheduler.take()
        assert ticket is not None
        driven.append(ticket.key)
        stored.rows[ticket.workflow].remove(ticket.key)
        scheduler.drop(ticket)
        backlog.refill()
    assert (0, "<Backlog [0 workflows]>") == (scheduler.hands().in_hand, repr(backlog))
    return driven


def test_order_when_workflows_are_behind() -> None:
    """Workflows take turns, and each begins its oldest first."""
    stored = Stored({1: [1, 2, 3, 4], 2: [5, 7], 3: [6]})

    assert [1, 5, 6, 2, 7, 3, 4] == order(stored, ONE, 7)


def test_order_when_one_workflow_is_at_its_limit() -> None:
    """A workflow that may run no more keeps none of the others waiting."""
    scheduler = Scheduler[str](FakeClock(), Pool(threads=2, park_after=5.0, running_each=2))
    backlog = Backlog(Stored({1: [1, 2, 3], 2: [4]}), scheduler)
    backlog.look()
    keys = [ticket.key for ticket in (scheduler.take() for _ in range(3)) if ticket]

    assert [1, 4, 2] == keys
    assert not backlog.enter(1)
    assert backlog.enter(3)


def test_refill_when_the_store_fails() -> None:
    """What could not be read is read at the next occasion."""
    stored = Stored({1: [1]})
    stored.broken = True
    scheduler = Scheduler[str](FakeClock(), ONE)
    backlog = Backlog(stored, scheduler)
    backlog.look()
    failed = scheduler.hands().queued
    backlog.look()

    assert (0, 1) == (failed, scheduler.hands().queued)


def states(results: list[Created | RingbackError]) -> list[object]:
    """Return the state of each execution, or why there is none."""
    return [one.execution.state if isinstance(one, Created) else one.reason for one in results]


def waits(bench: Bench, execution: Execution) -> bool:
    """Tell whether an execution has an endpoint."""
    return bool(listed.endpoints(bench.store, execution.name))


def batch(bench: Bench, *creations: Creation) -> list[Created | RingbackError]:
    """Create executions at once."""
    return [*bench.engine.create_all(creations)]


def buffered(workflow: Workflow, *, buffered: bool = True) -> Creation:
    """Describe an execution."""
    return Creation(workflow=workflow, buffered=buffered)


def test_create_when_as_many_run_as_may(tmp_path: Path) -> None:
    """New ones are queued, refused if they may not be, and begin when there is room."""
    with pooled(tmp_path, ONE) as bench:
        workflow = bench.deploy(RETURNS)
        results = batch(
            bench,
            buffered(workflow),
            buffered(workflow),
            buffered(workflow, buffered=False),
            buffered(workflow),
        )
        ended = [bench.ended(one.execution) for one in results if isinstance(one, Created)]

    assert ["SUCCEEDED", "QUEUED", "TOO_MANY_RUNNING", "QUEUED"] == states(results)
    assert [ExecutionState.SUCCEEDED] * 3 == [one.state for one in ended]
    assert [one.start_time or 0.0 for one in ended] == sorted(
        one.start_time or 0.0 for one in ended
    )


def test_create_when_those_that_run_wait(tmp_path: Path) -> None:
    """Executions that wait take no room, in memory or at rest."""
    with pooled(tmp_path, ONE) as bench:
        workflow = bench.deploy(LONG)
        results = batch(bench, *[buffered(workflow)] * 3)
        bench.await_state("2 blocked")
        bench.clock.await_that(lambda: bench.store.census.executions()["QUEUED"] == 0)
        started = [one.execution for one in results if isinstance(one, Created)]
        for execution in started:
            bench.clock.await_that(partial(waits, bench, execution))
            bench.send(execution.name, 1)
        ended = [bench.ended(execution).state for execution in started]

    assert [ExecutionState.SUCCEEDED] * 3 == ended


def test_create_when_too_many_are_queued(tmp_path: Path) -> None:
    """Beyond the queue's length new ones are refused, one by one."""
    with pooled(tmp_path, Pool(threads=1, park_after=5.0, running=1, queued=1)) as bench:
        workflow = bench.deploy(RETURNS)
        results = batch(bench, *[buffered(workflow)] * 3)

    assert ["SUCCEEDED", "QUEUED", "TOO_MANY_QUEUED"] == states(results)


def test_create_when_a_workflow_has_its_own_limit(tmp_path: Path) -> None:
    """The limit of each workflow holds for it alone."""
    pool = Pool(threads=2, park_after=10_000.0, running_each=1)
    with pooled(tmp_path, pool) as bench:
        first, second = bench.deploy(RETURNS), bench.deploy(RETURNS, "second")
        results = batch(bench, *[buffered(one) for one in (first, second, first)])
        refused = buffered(first, buffered=False)
        bench.clock.await_that(lambda: bench.store.census.executions()["QUEUED"] == 0)
        bench.await_state("0 in hand")
        accepted = bench.engine.create(refused)

    assert ["SUCCEEDED", "SUCCEEDED", "QUEUED"] == states(results)
    assert ExecutionState.SUCCEEDED is accepted.execution.state


def test_start_when_executions_were_queued(tmp_path: Path) -> None:
    """What an earlier process left queued begins, by turns of workflows."""
    clock = FakeClock()
    with opened(tmp_path, clock) as bench:
        bench.engine.close(0.0)
        workflows = [bench.deploy(RETURNS, name) for name in ("a", "b")]
        results = batch(bench, *[buffered(workflow) for workflow in workflows * 20])
    with opened(tmp_path, clock) as bench:
        ended = [bench.ended(one.execution) for one in results if isinstance(one, Created)]

    assert ["QUEUED"] * 40 == states(results)
    assert [ExecutionState.SUCCEEDED] * 40 == [one.state for one in ended]


def test_create_when_it_may_not_be_queued(tmp_path: Path) -> None:
    """One that may not be queued is refused while older ones wait."""
    with pooled(tmp_path, ONE) as bench:
        bench.engine.close(0.0)
        workflow = bench.deploy(RETURNS)
        with pytest.raises(QuotaExceededError):
            bench.engine.create(buffered(workflow, buffered=False))


def test_start_when_loops_have_every_thread(tmp_path: Path) -> None:
    """Executions that compute without end keep the threads from nobody."""
    limits = replace(RunLimits(), steps=1_000_000_000)
    with pooled(tmp_path, Pool(threads=1, park_after=5.0), limits=limits) as bench:
        endless = bench.start(bench.deploy("- again: {next: again}\n", "loops"))
        other = bench.start(bench.deploy(COMPUTES, "computes"))

        def has_ended() -> bool:
            bench.clock.advance(1.0)
            return bench.store.executions.get(other.name).state.ended

        until(has_ended)
        state = bench.store.executions.get(endless.name).state
        bench.cancel(endless.name)

        def has_no_thread() -> bool:
            # Its thread looks up when it has computed for a while by this clock.
            bench.clock.advance(1.0)
            return bench.engine.hands.in_hand == 0

        until(has_no_thread)

    assert ExecutionState.ACTIVE is state
