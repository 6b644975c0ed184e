"""The callback URL, over a real socket."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import cast

import httpx
import pytest

from ringback_server.control import callbacks, executions
from ringback_server.control.listing import ListRequest
from ringback_server.model.names import CallbackName
from tests.edges import http_edge
from tests.services import INVOKER, NOBODY, Service

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")

WAITS = """
- create:
    call: events.create_callback_endpoint
    args: {{http_callback_method: {method}}}
    result: endpoint
- wait:
    call: events.await_callback
    args: {{callback: "${{endpoint}}"}}
    result: request
- finish:
    return: ${{request.http_request}}
"""


@pytest.fixture
def client(service: Service) -> Iterator[httpx.Client]:
    """Open an HTTP client of the service."""
    with http_edge(service) as opened:
        yield opened


class Waiting:
    """An execution that waits for a callback of some method, and the URL for it."""

    def __init__(self, service: Service, method: str = "POST") -> None:
        self.service = service
        self.execution = service.execution("w", WAITS.format(method=method))
        self.endpoint = service.endpoint(self.execution.name)
        self.url = f"/v1/{self.endpoint}"
        self.headers = {"Authorization": f"Bearer {service.token(INVOKER)}"}

    def request(self) -> dict[str, object]:
        """Return the request that the execution ended with."""
        found: dict[str, object] = json.loads(self.service.ended(self.execution.name).result or "")
        return found

    def waiters(self) -> int:
        """Return how many steps wait."""
        caller = self.service.caller()
        return callbacks.list_(caller, self.execution.name, ListRequest()).items[0].waiters


@pytest.mark.parametrize("method", METHODS)
def test_send_with_method(service: Service, client: httpx.Client, method: str) -> None:
    """Each of the seven methods reaches an endpoint that was created for it."""
    waiting = Waiting(service, method)
    answer = client.request(method, waiting.url, headers=waiting.headers)

    assert (200, "resumed") == (answer.status_code, answer.headers["Ringback-Outcome"])
    assert ("" if method == "HEAD" else "{}\n") == answer.text
    assert method == waiting.request()["method"]


@pytest.mark.parametrize("method", METHODS)
def test_send_with_another_method(service: Service, client: httpx.Client, method: str) -> None:
    """Any other method is told which one is expected, and consumes nothing."""
    expected = "PUT" if method == "GET" else "GET"
    waiting = Waiting(service, expected)
    answer = client.request(method, waiting.url, headers=waiting.headers)

    assert (405, expected) == (answer.status_code, answer.headers["Allow"])
    if method == "HEAD":
        assert "" == answer.text
    assert 1 == waiting.waiters()


def test_send_with_everything(service: Service, client: httpx.Client) -> None:
    """The workflow sees method, path, query, headers and body; no credentials."""
    waiting = Waiting(service)
    client.post(
        f"{waiting.url}?a=1&b=2&b=3&c=%C3%A4+%2B&d&access_token=hidden",
        headers=[
            *waiting.headers.items(),
            ("Cookie", "hidden=1"),
            ("x-tag", "one"),
            ("X-Tag", "two"),
            ("X-Hub-Signature-256", "hidden"),
            ("Content-Type", "application/json"),
        ],
        content=b'{"n": 9007199254740993, "t": "\xc3\xa4"}',
    )
    request = waiting.request()
    headers = cast("dict[str, str]", request["headers"])

    assert {"n": 9007199254740993, "t": "ä"} == request["body"]
    assert {"a": "1", "b": ["2", "3"], "c": "ä +", "d": ""} == request["query"]
    assert ("one, two", "application/json") == (headers["X-Tag"], headers["Content-Type"])
    assert {"Host", "User-Agent"} < set(headers)
    assert waiting.url == request["url"]
    assert "hidden" not in str(request)
    assert "Authorization" not in headers


def test_send_by_order_of_checks(service: Service, client: httpx.Client) -> None:
    """401, 403, 404, 405, 413: in this order, whatever else is wrong (SPEC 10.13)."""
    waiting = Waiting(service)
    unknown = f"/v1/{CallbackName.of(waiting.execution.name, 9)}"
    nobody = {"Authorization": f"Bearer {service.token(NOBODY)}"}
    huge = b"x" * (256 * 1024 + 1)
    answers = [
        client.put(unknown, content=huge),
        client.put(unknown, content=huge, headers={"Authorization": "Bearer x"}),
        client.put(unknown, content=huge, headers=nobody),
        client.put(waiting.url, content=huge, headers=nobody),
        client.put(unknown, content=huge, headers=waiting.headers),
        client.put(waiting.url, content=huge, headers=waiting.headers),
        client.post(waiting.url, content=huge, headers=waiting.headers),
        client.post(waiting.url, content=iter([huge, huge]), headers=waiting.headers),
        client.post(waiting.url, headers=waiting.headers),
    ]

    assert [401, 401, 403, 403, 404, 405, 413, 413, 200] == [
        answer.status_code for answer in answers
    ]
    assert "Bearer" == answers[0].headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "ending", ["x", "a b", "%2F", "..%2f", "%00", "x" * 300, "8a244223-11a2-5f4d-b875-6ec469d192a6"]
)
def test_send_to_no_endpoint(service: Service, client: httpx.Client, ending: str) -> None:
    """What is no callback's name is not found, after authentication."""
    waiting = Waiting(service)
    url = f"{waiting.url.rpartition('/')[0]}/{ending}"
    answer = client.post(url, headers=waiting.headers)

    assert (404, "NOT_FOUND") == (answer.status_code, answer.json()["error"]["status"])
    assert 401 == client.post(url).status_code


def test_send_after_the_end(service: Service, client: httpx.Client) -> None:
    """An execution that has ended takes no callbacks."""
    waiting = Waiting(service)
    executions.cancel(service.caller(), waiting.execution.name)
    answer = client.post(waiting.url, headers=waiting.headers)

    assert 404 == answer.status_code
    assert "EXECUTION_ENDED" == answer.json()["error"]["details"][0]["reason"]


def test_send_again_with_a_key(service: Service, client: httpx.Client) -> None:
    """A repeat of a callback with a key is answered alike, with another body it is a conflict."""
    other = """
- create:
    call: events.create_callback_endpoint
    result: endpoint
- wait:
    call: sys.log
    args: {text: "${endpoint.url}"}
- again:
    call: events.create_callback_endpoint
    result: endpoint
- block:
    call: events.await_callback
    args: {callback: "${endpoint}"}
"""
    execution = service.execution("w", other)
    url = f"/v1/{service.endpoint(execution.name)}"
    headers = {"Authorization": f"Bearer {service.token(INVOKER)}", "Idempotency-Key": "k"}
    first = client.post(url, headers=headers, content=b"1")
    second = client.post(url, headers=headers, content=b"1")
    third = client.post(url, headers=headers, content=b"2")

    assert ["buffered", "duplicate"] == [
        answer.headers["Ringback-Outcome"] for answer in (first, second)
    ]
    assert first.headers["Ringback-Payload-Id"] == second.headers["Ringback-Payload-Id"]
    assert 409 == third.status_code


def test_send_when_the_client_hangs_up(service: Service, client: httpx.Client) -> None:
    """A body that breaks off is no callback: nothing is consumed and the server goes on."""
    waiting = Waiting(service)
    url = client.base_url
    head = [
        f"POST {waiting.url} HTTP/1.1",
        f"Host: {url.host}",
        f"Authorization: {waiting.headers['Authorization']}",
        "Content-Length: 1000",
        "",
        "only a part",
    ]
    with socket.create_connection((url.host, url.port or 80)) as connection:
        connection.sendall("\r\n".join(head).encode())
    headers = {**waiting.headers, "Content-Type": "text/plain"}
    answer = client.post(waiting.url, headers=headers, content=b"whole")

    assert "resumed" == answer.headers["Ringback-Outcome"]
    assert "whole" == waiting.request()["body"]


def test_send_with_trailers(service: Service, client: httpx.Client) -> None:
    """What comes behind a body is no header: neither a token nor part of the request."""
    waiting = Waiting(service)
    url = httpx.URL(waiting.url)
    token = waiting.headers["Authorization"]
    head = f"POST {url.path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
    trailers = f"0\r\nAuthorization: {token}\r\nX-Late: 1\r\n\r\n"
    without = _answer(client, f"{head}\r\n{trailers}")
    with_token = _answer(client, f"{head}Authorization: {token}\r\n\r\n{trailers}")
    result = service.ended(waiting.execution.name).result or ""

    assert (b"401", b"200") == (without.split()[1], with_token.split()[1])
    assert "X-Late" not in result


def _answer(client: httpx.Client, request: str) -> bytes:
    """Send bytes to where a client's requests go; return the beginning of the answer."""
    where = (client.base_url.host, client.base_url.port or 80)
    with socket.create_connection(where, timeout=10) as connection:
        connection.sendall(request.encode())
        return connection.recv(4096)
