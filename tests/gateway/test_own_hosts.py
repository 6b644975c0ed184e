"""Requests of workflows to hosts that the server itself answers for."""

from __future__ import annotations

import json
import queue
from collections.abc import Iterator

import pytest

from ringback_server.api.requests import Requests
from ringback_server.gateway.own_hosts import OwnHosts
from ringback_server.lang.http_exchange import (
    FailureKind,
    HttpAnswer,
    HttpFailure,
    HttpRequest,
    HttpResponse,
)
from ringback_server.model.names import ExecutionName
from tests.edges import http_edge
from tests.engine.outbound.upstream import client, response_to
from tests.others import Others
from tests.replacing import replace
from tests.services import INVOKER, NOBODY, PARENT, VIEWER, Service
from tests.waiting import PATIENCE

HOST = "workflowexecutions.googleapis.com"
#: headers that belong to one answer, or to a connection
OF_ONE = {"Date", "X-Request-Id"}

#: two of these exceed what a response may have: each backslash takes four bytes there
LARGE = """
- init: {assign: [{text: '\\\\\\\\\\\\\\\\\\\\'}, {n: 0}]}
- double: {assign: [{text: "${text + text}"}, {n: "${n + 1}"}]}
- again: {switch: [{condition: "${n < 14}", next: double}]}
- finish: {return: ["${text}", "${text}"]}
"""


@pytest.fixture
def others() -> Others:
    """Stand for everybody else."""
    return Others()


@pytest.fixture
def shut(others: Others) -> Iterator[OwnHosts]:
    """Start what takes requests and does not answer yet."""
    own = OwnHosts([HOST], others)
    own.start()
    try:
        yield own
    finally:
        own.close()
        own.close()


@pytest.fixture
def own(shut: OwnHosts, service: Service) -> OwnHosts:
    """Answer requests with a service."""
    shut.open(service.admission, Requests())
    return shut


def request(
    service: Service,
    path: str,
    method: str = "POST",
    *,
    email: str | None = INVOKER,
    body: object = None,
) -> HttpRequest:
    """Return a request to the host, with a token of an account."""
    headers = [("Content-Type", "application/json"), ("X-Tag", "ä")]
    if email is not None:
        headers.append(("Authorization", f"Bearer {service.token(email)}"))
    return HttpRequest(
        method=method,
        url=f"https://{HOST}{path}",
        headers=tuple(headers),
        body=None if body is None else json.dumps(body).encode(),
        timeout=PATIENCE,
    )


def answer_to(own: OwnHosts, sent: HttpRequest) -> HttpAnswer:
    """Send a request and return what came of it."""
    answers = queue.Queue[HttpAnswer]()
    own.submit(sent, answers.put)
    return answers.get(timeout=2 * PATIENCE)


def response(own: OwnHosts, sent: HttpRequest) -> HttpResponse:
    """Send a request and return its response, which there must be."""
    answer = answer_to(own, sent)
    if not isinstance(answer, HttpResponse):
        raise TypeError(answer)
    return answer


def test_request_to_start_an_execution(own: OwnHosts, service: Service, others: Others) -> None:
    """A workflow is started as Google's definitions do it, and nothing is sent anywhere."""
    service.execution("w", "- a: {return: 1}")
    path = f"/v1/{PARENT}/workflows/w/executions"
    found = response(own, request(service, path, body={"argument": "{}"}))

    assert 200 == found.code
    assert json.loads(found.body)["name"].startswith(f"{PARENT}/workflows/w/executions/")
    assert not others.calls


def test_request_when_it_is_sent_again(own: OwnHosts, service: Service) -> None:
    """What a crash makes a workflow send again, with the same key, starts nothing more."""
    service.execution("w")
    path = f"/v1/{PARENT}/workflows/w/executions"
    sent = request(service, path, body={"argument": "1"})
    keyed = replace(sent, headers=(*sent.headers, ("Idempotency-Key", "k")))
    names = [json.loads(response(own, one).body)["name"] for one in (keyed, keyed, sent, sent)]
    other = response(own, replace(keyed, body=b'{"argument": "2"}'))

    assert (names[0], 3) == (names[1], len(set(names)))
    assert (409, "ALREADY_EXISTS") == (other.code, json.loads(other.body)["error"]["status"])


def test_request_to_answer_a_callback(own: OwnHosts, service: Service) -> None:
    """A callback URL with Google's host resumes the execution that it belongs to."""
    execution = service.execution("w")
    url = f"/v1/{service.endpoint(execution.name)}?a=%C3%A4"
    found = response(own, request(service, url, body={"event": "done"}))
    seen = json.loads(service.ended(execution.name).result or "")

    assert (200, "resumed") == (found.code, dict(found.headers)["Ringback-Outcome"])
    assert ({"event": "done"}, {"a": "ä"}) == (seen["body"], seen["query"])
    assert (HOST, "Authorization" in seen["headers"]) == (seen["headers"]["Host"], False)


@pytest.mark.parametrize(
    "url",
    [
        "https://workflowexecutions.googleapis.com.example/v1/",
        "https://a.workflowexecutions.googleapis.com/",
        "http://workflowexecutions.googleapis.com/",
        "https://workflowexecutions.googleapis.com:8443/",
        "https://example.test/?https://workflowexecutions.googleapis.com/",
    ],
)
def test_request_to_others(shut: OwnHosts, others: Others, url: str) -> None:
    """What goes elsewhere is sent as it is."""
    sent = HttpRequest(method="GET", url=url, timeout=1)
    given = shut.submit(sent, lambda _: None)

    assert [sent] == [call.request for call in others.calls]
    assert given is others.calls[0]


@pytest.mark.parametrize("authority", [f"{HOST}:443", f"{HOST}."])
def test_request_by_another_spelling(own: OwnHosts, authority: str) -> None:
    """The host's own port and the dot of the root change nothing."""
    sent = HttpRequest(method="GET", url=f"https://{authority}/v1/x", timeout=PATIENCE)

    assert 404 == response(own, sent).code


def _requests(service: Service) -> list[HttpRequest]:
    execution = service.execution("w")
    parent = f"/v1/{PARENT}/workflows"
    callback = f"/v1/{service.endpoint(execution.name)}"
    id_token = service.issuer.id_token(INVOKER, f"https://{HOST}{callback}").token
    foreign = replace(
        request(service, callback, email=None),
        headers=(("Authorization", f"Bearer {id_token}"),),
    )
    return [
        request(service, f"{parent}/w/executions", email=None),
        foreign,
        request(service, f"{parent}/w/executions", email=NOBODY),
        request(service, f"{parent}/w/executions", email=VIEWER),
        request(service, f"{parent}/none/executions", body={}),
        request(service, f"{parent}/w/executions", body={"argument": "{"}),
        request(service, f"{parent}/w/executions", body={"nothing": 1}),
        request(service, f"{parent}/w", "GET", email=VIEWER),
        request(service, f"/v1/{execution.name}", "DELETE"),
        request(service, f"{parent}?$alt=json;enum-encoding=int", "GET"),
        request(service, callback, "PUT"),
        request(service, callback, "HEAD"),
        request(service, callback, body="x" * (256 * 1024 + 1)),
        request(service, f"{parent}/w%2Fexecutions/../x", "GET"),
        request(service, "/token", body={}),
        request(service, "/v1/", "OPTIONS"),
    ]


def test_answers_when_compared_with_the_port(own: OwnHosts, service: Service) -> None:
    """Whatever is asked, the answer is that of the HTTP port: status, headers and body."""
    asked = _requests(service)
    with http_edge(service) as edge, client() as running:
        base = str(edge.base_url).rstrip("/")
        over = [
            response_to(running, replace(sent, url=sent.url.replace(f"https://{HOST}", base)))
            for sent in asked
            if not sent.url.endswith("/token")
        ]
    inside = [response(own, sent) for sent in asked]
    token = inside.pop(len(asked) - 2)

    def shown(found: HttpResponse) -> tuple[int, bytes, set[tuple[str, str]]]:
        headers = {pair for pair in found.headers if pair[0] not in OF_ONE}
        return found.code, found.body, headers

    assert [shown(found) for found in over] == [shown(found) for found in inside]
    assert [401, 401, 403, 403, 404, 400, 400, 200] == [found.code for found in inside[:8]]
    # What only the port has is not reached: Google's hosts give out no tokens here.
    assert 404 == token.code


def test_request_before_there_is_an_answer(shut: OwnHosts, service: Service) -> None:
    """Requests wait until the server is up, in their time; giving one up harms no other."""
    answers = queue.Queue[HttpAnswer]()
    sent = request(service, "/v1/x", "GET")
    shut.submit(sent, answers.put).cancel()
    late = answer_to(shut, replace(sent, timeout=0.05))
    shut.submit(sent, answers.put)
    shut.open(service.admission, Requests())
    first = answers.get(timeout=PATIENCE)

    assert isinstance(late, HttpFailure)
    assert FailureKind.TIMEOUT is late.kind
    assert isinstance(first, HttpResponse)
    assert (404, True) == (first.code, answers.empty())


def test_answer_when_it_is_too_large(own: OwnHosts, service: Service) -> None:
    """Answers have the bound of all others."""
    parent = f"/v1/{PARENT}/workflows/w/executions"
    service.execution("w", LARGE)
    for _ in range(3):
        created = json.loads(response(own, request(service, parent)).body)
        ended = service.ended(ExecutionName.parse(created["name"]))
        assert len(ended.result or "") > 300_000
    answer = answer_to(own, request(service, f"{parent}?view=FULL", "GET"))

    assert isinstance(answer, HttpFailure)
    assert FailureKind.TOO_LARGE is answer.kind
