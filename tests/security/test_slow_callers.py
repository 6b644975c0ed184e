"""Callers who send little for long: they keep nobody else waiting, and are sent away."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from ringback_server.gateway import oauth_forms, protocol, rest
from tests.rpc.calls import PARENT, REQUESTS, call
from tests.security.attacked import LIST, Attacked
from tests.security.callers import Callers
from tests.security.frames import END_HEADERS, HEADERS, PREFACE, block, frame
from tests.security.http_calls import PROJECT
from tests.security.stage import Stage
from tests.waiting import until

_HEAD = b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: "
_BODY = (
    b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 60000\r\n\r\n"
)
#: HTTP/2's preface, and a frame of headers that never ends
_HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000")
_ATTACKERS = 300
_SECONDS = 2


@pytest.mark.parametrize(
    ("edge", "beginning"),
    [("http", _HEAD), ("http", _BODY), ("grpc", b""), ("grpc", _HTTP2), ("metadata", _HEAD)],
    ids=["heads", "bodies", "handshakes", "frames", "metadata"],
)
def test_good_callers_when_others_are_slow(target: Attacked, edge: str, beginning: bytes) -> None:
    """A byte a second from each of hundreds costs the others nothing."""
    before = target.files
    with ExitStack() as stack, target.good_callers():
        slow = [
            stack.enter_context(target.connect(beginning, edge=edge)) for _ in range(_ATTACKERS)
        ]
        for _ in range(_SECONDS):
            for each in slow:
                with suppress(OSError):
                    each.sendall(b"a")
            threading.Event().wait(1.0)

    until(lambda: target.files <= before + 8)


def test_known_callers_when_one_of_them_holds_calls_open(stage: Stage) -> None:
    """Calls without a message from who may call keep others waiting for half a second, once."""
    good, slow = (
        f"Bearer {stage.self_signed(stage.account(('roles/workflows.viewer', PROJECT)))}"
        for _ in range(2)
    )
    for token in (good, slow):
        call(stage.channel, LIST, REQUESTS[LIST], metadata=(("authorization", token),))
    held = block("/ringback.v1.Workflows/ListWorkflows", ("authorization", slow))
    address = stage.store.instance.get("grpc") or ""
    host, _, port = address.rpartition(":")
    took: list[float] = []
    with socket.create_connection((host, int(port)), 5.0) as connection:
        connection.sendall(PREFACE)
        for first in range(1, 400, 100):
            for stream in range(first, first + 100, 2):
                connection.sendall(frame(HEADERS, END_HEADERS, stream, held))
            began = time.monotonic()
            call(stage.channel, LIST, REQUESTS[LIST], metadata=(("authorization", good),))
            took.append(time.monotonic() - began)

    assert max(took) < _SECONDS


def test_good_callers_when_bodies_of_others_are_slow(target: Attacked) -> None:
    """So it is with bodies from those who may call, for nobody waits for them on a thread."""
    head = (
        f"POST /v1/{PARENT}/workflows?workflowId=slow HTTP/1.1\r\nHost: a\r\n"
        f"Authorization: Bearer {target.token}\r\nContent-Length: 60000\r\n\r\n"
    )
    with ExitStack() as stack, target.good_callers():
        for _ in range(_ATTACKERS):
            stack.enter_context(target.connect(head.encode()))


def dribbles(stage: Stage, beginning: bytes) -> Iterator[bytes]:
    """Send bytes one by one behind a beginning until the server closes; yield what it answers."""
    base = stage.http.base_url
    with socket.create_connection((base.host, base.port or 0), 5.0) as connection:
        connection.sendall(beginning)
        for _ in range(200):
            try:
                connection.sendall(b"a")
                connection.settimeout(0.05)
                part = connection.recv(65_536)
            except TimeoutError:
                continue
            except OSError:
                return
            if not part:
                return
            yield part
    raise AssertionError("the server still reads")


def test_head_when_it_does_not_end(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its time counts from its first byte, however many more come."""
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.4)

    assert b"" == b"".join(dribbles(stage, _HEAD))


@pytest.mark.parametrize("path", ["/token", f"/v1/{PARENT}/workflows?workflowId=slow"])
def test_body_when_it_does_not_end(
    path: str, stage: Stage, callers: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So does that of a body, which then is told so."""
    monkeypatch.setattr(oauth_forms, "_FORM_SECONDS", 0.4)
    monkeypatch.setattr(rest, "_BODY_SECONDS", 0.4)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: {callers.right()}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 60000\r\n\r\n"
    )

    assert b"".join(dribbles(stage, head.encode())).startswith(b"HTTP/1.1 408 ")


def test_body_when_nobody_waits_for_it(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was refused before its body came is closed, if that does not come in time."""
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.4)
    head = b"POST /v1/projects HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n"

    assert b"".join(dribbles(stage, head)).startswith(b"HTTP/1.1 404 ")
