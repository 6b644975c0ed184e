"""Requests of executions: when they are sent, sent again, given up, and who gets the answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from ringback_server.model.resources import Execution, ExecutionState
from ringback_server.tracing import Scope, Trace, within
from tests import listed
from tests.clocks import PATIENCE, FakeClock
from tests.engine.bench import Bench, opened
from tests.others import Call, Others

BLOCKED = "1 blocked"
AT_REST = "0 in hand"

POSTS = """
- before: {call: sys.log, args: {text: before}}
- send: {call: http.post, args: {url: "http://a.test/", body: 1}, result: r}
- after: {call: sys.log, args: {text: after}}
- finish: {return: "${r.body}"}
"""

#: two branches: one waits for an answer, one for a callback or an hour
BOTH = """
- init: {assign: [{answer: null}, {called: null}]}
- open: {call: events.create_callback_endpoint, result: endpoint}
- both:
    parallel:
      shared: [answer, called]
      branches:
        - asks:
            steps:
              - send: {call: http.get, args: {url: "http://a.test/"}, result: r}
              - keep: {assign: [{answer: "${r.body}"}]}
        - waits:
            steps:
              - hold:
                  try:
                    call: events.await_callback
                    args: {callback: "${endpoint}", timeout: 3600}
                    result: c
                  except: {as: e, steps: [{late: {assign: [{c: {body: late}}]}}]}
              - note: {assign: [{called: "${c.body}"}]}
- finish: {return: ["${answer}", "${called}"]}
"""


def sent(bench: Bench, others: Others, count: int = 1) -> Call:
    """Return the latest request once there are `count`."""
    bench.clock.await_that(lambda: len(others.calls) >= count)
    return others.calls[-1]


def key_of(call: Call) -> str | None:
    """Return the idempotency key of a request."""
    return dict(call.request.headers).get("Idempotency-Key")


def texts(bench: Bench, execution: Execution) -> list[str | None]:
    """Return what an execution logged."""
    return [entry.text for entry in bench.logs(execution.name)]


def test_request_when_it_is_for_a_private_service(tmp_path: Path) -> None:
    """It is a ValueError, which can be caught, and nothing is sent, not even for a token."""
    others = Others()
    source = """
- send:
    try:
      call: http.get
      args: {url: "https://a.test/", auth: {type: OIDC}, private_service_name: "p/services/s"}
    except: {as: e, steps: [{told: {return: ["${e.tags}", "${e.message}"]}}]}
"""
    with opened(tmp_path, network=others.network) as bench:
        ended = bench.ended(bench.start(bench.deploy(source)))
        message = "'private_service_name' cannot be used: there is no Service Directory"

        assert [["ValueError"], f"ValueError: {message}"] == json.loads(ended.result or "")
        assert [] == others.calls


def test_answer_when_a_thread_waits_for_it(tmp_path: Path) -> None:
    """An answer wakes the thread that blocks on the execution's mailbox."""
    others = Others()
    with opened(tmp_path, network=others.network) as bench:
        execution = bench.start(bench.deploy(POSTS))
        call = sent(bench, others)
        bench.await_state(BLOCKED)
        call.respond({"id": 7})
        ended = bench.ended(execution)

        assert (ExecutionState.SUCCEEDED, '{"id":7}') == (ended.state, ended.result)
        assert ["before", "after"] == texts(bench, execution)
        bench.await_state("[0 requests, 0 answers]")


def test_answer_when_the_execution_is_parked(tmp_path: Path) -> None:
    """A request outlives the thread that sent it; its answer finds another."""
    others = Others()
    with opened(tmp_path, network=others.network, park_after=5.0) as bench:
        execution = bench.start(bench.deploy(POSTS))
        call = sent(bench, others)
        bench.await_state(BLOCKED)
        bench.clock.advance(5)
        bench.await_state(AT_REST)
        call.respond("parked")

        assert '"parked"' == bench.ended(execution).result
    assert 1 == len(others.calls)


@pytest.mark.parametrize("given", [None, "own"])
def test_request_when_the_execution_belongs_to_a_trace(tmp_path: Path, given: str | None) -> None:
    """It carries the trace of its execution, unless the definition gives it one."""
    others = Others()
    trace = Trace(trace_id="0" * 31 + "1", span_id="0" * 15 + "2", flags="01")
    headers = "{TraceParent: own}" if given else "{}"
    source = f"""
- send: {{call: http.get, args: {{url: "http://a.test/", headers: {headers}}}}}
"""
    with opened(tmp_path, network=others.network) as bench:
        workflow = bench.deploy(source)
        with within(Scope(trace=trace)):
            bench.start(workflow)
        traced = sent(bench, others).request.headers
        bench.start(workflow)
        untraced = sent(bench, others, 2).request.headers

    def carried(pairs: Sequence[tuple[str, str]]) -> list[str]:
        return [value for name, value in pairs if name.lower() == "traceparent"]

    assert [given or str(trace)] == carried(traced)
    assert ([given] if given else []) == carried(untraced)


def test_requests_when_there_are_more_than_threads(tmp_path: Path) -> None:
    """All requests are sent, however few threads there are."""
    others = Others()
    with opened(tmp_path, network=others.network, threads=1) as bench:
        workflow = bench.deploy(POSTS)
        executions = [bench.start(workflow) for _ in range(5)]
        sent(bench, others, 5)
        for call in others.calls:
            call.respond(1)

        assert ["1"] * 5 == [bench.ended(execution).result for execution in executions]
    assert 5 == len({key_of(call) for call in others.calls})


@pytest.mark.parametrize("parked", [False, True])
def test_request_when_its_process_ended(tmp_path: Path, *, parked: bool) -> None:
    """A request whose answer was not recorded is sent again with its key, and nothing else."""
    others, clock = Others(), FakeClock()
    with opened(tmp_path, clock, network=others.network) as bench:
        execution = bench.start(bench.deploy(POSTS))
        first = sent(bench, others)
        bench.await_state(BLOCKED)
        if parked:
            clock.advance(5)
            bench.await_state(AT_REST)
    with opened(tmp_path, clock, network=others.network) as bench:
        second = sent(bench, others, 2)
        first.respond("too late")
        second.respond("again")

        assert '"again"' == bench.ended(execution).result
        assert ["before", "after"] == texts(bench, execution)
    assert first.request == second.request
    assert key_of(first) is not None
    with opened(tmp_path, clock, network=others.network) as bench:
        bench.await_state(AT_REST)
    assert 2 == len(others.calls)


def test_request_when_another_branch_goes_on(tmp_path: Path) -> None:
    """A request is sent once, whatever else happens to its execution meanwhile."""
    others = Others()
    with opened(tmp_path, network=others.network) as bench:
        execution = bench.start(bench.deploy(BOTH))
        call = sent(bench, others)
        bench.send(execution.name, "yes")
        bench.clock.await_that(lambda: not _open_endpoint(bench, execution))
        call.respond("here")

        assert '["here","yes"]' == bench.ended(execution).result
    assert 1 == len(others.calls)


def _open_endpoint(bench: Bench, execution: Execution) -> bool:
    found = listed.endpoints(bench.store, execution.name)
    return bool(found and found[0].waiters)


def test_answer_when_a_payload_overtakes_a_timeout(tmp_path: Path) -> None:
    """An answer is not lost with an advance that the store refuses."""
    others = Others()
    with opened(tmp_path, network=others.network, park_after=10_000) as bench:
        execution = bench.start(bench.deploy(BOTH))
        call = sent(bench, others)
        bench.await_state(BLOCKED)
        bench.send(execution.name, "first", tell=False)
        call.respond("here")
        bench.clock.advance(3_600)

        assert '["here","first"]' == bench.ended(execution).result
    assert 1 == len(others.calls)


def test_request_when_its_execution_is_cancelled(tmp_path: Path) -> None:
    """Cancelling or deleting gives up the request, whether a thread waits for it or not."""
    others = Others()
    with opened(tmp_path, network=others.network) as bench:
        workflow = bench.deploy(POSTS)
        cancelled = bench.start(workflow)
        first = sent(bench, others)
        bench.await_state(BLOCKED)
        bench.cancel(cancelled.name)
        bench.start(workflow)
        second = sent(bench, others, 2)
        bench.await_state(BLOCKED)
        bench.clock.advance(5)
        bench.await_state(AT_REST)
        bench.delete(workflow.name)
        bench.clock.await_that(lambda: first.cancelled and second.cancelled)
        bench.await_state("[0 requests, 0 answers]")
        first.respond("nobody wants it")
        bench.await_state(AT_REST)

    assert 2 == len(others.calls)


def test_idempotency_key_when_a_block_is_retried(tmp_path: Path) -> None:
    """Each call has a key of its own, which requests without further effect do not need."""
    others = Others()
    source = """
- send:
    try: {call: http.post, args: {url: "http://a.test/"}}
    retry: {predicate: "${retry.always}", max_retries: 1, backoff: {initial_delay: 0}}
- own: {call: http.patch, args: {url: "http://a.test/", headers: {idempotency-key: mine}}}
- put: {call: http.put, args: {url: "http://a.test/"}}
- get: {call: http.get, args: {url: "http://a.test/"}}
"""
    with opened(tmp_path, network=others.network) as bench:
        execution = bench.start(bench.deploy(source))
        sent(bench, others).respond("no", 503)
        for number in range(2, 6):
            sent(bench, others, number).respond("yes")
        bench.ended(execution)

    keys = [key_of(call) for call in others.calls]
    assert None not in keys[:2]
    assert keys[0] != keys[1]
    assert [None] * 3 == keys[2:]
    assert ("idempotency-key", "mine") in others.calls[2].request.headers


def test_token_when_a_request_asks_for_one(tmp_path: Path) -> None:
    """A token replaces what the workflow gives, and is nowhere on disk."""
    others = Others()
    source = """
- send:
    call: http.get
    args:
      url: http://a.test/
      headers: {authorization: mine}
      auth: {type: OIDC, audience: them}
"""
    with opened(tmp_path, network=others.network) as bench:
        execution = bench.start(bench.deploy(source))
        call = sent(bench, others)
        found = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
        call.respond(1)
        bench.ended(execution)

    (given,) = [value for name, value in call.request.headers if name.lower() == "authorization"]
    assert "Bearer id:invoker@local.iam.gserviceaccount.com:them" == given
    assert b"http://a.test/" in found
    assert given.encode() not in found


def test_token_when_there_is_none(tmp_path: Path) -> None:
    """Without a token nothing is sent, and the workflow may catch an AuthError."""
    others = Others()
    source = """
- send:
    try: {call: http.get, args: {url: "http://a.test/", auth: {type: OAuth2, scope: x}}}
    except: {as: e, steps: [{finish: {return: "${e}"}}]}
"""
    with opened(tmp_path, network=others.network) as bench:
        result = bench.ended(bench.start(bench.deploy(source))).result or ""

    assert '"tags":["AuthError"]' in result
    assert "http://a.test/ with ('x',)" in result
    assert not others.calls


def test_drain_when_requests_are_under_way(tmp_path: Path) -> None:
    """A stop in good order waits for answers; what is asked for meanwhile is left to the next."""
    others, clock = Others(), FakeClock()
    source = POSTS.replace("${r.body}", "${r.code}").replace(
        "- finish", "- more: {call: http.get, args: {url: 'http://b.test'}, result: r}\n- finish"
    )
    with opened(tmp_path, clock, network=others.network) as bench:
        execution = bench.start(bench.deploy(source))
        call = sent(bench, others)
        draining = threading.Thread(target=bench.engine.drain, args=(1e9,))
        draining.start()
        call.respond(1)
        draining.join(PATIENCE)

        assert not draining.is_alive()
        assert 1 == len(others.calls)
    with opened(tmp_path, clock, network=others.network) as bench:
        assert "http://b.test/" == sent(bench, others, 2).request.url
        others.calls[1].respond(1)
        bench.ended(execution)


def test_drain_when_its_time_is_over(tmp_path: Path) -> None:
    """A stop does not wait for answers longer than it was told."""
    others = Others()
    with opened(tmp_path, network=others.network) as bench:
        bench.start(bench.deploy(POSTS))
        sent(bench, others)
        bench.await_state(BLOCKED)
        draining = threading.Thread(target=bench.engine.drain, args=(5.0,))
        draining.start()
        bench.clock.advance(6)
        draining.join(PATIENCE)

        assert not draining.is_alive()
