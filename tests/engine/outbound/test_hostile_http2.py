"""HTTP/2 with servers that break it, end it, or answer before they were asked."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import pytest

from ringback_server.lang.http_exchange import FailureKind, HttpFailure
from tests.certificates import self_signed
from tests.engine.outbound.test_hostile import early
from tests.engine.outbound.upstream import (
    Connection,
    Talk,
    answer_to,
    client,
    request,
    response_to,
    upstream,
)

Serve = Callable[[h2.connection.H2Connection, int], None]


def _speaking(answer: Serve) -> Talk:
    """Speak HTTP/2, and answer each stream as told."""

    def talk(connection: Connection) -> None:
        state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        state.initiate_connection()
        connection.write(state.data_to_send())
        with suppress(h2.exceptions.ProtocolError):
            while data := connection.socket.recv(65_536):
                for event in state.receive_data(data):
                    if isinstance(event, h2.events.StreamEnded):
                        answer(state, event.stream_id)
                connection.write(state.data_to_send())

    return talk


def _plain(state: h2.connection.H2Connection, stream: int) -> None:
    state.send_headers(stream, [(":status", "200")])
    state.send_data(stream, b"x", end_stream=True)


def _go_away_after(state: h2.connection.H2Connection, stream: int) -> None:
    """Answer, and take no more on this connection."""
    _plain(state, stream)
    state.close_connection(last_stream_id=stream)


def _reset_stream(state: h2.connection.H2Connection, stream: int) -> None:
    state.reset_stream(stream)


def _inform(state: h2.connection.H2Connection, stream: int) -> None:
    for _ in range(100):
        state.send_headers(stream, [(":status", "103"), ("link", "</x>")])
    _plain(state, stream)


@pytest.fixture(name="tls")
def _tls(tmp_path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*self_signed(tmp_path))
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


@pytest.mark.parametrize("serve", [_go_away_after, _inform])
def test_http2_when_the_server_goes_away(tls: ssl.SSLContext, tmp_path: Path, serve: Serve) -> None:
    """A connection that takes no more is replaced, and no request fails for it."""
    with (
        upstream(_speaking(serve), tls) as server,
        client(trusted=tmp_path / "cert.pem") as running,
    ):
        for _ in range(4):
            response = response_to(running, request(server.url(), "POST", body=b"x"))
            assert (200, b"x") == (response.code, response.body)


def _speaking_either(connection: Connection) -> None:
    """Refuse every request before its body, in whatever protocol was agreed upon."""
    secure = connection.socket
    if isinstance(secure, ssl.SSLSocket) and secure.selected_alpn_protocol() == "h2":
        _speaking(_plain)(connection)
    else:
        early(connection)


def test_http2_when_a_body_may_be_refused(tls: ssl.SSLContext, tmp_path: Path) -> None:
    """A body that HTTP/2 has to be asked for is not held up by who never asks."""
    with (
        upstream(_speaking_either, tls) as server,
        client(trusted=tmp_path / "cert.pem") as running,
    ):
        small = response_to(running, request(server.url(), "POST", body=bytes(65_535)))
        large = response_to(running, request(server.url(), "POST", body=bytes(65_536)))

    assert (200, 413) == (small.code, large.code)


def test_http2_when_a_stream_is_reset(tls: ssl.SSLContext, tmp_path: Path) -> None:
    """A reset stream is a broken connection."""
    with (
        upstream(_speaking(_reset_stream), tls) as server,
        client(trusted=tmp_path / "cert.pem") as running,
    ):
        answer = answer_to(running, request(server.url(), "POST", body=b"x"))

    assert isinstance(answer, HttpFailure)
    assert FailureKind.CONNECTION_BROKEN is answer.kind


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    head = len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big")
    return head + payload


def _header_bomb() -> bytes:
    """Return headers that unpack to a thousand times their size: one entry, referred to often."""
    entry = b"\x40\x01a\x7f\x81\x1e" + b"x" * 4_000
    return _frame(1, 4, 1, b"\x88" + entry + b"\xbe" * 4_000)


@pytest.mark.parametrize(
    "frames",
    [
        _frame(1, 4, 1, b"\x88") + b"garbage" * 100,
        _frame(0, 1, 1, b"data before headers"),
        _header_bomb(),
        _frame(1, 0, 1, b"\x88") + _frame(9, 0, 1, b"") * 500,
        _frame(1, 4, 1, b"\x88") + _frame(0, 1, 3, b"of no stream"),
        _frame(1, 4, 1, b"\x88") + _frame(1, 4, 1, b"\x88"),
        _frame(1, 4, 1, b"\xff\xff\xff\xff\xff\xff"),
        _frame(7, 0, 0, b"\0\0\0\0\0\0\0\0"),
        _frame(4, 0, 0, b"\0\4\xff\xff\xff\xff"),
        _frame(1, 4, 1, b"\x88") + _frame(8, 0, 1, b"\0\0\0\0"),
    ],
    ids=[
        "garbage",
        "data-first",
        "bomb",
        "continuations",
        "no-stream",
        "twice",
        "bad-packing",
        "goaway-0",
        "window",
        "no-window",
    ],
)
def test_http2_when_the_frames_make_no_sense(
    tls: ssl.SSLContext, tmp_path: Path, frames: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever breaks the protocol breaks the connection, and is no fault of the server's own."""

    def talk(connection: Connection) -> None:
        connection.write(_frame(4, 0, 0, b""))
        connection.socket.recv(65_536)
        connection.write(frames)
        connection.until_closed()

    with upstream(talk, tls) as server, client(trusted=tmp_path / "cert.pem") as running:
        answer = answer_to(running, request(server.url(), "POST", body=b"x", timeout=3))

    assert isinstance(answer, HttpFailure)
    assert FailureKind.CONNECTION_BROKEN is answer.kind
    assert [] == caplog.records
