"""Calls of connectors: what is sent, what is sent again, and how what was begun is waited for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from ringback_server.lang.connectors import Argument, Method, Polling, Resource
from ringback_server.lang.effects import Event, Expired, Outcome, Responded, Status
from ringback_server.lang.http_exchange import HttpAuth, HttpRequest
from ringback_server.lang.limits import RunLimits
from ringback_server.lang.machine import Machine
from tests.lang.described import MAKE, METHODS, NAME, ROOT, Described
from tests.lang.playing import BEGIN, answer_of, context, inputs, program_of
from tests.replacing import replace

MADE = """
- call:
    try:
      call: googleapis.things.v1.projects.things.make
      args:
        name: projects/p/things/t
        body: {size: 3}
        connector_params: PARAMS
      result: r
    except:
      as: e
      steps:
      - caught: {return: "${e}"}
- done: {return: "${r}"}
"""
GOT = """
- call:
    try:
      call: googleapis.things.v1.projects.things.get
      args: {name: projects/p/things/t}
      result: r
    except:
      as: e
      steps:
      - caught: {return: "${e}"}
- done: {return: "${r}"}
"""
POLL = f"{ROOT}v1/projects/p/operations/o"
RUNNING = {"json": {"name": "projects/p/operations/o"}}
DONE = {"json": {"name": "projects/p/operations/o", "done": True, "response": {"size": 3}}}


@dataclass(slots=True)
class Story:
    """What happened: requests with the seconds at which they were sent, and the end."""

    requests: list[tuple[float, HttpRequest]] = field(
        default_factory=list[tuple[float, HttpRequest]]
    )
    outcome: Outcome | None = None
    seconds: float = 0.0
    steps: int = 0

    @property
    def sent(self) -> list[tuple[float, str, str]]:
        """The second, verb and URL of each request."""
        return [(at, one.method, one.url) for at, one in self.requests]

    @property
    def result(self) -> dict[str, Any]:
        """What the execution returned."""
        assert self.outcome is not None
        assert Status.SUCCEEDED == self.outcome.status
        result: dict[str, Any] = json.loads(self.outcome.result or "")
        return result


def told(
    source: str,
    *answers: object,
    methods: Mapping[str, Method] = METHODS,
    limits: RunLimits | None = None,
) -> Story:
    """Run a definition whose requests are answered in turn; the last answer is given for ever.

    "silence" is no answer at all. The machine is packed and unpacked between all advances.
    """
    program, around = program_of(source), replace(context(), connectors=Described(methods))
    limits = limits or RunLimits()
    machine = Machine.start(program, None, around, limits)
    story, script, now, events = Story(), list(answers), BEGIN, list[Event]()
    while True:
        story.outcome = machine.advance(inputs(events, now=now))
        story.seconds, story.steps = now - BEGIN, machine.steps
        if story.outcome.status is not Status.WAITING:
            return story
        machine = Machine.unpack(program, machine.pack(), around, limits)
        [wait] = machine.waits.values()
        if wait.request is not None:
            story.requests.append((round(now - BEGIN, 6), wait.request))
            answer = script.pop(0) if len(script) > 1 else script[0]
            if answer != "silence":
                events = [Responded(wait.number, answer_of(answer))]
                continue
        assert wait.deadline is not None
        now, events = max(now, wait.deadline), [Expired(wait.number)]


def test_request_when_it_is_sent() -> None:
    """A call sends what the method says, with the account's token, and results in the body."""
    story = told(GOT, {"json": {"size": 3}})
    [(_, request)] = story.requests

    assert {"size": 3} == story.result
    assert [(0.0, "GET", f"{ROOT}v1/projects/p/things/t")] == story.sent
    assert HttpAuth(type="OAuth2") == request.auth
    assert 1800 == request.timeout
    assert ["User-Agent"] == [name for name, _ in request.headers]


def test_request_when_it_has_a_body() -> None:
    """A body is JSON, scopes are asked for, and what emulators know is sent as it is."""
    method = replace(MAKE, bearer="owner", polling=None)
    source = MADE.replace("PARAMS", "{scopes: [a, b], timeout: 60}")
    owner = told(source, {"json": {}}, methods={method.name: method}).requests[0][1]
    token = told(source, {"json": {"done": True}}).requests[0][1]

    assert (b'{"size":3}', 60) == (owner.body, owner.timeout)
    assert ("application/json; charset=utf-8", "Bearer owner") == (
        dict(owner.headers)["Content-Type"],
        dict(owner.headers)["Authorization"],
    )
    assert owner.auth is None
    assert HttpAuth(type="OAuth2", scopes=("a", "b")) == token.auth


@pytest.mark.parametrize("failure", [{"code": 429}, {"code": 503}, "CONNECTION_FAILED"])
@pytest.mark.parametrize("source", [GOT, MADE.replace("PARAMS", "{}")])
def test_request_when_it_can_have_had_no_effect(source: str, failure: object) -> None:
    """Any request is sent again, five times at most, with growing pauses."""
    sent = [at for at, _, _ in told(source, failure).sent]
    once = told(source, failure, DONE)

    assert [0.0, 1.0, 2.25, 3.8125, 5.765625, 8.207031] == sent
    assert 1.0 == once.seconds
    assert once.result["done"]


@pytest.mark.parametrize("failure", [{"code": 502}, {"code": 504}, "TIMEOUT", "CONNECTION_BROKEN"])
def test_request_when_it_may_have_had_an_effect(failure: object) -> None:
    """Only what reads is sent again."""
    assert 2 == len(told(GOT, failure, {"json": {}}).sent)
    assert 1 == len(told(MADE.replace("PARAMS", "{}"), failure).sent)


@pytest.mark.parametrize("source", [GOT, MADE.replace("PARAMS", "{}")])
def test_error_when_a_service_refuses(source: str) -> None:
    """An answer from 400 on is the HttpError that `http` gives."""
    story = told(source, {"code": 404, "json": {"error": {"code": 404}}})

    assert 1 == len(story.sent)
    assert (404, ["HttpError"]) == (story.result["code"], story.result["tags"])
    assert {"error": {"code": 404}} == story.result["body"]


def test_operation_when_it_takes_a_while() -> None:
    """It is looked at with growing pauses until it is done, and then the result: steps count."""
    story = told(MADE.replace("PARAMS", "{}"), RUNNING, RUNNING, RUNNING, DONE)
    made = f"{ROOT}v1/projects/p/things/t:make"
    polls = [(1.0, "GET", POLL), (2.25, "GET", POLL), (3.8125, "GET", POLL)]

    assert [(0.0, "POST", made), *polls] == story.sent
    assert DONE["json"] == story.result
    assert told(MADE.replace("PARAMS", "{}"), DONE).steps + len(polls) == story.steps


def test_operation_when_the_policy_is_chosen() -> None:
    """The first pause, their growth and the longest are the caller's to say."""
    policy = "{polling_policy: {initial_delay: 2, multiplier: 3, max_delay: 10}}"
    story = told(MADE.replace("PARAMS", policy), *[RUNNING] * 4, DONE)

    assert [0.0, 2.0, 8.0, 18.0, 28.0] == [at for at, _, _ in story.sent]


def test_operation_when_polling_is_skipped() -> None:
    """The first answer is the result."""
    story = told(MADE.replace("PARAMS", "{skip_polling: true}"), RUNNING)

    assert RUNNING["json"] == story.result
    assert 1 == len(story.sent)


def test_operation_when_it_fails() -> None:
    """The OperationError has the operation and its error."""
    failed = {
        "name": "projects/p/operations/o",
        "done": True,
        "error": {"code": 8, "message": "no"},
    }
    story = told(MADE.replace("PARAMS", "{}"), RUNNING, {"json": failed})

    assert story.result == {
        "message": "no",
        "tags": ["OperationError"],
        "operation": failed,
        "error": {"code": 8, "message": "no"},
    }


def test_operation_when_looking_at_it_fails() -> None:
    """A look that fails is repeated, and what was begun is not begun again."""
    story = told(MADE.replace("PARAMS", "{}"), RUNNING, {"code": 503}, {"code": 502}, RUNNING, DONE)

    assert ["POST", "GET", "GET", "GET", "GET"] == [verb for _, verb, _ in story.sent]
    assert [0.0, 1.0, 2.0, 3.25, 4.5] == [at for at, _, _ in story.sent]
    assert story.result["done"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"name": 7},
        {"name": "a/../b"},
        {"name": "%2e%2e/x"},
        {"selfLink": f"{ROOT}a/../b"},
        {"selfLink": f"{ROOT}%2E%2E/b"},
        {"selfLink": f"{ROOT}%252e%252e/b"},
        {"selfLink": f"{ROOT}a/..%2Fb"},
        {"selfLink": f"{ROOT}a\r\nX: y"},
        {"selfLink": "https://[x/a"},
    ],
)
def test_operation_when_the_answer_names_none(body: object) -> None:
    """What cannot be looked at is a ResponseTypeError."""
    story = told(MADE.replace("PARAMS", "{}"), {"json": body})

    assert ["ResponseTypeError"] == story.result["tags"]


@pytest.mark.parametrize("script", [[RUNNING], ["silence"], [RUNNING, "silence"]])
def test_call_when_its_time_is_over(script: list[object]) -> None:
    """The TimeoutError comes when it should, whatever the call is waiting for."""
    story = told(MADE.replace("PARAMS", "{timeout: 4.5}"), *script)

    assert 4.5 == story.seconds
    assert ["TimeoutError"] == story.result["tags"]
    assert "took longer than 4.5 s" in story.result["message"]


def test_steps_when_polls_use_them_up() -> None:
    """Looking is bounded like everything else."""
    story = told(MADE.replace("PARAMS", "{timeout: 31536000}"), RUNNING, limits=RunLimits(steps=20))

    assert story.outcome is not None
    assert story.outcome.failure is not None
    assert "Step limit exceeded" in story.outcome.failure.context
    assert 21 == story.steps
    assert 18 == len(story.sent)


KINDS: list[tuple[Polling, dict[str, Any], str, dict[str, Any], dict[str, Any]]] = [
    (
        Polling(
            kind="status",
            resources=(
                Resource(template="c/{project}/z/{zone}/{operation}", arguments={}),
                Resource(template="c/{project}/g/{operation}", arguments={}),
            ),
        ),
        {"name": "op", "status": "RUNNING", "zone": "https://x.test/c/zones/z1"},
        f"{ROOT}c/p1/z/z1/op",
        {"status": "DONE"},
        {"status": "DONE", "error": {"errors": [{"code": "X", "message": "full"}]}},
    ),
    (
        Polling(kind="status"),
        {"status": "PENDING", "selfLink": "https://elsewhere.test/c/v1/op?x=1"},
        f"{ROOT}c/v1/op",
        {"status": "DONE"},
        {"status": "DONE", "error": {"errors": []}},
    ),
    (
        Polling(
            kind="bigquery",
            resources=(
                Resource(
                    template="b/{+projectId}/jobs/{+jobId}",
                    arguments={"location": Argument(location="query")},
                ),
            ),
        ),
        {
            "status": {"state": "RUNNING"},
            "jobReference": {"projectId": "p", "jobId": "j", "location": "EU"},
        },
        f"{ROOT}b/p/jobs/j?location=EU",
        {"status": {"state": "DONE"}},
        {"status": {"state": "DONE", "errorResult": {"message": "bad"}}},
    ),
    (
        Polling(
            kind="dataflow",
            resources=(Resource(template="d/{projectId}/{location}/{jobId}", arguments={}),),
        ),
        {"id": "j", "projectId": "p", "location": "l", "currentState": "JOB_STATE_RUNNING"},
        f"{ROOT}d/p/l/j",
        {"currentState": "JOB_STATE_DONE"},
        {"currentState": "JOB_STATE_CANCELLED"},
    ),
    (
        Polling(kind="run", resources=(Resource(template="r/{+name}", arguments={}),)),
        {"metadata": {"namespace": "n", "name": "e"}, "status": {}},
        f"{ROOT}r/namespaces/n/executions/e",
        {"status": {"conditions": [{"type": "Completed", "status": "True"}]}},
        {"status": {"conditions": [{"type": "Completed", "status": "False", "message": "exit"}]}},
    ),
]


@pytest.mark.parametrize(("polling", "first", "url", "done", "failed"), KINDS)
def test_job_when_a_service_has_its_own_kind(
    polling: Polling,
    first: dict[str, Any],
    url: str,
    done: dict[str, Any],
    failed: dict[str, Any],
) -> None:
    """Jobs and operations of each kind are found, and are seen to end and to fail."""
    method = replace(MAKE, polling=polling)
    method = replace(
        method,
        resource=Resource(
            template="v1/{+name}", arguments={"name": NAME, "project": Argument(location="query")}
        ),
    )
    source = MADE.replace("PARAMS", "{}\n        project: p1")
    methods = {method.name: method}
    ended = told(source, {"json": first}, {"json": first}, {"json": done}, methods=methods)
    lost = told(source, {"json": first}, {"json": failed}, methods=methods)

    assert [url, url] == [sent for _, _, sent in ended.sent[1:]]
    assert done == ended.result
    if failed.get("error") == {"errors": []}:
        assert "OperationError" == lost.result["tags"][0]
    else:
        assert (["OperationError"], failed) == (lost.result["tags"], lost.result["operation"])


@pytest.mark.parametrize(
    "link", ["https://evil.test/v1/op", "//evil.test/v1/op", "http:v1/op", f"{ROOT}v1/op#there"]
)
def test_job_when_its_link_leads_elsewhere(link: str) -> None:
    """What is looked at is on the server that the call went to, whatever an answer says."""
    method = replace(MAKE, polling=Polling(kind="status"))
    first = {"json": {"status": "RUNNING", "selfLink": link}}
    story = told(
        MADE.replace("PARAMS", "{}"),
        first,
        {"json": {"status": "DONE"}},
        methods={method.name: method},
    )

    assert f"{ROOT}v1/op" == story.sent[1][2]


def test_call_when_the_name_is_unknown() -> None:
    """What cannot be called is an error of the call."""
    story = told(GOT, {"json": {}}, methods={})

    assert ["ValueError"] == story.result["tags"]
