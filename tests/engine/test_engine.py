"""The engine over a real store: waits, threads, deadlines, restarts and who wins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ringback_server.errors import FailedPreconditionError, NotFoundError
from ringback_server.model.resources import ExecutionState, Outcome
from tests.clocks import FakeClock
from tests.engine.bench import WAITS, opened

BLOCKED = "1 blocked"
AT_REST = "0 in hand"


def test_callback_when_its_thread_is_blocked(tmp_path: Path) -> None:
    """A callback wakes the thread that blocks on the execution's condition variable."""
    with opened(tmp_path) as bench:
        execution = bench.start(bench.deploy(WAITS))
        bench.await_state(BLOCKED)
        outcome = bench.send(execution.name, {"approved": True})
        ended = bench.ended(execution)

    assert outcome is Outcome.RESUMED
    assert (ended.state, ended.result) == (ExecutionState.SUCCEEDED, '{"approved":true}')


def test_callback_when_the_execution_is_parked(tmp_path: Path) -> None:
    """A wait that outlasts --park-after gives its thread back, and goes on from the store."""
    with opened(tmp_path, park_after=5.0) as bench:
        execution = bench.start(bench.deploy(WAITS))
        bench.await_state(BLOCKED)
        bench.clock.advance(5)
        bench.await_state(AT_REST)
        bench.send(execution.name, 7)

        assert bench.ended(execution).result == "7"


def test_callback_when_the_process_was_replaced(tmp_path: Path) -> None:
    """An execution that waited in one process goes on in the next."""
    clock = FakeClock()
    with opened(tmp_path, clock) as bench:
        execution = bench.start(bench.deploy(WAITS))
    with opened(tmp_path, clock) as bench:
        bench.send(execution.name, "back")

        assert bench.ended(execution).result == '"back"'


def test_callback_when_the_process_ends_right_after_it(tmp_path: Path) -> None:
    """A callback that was accepted resumes its execution after a restart, without a new one."""
    clock = FakeClock()
    with opened(tmp_path, clock) as bench:
        execution = bench.start(bench.deploy(WAITS))
        bench.await_state(BLOCKED)
        bench.send(execution.name, "kept", tell=False)
    with opened(tmp_path, clock) as bench:
        assert bench.ended(execution).result == '"kept"'


def test_timeout_when_its_thread_is_blocked(tmp_path: Path) -> None:
    """A deadline that comes while the thread blocks raises TimeoutError in the workflow."""
    with opened(tmp_path, park_after=10_000) as bench:
        execution = bench.start(bench.deploy(WAITS))
        bench.await_state(BLOCKED)
        bench.clock.advance(3_600)

        assert bench.ended(execution).result == '"TimeoutError"'


def test_timeout_when_the_execution_is_parked(tmp_path: Path) -> None:
    """A stored deadline wakes a parked execution, by the timer alone."""
    with opened(tmp_path, park_after=5.0) as bench:
        execution = bench.start(bench.deploy(WAITS))
        bench.await_state(BLOCKED)
        bench.clock.advance(5)
        bench.await_state(AT_REST)
        bench.clock.advance(3_600)

        assert bench.ended(execution).result == '"TimeoutError"'


def test_timeout_when_no_process_ran(tmp_path: Path) -> None:
    """A deadline that passed while no server ran is met by the next one."""
    clock = FakeClock()
    with opened(tmp_path, clock) as bench:
        execution = bench.start(bench.deploy(WAITS))
    clock.advance(10_000)
    with opened(tmp_path, clock) as bench:
        assert bench.ended(execution).result == '"TimeoutError"'


def test_timeout_when_a_payload_came_first(tmp_path: Path) -> None:
    """A payload that was accepted before the timeout wins, even if the thread hears late."""
    with opened(tmp_path, park_after=10_000) as bench:
        execution = bench.start(bench.deploy(WAITS))
        bench.await_state(BLOCKED)
        outcome = bench.send(execution.name, "in time", tell=False)
        bench.clock.advance(3_600)
        ended = bench.ended(execution)

    assert (outcome, ended.result) == (Outcome.RESUMED, '"in time"')


def test_timeout_when_the_wall_clock_is_set_back(tmp_path: Path) -> None:
    """Setting the clock back does not delay a wait whose thread is blocked (SPEC 10.22)."""
    with opened(tmp_path, park_after=10_000) as bench:
        execution = bench.start(bench.deploy(WAITS))
        bench.await_state(BLOCKED)
        bench.clock.jump(-86_400)
        bench.clock.advance(3_600)

        assert bench.ended(execution).result == '"TimeoutError"'


def test_cancel_when_its_thread_is_blocked(tmp_path: Path) -> None:
    """A cancelled execution gives its thread back, and takes no callback any more."""
    with opened(tmp_path) as bench:
        execution = bench.start(bench.deploy(WAITS))
        bench.await_state(BLOCKED)
        key, cancelled = bench.store.executions.cancel(execution.name, bench.clock.now())
        bench.engine.ended(key)
        bench.await_state(AT_REST)

        with pytest.raises(NotFoundError):
            bench.send(execution.name, "late")
        with pytest.raises(FailedPreconditionError):
            bench.store.executions.cancel(execution.name, bench.clock.now())
    assert cancelled.state is ExecutionState.CANCELLED


def test_cancel_when_the_thread_has_not_heard(tmp_path: Path) -> None:
    """What a thread does with an execution that was cancelled meanwhile is not stored."""
    with opened(tmp_path, park_after=10_000) as bench:
        execution = bench.start(bench.deploy(WAITS))
        bench.await_state(BLOCKED)
        bench.store.executions.cancel(execution.name, bench.clock.now())
        bench.clock.advance(3_600)
        bench.await_state(AT_REST)

        found = bench.store.executions.get(execution.name)
    assert (found.state, found.result) == (ExecutionState.CANCELLED, None)


def test_start_when_every_thread_is_blocked(tmp_path: Path) -> None:
    """With more waiting executions than threads, all of them wait and all can go on."""
    with opened(tmp_path, threads=2, park_after=10_000) as bench:
        workflow = bench.deploy(WAITS)
        executions = [bench.start(workflow) for _ in range(6)]
        for number, execution in enumerate(executions):
            bench.send(execution.name, number)
        results = [bench.ended(execution).result for execution in executions]

    assert results == ["0", "1", "2", "3", "4", "5"]


def test_payloads_when_they_come_before_their_awaits(tmp_path: Path) -> None:
    """Payloads that came early are taken in their order, without a new one."""
    source = """
- create:
    call: events.create_callback_endpoint
    result: endpoint
- first:
    call: events.await_callback
    args: {callback: "${endpoint}"}
    result: a
- second:
    call: events.await_callback
    args: {callback: "${endpoint}"}
    result: b
- third:
    call: events.await_callback
    args: {callback: "${endpoint}"}
    result: c
- finish:
    return: ["${a.body}", "${b.body}", "${c.body}"]
"""
    with opened(tmp_path) as bench:
        execution = bench.start(bench.deploy(source))
        bench.await_state(BLOCKED)
        outcomes = [bench.send(execution.name, n, tell=False) for n in (1, 2, 3)]
        bench.engine.close(5)
    with opened(tmp_path) as bench:
        ended = bench.ended(execution)

    assert outcomes == [Outcome.RESUMED, Outcome.BUFFERED, Outcome.BUFFERED]
    assert ended.result == "[1,2,3]"


def test_loop_when_it_outlasts_its_slice(tmp_path: Path) -> None:
    """A long computation is driven to its end slice by slice."""
    source = """
main:
  params: [limit]
  steps:
    - start:
        assign: [{n: 0}]
    - again:
        switch:
          - condition: ${n < limit}
            assign: [{n: "${n + 1}"}]
            next: again
    - finish:
        return: ${n}
"""
    with opened(tmp_path) as bench:
        execution = bench.start(bench.deploy(source), "20000")

        assert bench.ended(execution).result == "20000"


def test_retry_when_the_backoff_lies_between_processes(tmp_path: Path) -> None:
    """A wait between two attempts is a stored deadline like any other."""
    source = """
main:
  steps:
    - start:
        assign: [{attempts: 0}]
    - attempt:
        try:
          steps:
            - count:
                assign: [{attempts: "${attempts + 1}"}]
            - note:
                call: sys.log
                args: {text: "${\\"attempt \\" + attempts}"}
            - fail:
                switch:
                  - condition: ${attempts < 3}
                    raise: not yet
        retry:
          predicate: ${again}
          max_retries: 5
          backoff: {initial_delay: 600, max_delay: 600, multiplier: 1}
    - finish:
        return: ${attempts}
again:
  params: [e]
  steps:
    - finish:
        return: ${e == "not yet"}
"""
    clock = FakeClock()
    with opened(tmp_path, clock) as bench:
        execution = bench.start(bench.deploy(source))
    clock.advance(600)
    with opened(tmp_path, clock, park_after=1) as bench:
        bench.await_state(BLOCKED)
        clock.advance(600)
        ended, entries = bench.ended(execution), bench.logs(execution.name)

    assert ended.result == "3"
    assert ["attempt 1", "attempt 2", "attempt 3"] == [entry.text for entry in entries]


def test_start_when_the_execution_fails_at_once(tmp_path: Path) -> None:
    """An execution that fails in its first slice is created as failed, in one transaction."""
    with opened(tmp_path) as bench:
        created = bench.start(bench.deploy("- fail:\n    raise: out of tea\n"))
        stored = bench.store.executions.get(created.name)

    assert created.state is ExecutionState.FAILED
    assert created.failure == stored.failure
    assert created.failure is not None
    assert json.loads(created.failure.payload) == "out of tea"


#: one branch waits for a callback, the other exceeds the memory limit after a minute
ENDS_A_WAIT = """
- create: {call: events.create_callback_endpoint, result: endpoint}
- both:
    parallel:
      branches:
        - waits:
            steps:
              - wait: {call: events.await_callback, args: {callback: "${endpoint}"}}
              - say: {call: sys.log, args: {text: resumed}}
        - ends_all:
            steps:
              - pause: {call: sys.sleep, args: {seconds: 60}}
              - begin: {assign: [{s: "0123456789abcdef"}]}
              - double:
                  for:
                    value: i
                    range: [1, 20]
                    steps: [{grow: {assign: [{s: "${s + s}"}]}}]
"""


def test_wait_when_an_error_elsewhere_ends_it(tmp_path: Path) -> None:
    """A payload that was accepted for a wait is consumed, though another branch ends everything."""
    with opened(tmp_path, park_after=10_000) as bench:
        execution = bench.start(bench.deploy(ENDS_A_WAIT))
        bench.await_state(BLOCKED)
        outcome = bench.send(execution.name, "in time", tell=False)
        bench.clock.advance(60)
        ended = bench.ended(execution)

        assert (Outcome.RESUMED, ExecutionState.FAILED) == (outcome, ended.state)
        assert ["resumed"] == [entry.text for entry in bench.logs(execution.name)]
        assert bench.late(execution.name) == 0


def test_callbacks_when_branches_wait_in_another_process(tmp_path: Path) -> None:
    """A restart in the middle of a parallel step resumes every branch."""
    source = """
- create: {call: events.create_callback_endpoint, result: endpoint}
- set: {assign: [{got: []}]}
- each:
    parallel:
      shared: [got]
      for:
        value: n
        range: [1, 3]
        steps:
          - wait:
              call: events.await_callback
              args: {callback: "${endpoint}"}
              result: request
          - keep: {assign: [{got: "${list.concat(got, request.body + n)}"}]}
- finish: {return: "${got}"}
"""
    clock = FakeClock()
    with opened(tmp_path, clock) as bench:
        execution = bench.start(bench.deploy(source))
        bench.send(execution.name, "a")
    with opened(tmp_path, clock) as bench:
        bench.send(execution.name, "b")
    with opened(tmp_path, clock) as bench:
        bench.send(execution.name, "c")

        assert bench.ended(execution).result == '["a1","b2","c3"]'
