"""Definitions run with stubs: answers, callbacks, and time that costs none."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest

from ringback_server.local.results import Result, StuckError
from ringback_server.local.runs import run_definition
from ringback_server.local.stubs import Answer, Callback, Stub
from tests.local.definitions import APPROVAL, APPROVED, LOOK, ORDER, STORE, asked, called

TWO_ENDPOINTS = """
main:
  steps:
    - first: {call: events.create_callback_endpoint, args: {http_callback_method: GET}, result: a}
    - nap: {call: sys.sleep, args: {seconds: 5}}
    - second: {call: events.create_callback_endpoint, result: b}
    - await_b: {call: events.await_callback, args: {callback: "${b}", timeout: 100}, result: from_b}
    - await_a: {call: events.await_callback, args: {callback: "${a}", timeout: 100}, result: from_a}
    - done: {return: {a: "${from_a.http_request}", b: "${from_b.http_request}", at: "${sys.now()}"}}
"""


def result_of(run: Result) -> dict[str, Any]:
    """Return the result of a run that succeeded, a map."""
    assert run.error is None, run.error.context
    found: dict[str, Any] = json.loads(json.dumps(run.result))
    return found


def test_run_when_everything_is_answered() -> None:
    """A run ends as it would on a server, and tells all that it did."""
    run = run_definition(APPROVAL, ORDER, stubs=[LOOK, STORE], callbacks=[APPROVED])

    assert ("SUCCEEDED", {"approved": True, "name": "doc"}) == (run.state, run.result)
    look, store = run.calls
    assert ("http.get", "look", 7) == (look.call, look.step, look.line)
    assert ("GET", "https://api.example.com/orders/7?full=true") == (look.method, look.url)
    assert "store" == store.step
    assert {"name": "orders/7", "body": {"fields": {"total": 12}}} == store.args
    assert [("NOTICE", "7 waits", "announce")] == [(e.severity, e.text, e.step) for e in run.logs]
    assert [("resumed", 1, "POST")] == [(s.outcome, s.endpoint, s.method) for s in run.callbacks]
    assert 60 == run.duration


def test_run_when_it_is_repeated() -> None:
    """Nothing depends on the time of day, or on chance."""
    source = called("call: sys.log\nargs: {text: x}").replace(
        "${r}", '${uuid.generate() + " " + sys.now()}'
    )

    assert run_definition(source) == run_definition(source)


def test_request_when_it_is_for_a_private_service() -> None:
    """A stub answers it as any other."""
    source = called('call: http.get\nargs: {url: "https://a.test", private_service_name: s}')
    run = run_definition(source, stubs=[Stub(call="http.get", answer=Answer(body={"id": 7}))])

    assert {"id": 7} == result_of(run)["body"]


def test_time_when_it_is_virtual() -> None:
    """A year of sleep takes no time; the clock begins where it is set."""
    source = called("call: sys.sleep\nargs: {seconds: 31536000}").replace("${r}", "${sys.now()}")
    began = time.monotonic()
    run = run_definition(source, now="2026-03-01T12:00:00+01:00")

    assert 1772362800 + 31536000 == run.result
    assert 31536000 == run.duration
    assert time.monotonic() - began < 10


def test_sequence_when_calls_are_retried() -> None:
    """Answers come one after the other, the last again and again; retries wait virtually."""
    flaky = {
        "step": "look",
        "sequence": [{"status": 503}, {"fail": "connection refused"}, {"body": {"total": 1}}],
    }
    run = run_definition(APPROVAL, ORDER, stubs=[flaky, STORE], callbacks=[APPROVED])

    assert ["look", "look", "look", "store"] == [call.step for call in run.calls]
    assert 60 + 1 + 1.25 == run.duration


def test_stub_when_it_is_used_up() -> None:
    """After so many calls, a stub leaves them to those behind it."""
    once = {"step": "look", "times": 1, "answer": {"status": 429}}
    run = run_definition(APPROVAL, ORDER, stubs=[once, LOOK, STORE], callbacks=[APPROVED])

    assert run.succeeded
    assert 3 == len(run.calls)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"body": {"a": 1}}, {"a": 1}),
        ({"body": None}, None),
        ({"text": "words"}, "words"),
        ({"text": "<a/>", "headers": {"content-type": "application/xml"}}, "<a/>"),
        ({"status": 204}, None),
    ],
)
def test_response_when_it_has_a_body(answer: dict[str, object], expected: object) -> None:
    """Bodies are decoded by their type, as those of servers are."""
    run = asked({"answer": answer})

    assert expected == result_of(run)["body"]
    assert answer.get("status", 200) == result_of(run)["code"]


def test_response_when_its_body_is_bytes() -> None:
    """Bytes stay bytes, and a step can encode them."""
    source = called('call: http.get\nargs: {url: "http://a"}').replace(
        "${r}", "${base64.encode(r.body)}"
    )
    run = run_definition(source, stubs=[{"call": "*", "answer": {"base64": "/wA="}}])

    assert "/wA=" == run.result


@pytest.mark.parametrize(
    ("fail", "tag", "seconds"),
    [
        ("connection refused", "ConnectionFailedError", 0),
        ("unknown host", "ConnectionFailedError", 0),
        ("tls", "ConnectionFailedError", 0),
        ("connection reset", "ConnectionError", 0),
        ("timeout", "TimeoutError", 300),
        ("too large", "ResourceLimitError", 0),
        ("auth", "AuthError", 0),
    ],
)
def test_failure_when_it_is_named(fail: str, tag: str, seconds: float) -> None:
    """What can go wrong before an answer has the tag that it has on a server."""
    run = asked({"answer": {"fail": fail}})

    assert run.error is not None
    assert (tag,) == run.error.tags
    assert seconds == run.duration


def test_delay_when_it_outlasts_the_timeout() -> None:
    """A request's timeout ends it; a delay within takes its time."""
    step = 'call: http.get\nargs: {url: "http://a/b", timeout: 10}'

    late = asked({"answer": {"body": 1, "delay": 11}}, step)
    assert late.error is not None
    assert ("TimeoutError: no answer within 10 s", 10) == (late.error.message, late.duration)
    assert 9 == asked({"answer": {"body": 1, "delay": 9}}, step).duration


def test_error_when_a_response_is_one() -> None:
    """A status from 400 is an HttpError, with its code and body."""
    run = asked({"answer": {"status": 404, "body": {"why": "gone"}}})

    assert run.error is not None
    assert (404, ("HttpError",)) == (run.error.code, run.error.tags)
    assert {"why": "gone"} == run.error.field("body")
    assert ("ask", 4) == (run.error.stack[0].step, run.error.stack[0].line)


@pytest.mark.parametrize(
    ("answer", "result", "code"),
    [
        ({"return": [1]}, [1], None),
        ({"return": None}, None, None),
        ({"body": {"a": 1}}, {"a": 1}, None),
        ({"status": 403, "body": {"error": {"code": 403}}}, None, 403),
        ({"raise": {"code": 409, "tags": ["HttpError"]}}, None, 409),
    ],
)
def test_connector_when_it_is_answered(
    answer: dict[str, object], result: object, code: int | None
) -> None:
    """A connector results in a value, or in the body of a response, or raises."""
    run = asked(
        {"answer": answer}, "call: googleapis.storage.v1.objects.get\nargs: {bucket: b, object: o}"
    )

    assert result == run.result
    assert code == (run.error and run.error.code)


RUN = "googleapis.workflowexecutions.v1.projects.locations.workflows.executions.run"


@pytest.mark.parametrize(
    ("step", "args"),
    [
        (
            f"call: {RUN}\nargs: {{workflow_id: w, argument: {{a: 1}}}}",
            {"workflow_id": "w", "argument": {"a": 1}},
        ),
        (
            "call: experimental.executions.run\nargs: {workflow_id: w, argument: x}",
            {"workflow_id": "w", "argument": "x"},
        ),
        (
            "call: experimental.executions.map\nargs: {workflow_id: w, arguments: [1, 2]}",
            {"workflow_id": "w", "arguments": [1, 2]},
        ),
    ],
)
def test_executions_when_they_are_stubbed(step: str, args: dict[str, object]) -> None:
    """Calls that execute other workflows are answered like those of connectors."""
    run = asked({"args": args, "answer": {"return": "done", "delay": 5}}, step)

    assert ("done", 5) == (run.result, run.duration)
    assert [step.partition("\n")[0]] == [f"call: {call.call}" for call in run.calls]


def test_executions_when_they_take_too_long() -> None:
    """The call's own timeout ends it."""
    step = f"call: {RUN}\nargs: {{workflow_id: w, connector_params: {{timeout: 60}}}}"
    run = asked({"answer": {"return": 1, "delay": 61}}, step)

    assert run.error is not None
    assert (("TimeoutError",), 60) == (run.error.tags, run.duration)


def test_call_when_it_carries_a_token() -> None:
    """Whose token a request would carry is told."""
    step = 'call: http.get\nargs: {url: "http://a", auth: {type: OIDC}}'

    assert ["OIDC"] == [call.auth for call in asked({"answer": {}}, step).calls]


def test_time_when_there_are_no_dates_any_more() -> None:
    """Years of waiting beyond the calendar end no run."""
    source = called("call: sys.sleep\nargs: {seconds: 31536000}").replace("${r}", "${sys.now()}")

    assert 253402300799 + 31536000 == run_definition(source, now=253402300799).result


PRICES = """
main:
  steps:
    - s: {return: main}
price_of:
  params: [article, rate: 2]
  steps:
    - known:
        switch:
          - condition: ${article == "air"}
            call: refuse
    - ask: {call: http.get, args: {url: '${"http://prices/" + article}'}, result: r}
    - done: {return: "${r.body * rate}"}
refuse:
  steps:
    - no: {raise: not for sale}
"""
PRICED = [{"url": "http://prices/*", "answer": {"body": 21}}]


@pytest.mark.parametrize(
    ("argument", "result"), [({"article": "tea"}, 42), ({"article": "tea", "rate": 3}, 63)]
)
def test_subworkflow_when_it_is_run(argument: dict[str, object], result: object) -> None:
    """A subworkflow is run by itself, its parameters by name or by default."""
    run = run_definition(PRICES, argument, stubs=PRICED, subworkflow="price_of")

    assert ("SUCCEEDED", result) == (run.state, run.result)
    assert [("price_of", "ask", 12)] == [(c.routine, c.step, c.line) for c in run.calls]


def test_subworkflow_when_it_fails() -> None:
    """The stack ends with the subworkflow."""
    run = run_definition(PRICES, {"article": "air"}, subworkflow="price_of")

    assert run.error is not None
    assert [("no", "refuse"), ("known", "price_of")] == [
        (frame.step, frame.routine) for frame in run.error.stack
    ]
    assert 'RuntimeError: "not for sale"\nin step "no", routine "refuse", line: 16\n' in (
        run.error.context
    )
    assert "main" not in run.error.context


@pytest.mark.parametrize(
    ("subworkflow", "argument", "problem"),
    [
        ("cost", {}, "there is no subworkflow 'cost'"),
        ("price_off", {}, "there is no subworkflow 'price_off'; did you mean 'price_of'?"),
        ("price_of", {}, "price_of misses an argument for 'article'"),
        ("price_of", {"articl": 1}, "price_of has no parameter 'articl'; did you mean 'article'?"),
        ("price_of", None, "the argument must be a map: arguments of 'price_of' by name"),
    ],
)
def test_subworkflow_when_it_does_not_fit(subworkflow: str, argument: object, problem: str) -> None:
    """What does not fit is said before anything runs."""
    with pytest.raises(ValueError, match="^" + re.escape(problem) + "$"):
        run_definition(PRICES, argument, subworkflow=subworkflow)


def test_error_when_a_text_is_raised() -> None:
    """A stub can raise a string, as definitions can."""
    run = asked({"answer": {"raise": "no"}})

    assert run.error is not None
    assert ("no", ()) == (run.error.message, run.error.tags)


@pytest.mark.parametrize(
    ("stub", "matches"),
    [
        ({"url": "http://a/b"}, True),
        ({"url": "http://a/*"}, True),
        ({"url": "http://a/"}, False),
        ({"url": "http://a/b?x=1"}, True),
        ({"url": "http://a/b?x=*&y=2"}, True),
        ({"url": "http://a/b?x=2"}, False),
        ({"method": "post"}, True),
        ({"method": "GET"}, False),
        ({"call": "http.*"}, True),
        ({"call": "http.get"}, False),
        ({"step": "ask"}, True),
        ({"body": {"k": [1]}}, True),
        ({"body": {"k": []}}, False),
        ({"body": {"k": [True]}}, False),
        ({"step": "ask", "method": "GET"}, False),
    ],
)
def test_stub_when_it_says_which_calls(stub: dict[str, object], *, matches: bool) -> None:
    """All that is given must be so: a query is looked at only if there is one."""
    step = 'call: http.post\nargs: {url: "http://a/b?x=1&y=2", body: {k: [1], l: 2}}'
    stubs: list[dict[str, object]] = [
        {**stub, "answer": {"body": "mine"}},
        {"call": "*", "answer": {"body": "other"}},
    ]

    assert ("mine" if matches else "other") == result_of(run_definition(called(step), stubs=stubs))[
        "body"
    ]


def test_call_when_no_stub_answers() -> None:
    """The message names the call, its step and line, says how near others are, and what to add."""
    stubs: list[dict[str, object]] = [
        {"url": "https://api.example.com/orders/8", "answer": {}},
        {"step": "look", "times": 1, "answer": {"status": 503}},
    ]
    with pytest.raises(StuckError) as caught:
        run_definition(APPROVAL, ORDER, stubs=stubs)

    assert [
        "no stub answers http.get in step 'look' (routine 'main', line 7)",
        "  GET https://api.example.com/orders/7?full=true",
        "stubs[1] is for it, but its times (1) are over",
        "stubs[0] is for another url: https://api.example.com/orders/8",
        "add to the stubs:",
        "  - call: http.get",
        "    step: look",
        "    method: GET",
        "    url: https://api.example.com/orders/7",
        "    answer:",
        "      status: 200",
        "      body: {}",
    ] == caught.value.message.splitlines()
    assert ("ACTIVE", 2) == (caught.value.so_far.state, len(caught.value.so_far.calls))


def test_call_when_stubs_are_almost_for_it() -> None:
    """What stands nearest is said first: the same address, the same host, then anything alike."""
    stubs: list[dict[str, object]] = [
        {"body": 1, "answer": {}},
        {"call": "http.*", "step": "store", "answer": {}},
        {"url": "https://api.example.com/orders/8", "answer": {}},
        {"url": "https://api.example.com/orders/*?full=no", "method": "POST", "answer": {}},
    ]
    with pytest.raises(StuckError) as caught:
        run_definition(APPROVAL, ORDER, stubs=stubs)

    assert [
        "stubs[3] is for another query: full=no, and another method: POST",
        "stubs[2] is for another url: https://api.example.com/orders/8",
        "stubs[1] is for another step: store",
    ] == caught.value.message.splitlines()[2:5]


def test_call_when_no_stub_is_almost_for_it() -> None:
    """That there is none is said."""
    with pytest.raises(StuckError, match="\nno stub is for such a call\n"):
        run_definition(APPROVAL, ORDER, stubs=[{"body": 1, "answer": {}}])


def test_connector_when_its_name_is_almost_that_of_a_stub() -> None:
    """A pattern that is written wrongly is told of."""
    stubs: list[dict[str, object]] = [{"call": "googleapi.storage.v1.objects.*", "answer": {}}]
    step = "call: googleapis.storage.v1.objects.get\nargs: {bucket: b, object: o}"
    with pytest.raises(StuckError) as caught:
        run_definition(called(step), stubs=stubs)

    assert (
        "stubs[0] is for another call: googleapi.storage.v1.objects.*"
        == (caught.value.message.splitlines()[1])
    )


def test_connector_when_no_stub_answers() -> None:
    """Its stanza returns a value."""
    with pytest.raises(StuckError, match="there are no stubs") as caught:
        run_definition(called("call: gke.create_job\nargs: {cluster_id: c}"))

    assert caught.value.message.endswith(
        "  - call: gke.create_job\n    step: ask\n    answer:\n      return: {}"
    )


def test_callbacks_when_endpoints_are_named() -> None:
    """An endpoint is named by its step or its number; early payloads wait."""
    run = run_definition(
        TWO_ENDPOINTS,
        callbacks=[
            {"step": "first", "after": 1, "query": {"q": ["1", "2"]}, "headers": {"x-a": "b"}},
            {"endpoint": 2, "after": 20, "text": "hello"},
        ],
        now=100,
    )
    first, second = result_of(run)["a"], result_of(run)["b"]

    assert ("GET", {"q": ["1", "2"]}, {"X-A": "b"}, None) == (
        first["method"],
        first["query"],
        first["headers"],
        first["body"],
    )
    assert ("POST", "hello") == (second["method"], second["body"])
    assert ["buffered", "resumed"] == [sent.outcome for sent in run.callbacks]
    assert 125 == result_of(run)["at"]


def test_callback_when_a_step_awaits_it() -> None:
    """Time counts from when the step began to wait; each is for one wait of it."""
    source = """
main:
  steps:
    - open: {call: events.create_callback_endpoint, result: cb}
    - begin: {assign: [{got: []}]}
    - nap: {call: sys.sleep, args: {seconds: 7}}
    - ask: {call: events.await_callback, args: {callback: "${cb}", timeout: 60}, result: r}
    - keep: {assign: [{got: "${list.concat(got, r.http_request.body)}"}]}
    - again: {switch: [{condition: "${len(got) < 2}", next: nap}]}
    - done: {return: "${got}"}
"""
    twice = [{"awaiting": "ask", "after": 10, "body": n} for n in (1, 2)]
    run = run_definition(source, callbacks=twice)

    assert ([1, 2], 2 * 17) == (run.result, run.duration)


def test_callback_when_it_comes_too_late() -> None:
    """The wait ends by its timeout, and the callback was never due."""
    run = run_definition(
        APPROVAL, ORDER, stubs=[LOOK, STORE], callbacks=[{**APPROVED, "after": 3601}]
    )

    assert run.error is not None
    assert (("TimeoutError",), 3600, 1) == (run.error.tags, run.duration, run.unsent)


def test_callback_when_its_method_is_wrong() -> None:
    """It is refused, as the server would, and the wait goes on."""
    get, post = {**APPROVED, "method": "GET"}, {**APPROVED, "after": 70, "method": "POST"}
    run = run_definition(APPROVAL, ORDER, stubs=[LOOK, STORE], callbacks=[get, post])

    assert (70, ["refused", "resumed"]) == (run.duration, [sent.outcome for sent in run.callbacks])


def test_callback_when_nothing_takes_it() -> None:
    """That nothing waited for it any more is told."""
    twice = [APPROVED, {**APPROVED, "after": 60}]
    run = run_definition(APPROVAL, ORDER, stubs=[LOOK, STORE], callbacks=twice)

    why = "nothing waited for it any more at the endpoint of step 'open'"
    note = f"callbacks[1]: it arrived at 2026-01-01T00:01:00.000Z, but {why}"
    assert (note,) == run.callback_notes


def test_callback_when_python_names_a_wrong_step() -> None:
    """It is refused before anything runs."""
    with pytest.raises(ValueError, match=r"^callbacks\[0\]: no step 'opn' does .*mean 'open'\?$"):
        run_definition(APPROVAL, ORDER, callbacks=[{"step": "opn"}])


def test_branches_when_they_ask_in_parallel() -> None:
    """Answers come in the order in which they are due."""
    source = """
main:
  steps:
    - begin: {assign: [{order: []}]}
    - all:
        parallel:
          shared: [order]
          for:
            value: n
            in: [3, 1, 2]
            steps:
              - ask: {call: http.get, args: {url: '${"http://a/" + n}'}}
              - note: {assign: [{order: "${list.concat(order, n)}"}]}
    - done: {return: "${order}"}
"""
    stubs = [{"url": f"http://a/{n}", "answer": {"delay": n}} for n in (1, 2, 3)]
    run = run_definition(source, stubs=stubs)

    assert ([1, 2, 3], 3) == (run.result, run.duration)


def test_environment_when_variables_are_given() -> None:
    """`sys.get_env` reads them, and Google's have values of their own."""
    names = ("MINE", "GOOGLE_CLOUD_PROJECT_ID", "GOOGLE_CLOUD_LOCATION", "GOOGLE_CLOUD_WORKFLOW_ID")
    read = ", ".join(f"'${{sys.get_env(\"{name}\")}}'" for name in names)
    source = f"main:\n  steps:\n    - s: {{return: [{read}]}}"
    run = run_definition(source, env={"MINE": "x", "GOOGLE_CLOUD_LOCATION": "europe-west1"})

    assert ["x", "local-project", "europe-west1", "definition"] == run.result


@pytest.mark.parametrize(
    "env", [{"GOOGLE_CLOUD_PROJECT_ID": "a/b"}, {"GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID": "1"}]
)
def test_environment_when_it_makes_no_name(env: dict[str, str]) -> None:
    """Names are checked before anything runs."""
    with pytest.raises(ValueError, match="GOOGLE_CLOUD"):
        run_definition(APPROVAL, ORDER, env=env)


def test_records_when_they_are_python_objects() -> None:
    """Stubs and callbacks may be records, which a type checker checks."""
    run = run_definition(
        APPROVAL,
        ORDER,
        stubs=[
            Stub(step="look", answer=Answer(body={"total": 1})),
            Stub(step="store", answer=Answer(returns={"name": "n"})),
        ],
        callbacks=[Callback(awaiting="wait", body={"approved": False})],
    )

    assert {"approved": False, "name": "n"} == run.result
