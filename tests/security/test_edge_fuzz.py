"""Whatever is sent to the edges: no crash, no internal error, and no traceback in the log."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringback_server.api.table import SERVICES
from tests.rpc.calls import status_of
from tests.security.callers import Callers
from tests.security.fuzzing import (
    AUTHORIZATIONS,
    BODIES,
    FORMS,
    KINDS,
    METHODS,
    TARGETS,
    bounded,
)
from tests.security.scenes import Scene
from tests.security.stage import Stage

_PATHS = [
    f"/{name}/{method}"
    for service in SERVICES
    for name in service.names
    for method in service.methods
]
_HEADERS = [
    "Content-Type",
    "Idempotency-Key",
    "Content-Encoding",
    "Cookie",
    "Range",
    "X-Request-Id",
]
_INTERNAL = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.DATA_LOSS}
_FORMS = ["/token", "/introspect", "/revoke", "/device_authorization", "/tokeninfo", "/device"]


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Let no test end with an error in the log."""
    yield
    assert [] == [record for record in caplog.records if record.levelno >= logging.ERROR]


def sent(stage: Stage, data: bytes) -> bytes:
    """Send bytes to the HTTP port, end there, and return all that comes back."""
    base = stage.http.base_url
    with socket.create_connection((base.host, base.port or 0), 5.0) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65_536), b""))
        except ConnectionError:
            return b""


def head(method: str, target: str, *headers: tuple[str, str]) -> bytes:
    """Return the head of a request, whatever is in it."""
    lines = [f"{method} {target} HTTP/1.1", "Host: a", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogatepass")


def check(answer: bytes) -> None:
    """Fail for an internal error, and for what is no answer."""
    if answer:
        status = int(answer.split(b" ", 2)[1])
        assert answer.startswith(b"HTTP/1.1 ")
        assert status < 500, answer[:500]


@bounded(150)
@given(data=st.binary(max_size=200))
def test_bytes_when_they_are_any(stage: Stage, data: bytes) -> None:
    """Bytes that are no request are refused, or wait for more."""
    check(sent(stage, data))


@bounded(200)
@given(
    method=METHODS | st.text(max_size=8),
    target=TARGETS,
    authorization=AUTHORIZATIONS,
    kind=KINDS,
    body=BODIES,
)
def test_request_when_nobody_sends_it(
    stage: Stage, method: str, target: str, authorization: str, kind: str, body: bytes
) -> None:
    """A stranger's request to any path is answered."""
    headers = [("Content-Length", str(len(body)))]
    headers += [("Authorization", authorization), ("Content-Type", kind)]

    check(sent(stage, head(method, f"/{target}", *headers) + body))


@bounded(250)
@given(method=METHODS, target=TARGETS, kind=KINDS, body=BODIES)
def test_request_when_the_administrator_sends_it(
    stage: Stage, callers: Callers, method: str, target: str, kind: str, body: bytes
) -> None:
    """So is any of somebody who may do everything; no body is followed by a watch."""
    if ":watch" in target:
        return
    headers = [("Content-Length", str(len(body)))]
    headers += [("Authorization", callers.right()), ("Content-Type", kind)]

    check(sent(stage, head(method, f"/v1/{target}", *headers) + body))


@bounded(200)
@given(path=st.sampled_from(_FORMS), form=FORMS, authorization=AUTHORIZATIONS)
def test_form_when_it_is_any(
    stage: Stage, path: str, form: list[tuple[str, str]], authorization: str
) -> None:
    """Forms of the authorization server are answered with JSON or a page."""
    body = urlencode(form, errors="replace").encode()
    kind = "application/x-www-form-urlencoded"
    headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
    headers += [("Authorization", authorization)]

    check(sent(stage, head("POST", path, *headers) + body))
    check(sent(stage, head("GET", f"/authorize?{body.decode()}", *headers[2:])))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A callback endpoint, and who may send to it."""

    stage: Stage
    path: str
    right: str


@pytest.fixture(scope="session")
def endpoint(stage: Stage, callers: Callers) -> Endpoint:
    """Return an endpoint that gets all callbacks."""
    return Endpoint(stage, f"/v1/{Scene.of(stage).callback}", callers.right())


@bounded(100)
@given(
    method=METHODS,
    query=st.text(max_size=20),
    header=st.tuples(
        st.sampled_from(_HEADERS),
        st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=255), max_size=30),
    ),
    body=BODIES,
)
def test_callback_when_it_is_any(
    endpoint: Endpoint, method: str, query: str, header: tuple[str, str], body: bytes
) -> None:
    """Any callback is taken or refused, whatever it holds, and the server goes on."""
    length = ("Content-Length", str(len(body)))
    target = f"{endpoint.path}?{urlencode({'q': query}, errors='replace')}"

    sending = head(method, target, length, header, ("Authorization", endpoint.right)) + body
    check(sent(endpoint.stage, sending))


@bounded(250)
@given(path=st.sampled_from(_PATHS), body=st.binary(max_size=60), right=st.booleans())
def test_message_when_it_is_any_bytes(
    stage: Stage, callers: Callers, path: str, body: bytes, *, right: bool
) -> None:
    """Bytes to any RPC are a message, or refused as none."""
    authorization = callers.right() if right else "Bearer not.a.token"
    send = stage.channel.unary_unary(path, request_serializer=bytes, response_deserializer=bytes)
    try:
        send(body, metadata=(("authorization", authorization),), timeout=2.0)
    except grpc.RpcError as error:
        code = status_of(error)
        assert code not in _INTERNAL, (path, body)
