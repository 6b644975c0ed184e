"""What an execution does after a callback, whoever goes on with it: its sender or a thread."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ringback_server.lang.http_exchange import HttpAnswer, HttpRequest
from ringback_server.model.resources import Execution, Outcome
from ringback_server.store.database import Database
from tests.clocks import FakeClock
from tests.engine.bench import WAITS, Bench, opened
from tests.others import Call, Others

_AWAIT = """
- create: {call: events.create_callback_endpoint, result: endpoint}
- wait: {call: events.await_callback, args: {callback: "${endpoint}"}, result: request}
"""

_ASKS = (
    _AWAIT
    + """
- ask: {call: http.get, args: {url: "http://a.test/"}, result: answer}
- finish: {return: ["${request.body}", "${answer.body}"]}
"""
)

_COMPUTES = (
    _AWAIT
    + """
- init: {assign: [{n: 0}]}
- add:
    for: {value: i, range: [1, 4000], steps: [{one: {assign: [{n: "${n + 1}"}]}}]}
- finish: {return: ["${request.body}", "${n}"]}
"""
)

_STARTS_OTHERS = (
    _AWAIT
    + """
- run:
    call: googleapis.workflowexecutions.v1.projects.locations.workflows.executions.run
    args: {workflow_id: child}
    result: r
- finish: {return: ["${request.body}", "${r}"]}
"""
)

_SLEEPS = (
    _AWAIT
    + """
- sleep: {call: sys.sleep, args: {seconds: 60}}
- finish: {return: "${request.body}"}
"""
)

_FAILS = (
    _AWAIT
    + """
- fail: {raise: "${request.body}"}
"""
)

ways = pytest.mark.parametrize("resident", [True, False])


def _waiting(bench: Bench, source: str, *, resident: bool) -> Execution:
    """Start an execution and return it once it waits, with a thread of its own or without."""
    execution = bench.start(bench.deploy(source))
    bench.await_state("1 blocked")
    if not resident:
        bench.clock.advance(5)
        bench.await_state("0 in hand")
    return execution


@ways
@pytest.mark.parametrize("source", [WAITS, _COMPUTES, _STARTS_OTHERS, _FAILS])
def test_send_when_the_rest_ends_by_itself(tmp_path: Path, source: str, *, resident: bool) -> None:
    """The end is what the definition says, and nothing stays in hand."""
    with opened(tmp_path) as bench:
        bench.deploy('- done: {return: "child"}', "child")
        execution = _waiting(bench, source, resident=resident)
        bench.send(execution.name, "body")
        found = bench.ended(execution)
        bench.await_state("0 in hand")

    ends = {
        WAITS: "body",
        _COMPUTES: ["body", 4000],
        _STARTS_OTHERS: ["body", "child"],
        _FAILS: "body",
    }
    text = found.result if found.failure is None else found.failure.payload
    assert ends[source] == json.loads(text or "null")


@ways
def test_send_when_a_request_follows(tmp_path: Path, *, resident: bool) -> None:
    """The request that follows is sent once, after the commit, and its answer is heard."""
    others = Others()
    with opened(tmp_path, network=others.network) as bench:
        execution = _waiting(bench, _ASKS, resident=resident)
        bench.send(execution.name, "body")
        bench.clock.await_that(lambda: bool(others.calls))
        others.calls[0].respond("answer")

        assert bench.ended(execution).result == '["body","answer"]'
        assert len(others.calls) == 1


@ways
def test_send_when_a_deadline_follows(tmp_path: Path, *, resident: bool) -> None:
    """A deadline that begins with the resumption is kept, parked or not."""
    with opened(tmp_path) as bench:
        execution = _waiting(bench, _SLEEPS, resident=resident)
        bench.send(execution.name, "body")
        bench.await_state("1 blocked")
        bench.clock.advance(5)
        bench.await_state("0 in hand")
        bench.clock.advance(60)

        assert bench.ended(execution).result == '"body"'


@ways
def test_send_when_an_execution_waits_for_it(tmp_path: Path, *, resident: bool) -> None:
    """The payload and the end that it leads to are stored together."""
    clock, counted = FakeClock(), list[Database]()

    def between(database: Database) -> Database:
        counted.append(database)
        return database

    with opened(tmp_path, clock, between=between) as bench:
        execution = _waiting(bench, WAITS, resident=resident)
        before = _batches(counted[0])
        bench.send(execution.name, "body")
        found = bench.store.executions.get(execution.name)

        assert found.result == '"body"'
        assert _batches(counted[0]) == before + 1


def _batches(database: Database) -> int:
    match = re.search(r"(\d+) batches", repr(database))
    assert match is not None
    return int(match[1])


class _Unwilling(Others):
    """Others to whom the first request cannot be handed over."""

    def __init__(self) -> None:
        """Begin with a fault."""
        super().__init__()
        self.faults = 1

    def submit(self, request: HttpRequest, answer: Callable[[HttpAnswer], None], /) -> Call:
        """Fail once, then take requests."""
        self.faults -= 1
        if self.faults >= 0:
            raise MemoryError
        return super().submit(request, answer)


@ways
def test_send_when_what_follows_goes_wrong(tmp_path: Path, *, resident: bool) -> None:
    """The sender is told what is true, and the execution is in nobody's hands for ever."""
    with opened(tmp_path, network=_Unwilling().network) as bench:
        execution = _waiting(bench, _ASKS, resident=resident)
        outcome = bench.send(execution.name, "body")
        bench.clock.await_that(
            lambda: "1 blocked" in repr(bench.engine) or "0 in hand" in repr(bench.engine)
        )
        bench.cancel(execution.name)
        bench.await_state("0 in hand")

        assert outcome is Outcome.RESUMED
