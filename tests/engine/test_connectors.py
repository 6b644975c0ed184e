"""Calls of connectors by executions: who waits, and for how long."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from pathlib import Path

from ringback_server.engine.scheduler import Pool
from ringback_server.model.resources import ExecutionState
from tests.clocks import FakeClock
from tests.engine.bench import Bench, pooled
from tests.lang.described import MAKE, METHODS, ROOT, Described
from tests.others import Call, Others
from tests.replacing import replace

AT_REST = "0 in hand"
SOURCE = """
- make:
    try:
      call: googleapis.things.v1.projects.things.make
      args:
        name: projects/p/things/t
        body: {size: 3}
        connector_params: {timeout: 7200, polling_policy: {initial_delay: 600, max_delay: 3600}}
      result: r
    except: {as: e, steps: [{caught: {return: "${e.tags[0]}"}}]}
- finish: {return: "${r.response.size}"}
"""
RUNNING = {"name": "projects/p/operations/o"}
DONE = {**RUNNING, "done": True, "response": {"size": 3}}
#: what emulators are sent, as these others give out no tokens
CONNECTORS = Described({**METHODS, MAKE.name: replace(MAKE, bearer="owner")})


def opened(directory: Path, clock: FakeClock, others: Others) -> AbstractContextManager[Bench]:
    """Run an engine that knows a connector, as one process would."""
    pool = Pool(threads=4, park_after=5.0)
    return pooled(directory, pool, clock, network=others.network, connectors=CONNECTORS)


def sent(bench: Bench, others: Others, count: int) -> Call:
    """Return the latest request once there are `count`."""
    bench.clock.await_that(lambda: len(others.calls) >= count)
    return others.calls[-1]


def until_wake(bench: Bench, wake: float) -> None:
    """Return once what is stored waits until a moment."""
    bench.clock.await_that(lambda: bench.store.executions.next_wake(0.0) == wake)


def test_operation_when_the_next_look_is_far_off(tmp_path: Path) -> None:
    """Nobody waits for it in this process; the next one looks when it is time."""
    clock, first, second = FakeClock(), Others(), Others()
    with opened(tmp_path, clock, first) as bench:
        execution = bench.start(bench.deploy(SOURCE))
        look = clock.now() + 600
        sent(bench, first, 1).respond(RUNNING)
        until_wake(bench, look)
        bench.await_state("1 blocked")
        clock.advance(5)
        bench.await_state(AT_REST)
        assert ["POST"] == [call.request.method for call in first.calls]
    with opened(tmp_path, clock, second) as bench:
        bench.await_state(AT_REST)
        assert not second.calls
        clock.advance(595)
        call = sent(bench, second, 1)
        assert "GET" == call.request.method
        assert f"{ROOT}v1/projects/p/operations/o" == call.request.url
        call.respond(RUNNING)
        until_wake(bench, look + 750)
        clock.advance(750)
        sent(bench, second, 2).respond(DONE)
        found = bench.ended(execution)

    assert (ExecutionState.SUCCEEDED, "3") == (found.state, found.result)


def test_call_when_its_time_is_over(tmp_path: Path) -> None:
    """The request that has no answer is given up, and the error is the call's."""
    clock, others = FakeClock(), Others()
    with opened(tmp_path, clock, others) as bench:
        execution = bench.start(bench.deploy(SOURCE))
        call = sent(bench, others, 1)
        assert 1800 == call.request.timeout
        bench.await_state("1 blocked")
        clock.advance(7200)
        found = bench.ended(execution)

    assert "TimeoutError" == json.loads(found.result or "")
    assert call.cancelled
    assert 1 == len(others.calls)


def test_operation_when_nobody_waits_for_it_any_more(tmp_path: Path) -> None:
    """Cancelling an execution ends the looking, and sends nothing to the service."""
    clock, others = FakeClock(), Others()
    with opened(tmp_path, clock, others) as bench:
        execution = bench.start(bench.deploy(SOURCE))
        sent(bench, others, 1).respond(RUNNING)
        until_wake(bench, clock.now() + 600)
        bench.cancel(execution.name)
        found = bench.ended(execution)
        clock.advance(7200)
        bench.await_state(AT_REST)

    assert ExecutionState.CANCELLED == found.state
    assert ["POST"] == [call.request.method for call in others.calls]


def test_operation_when_the_time_of_the_call_is_over(tmp_path: Path) -> None:
    """The call is an error at that moment, and what was begun is left alone."""
    clock, others = FakeClock(), Others()
    with opened(tmp_path, clock, others) as bench:
        execution = bench.start(bench.deploy(SOURCE.replace("7200", "300")))
        sent(bench, others, 1).respond(RUNNING)
        until_wake(bench, clock.now() + 300)
        clock.advance(300)
        found = bench.ended(execution)

    assert "TimeoutError" == json.loads(found.result or "")
    assert ["POST"] == [call.request.method for call in others.calls]


def test_request_when_it_is_lost_in_a_crash(tmp_path: Path) -> None:
    """It is sent again by the next process, with the same key."""
    clock, first, second = FakeClock(), Others(), Others()
    with opened(tmp_path, clock, first) as bench:
        execution = bench.start(bench.deploy(SOURCE))
        lost = sent(bench, first, 1).request
    with opened(tmp_path, clock, second) as bench:
        again = sent(bench, second, 1)
        again.respond(DONE)
        found = bench.ended(execution)

    assert lost == again.request
    assert "Idempotency-Key" in dict(lost.headers)
    assert "3" == found.result
