"""TLS, the authorities that are trusted, and HTTP/2 where it is offered."""

from __future__ import annotations

import queue
import ssl
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import pytest

from ringback_server.lang.http_exchange import FailureKind, HttpAnswer, HttpFailure, HttpResponse
from tests.certificates import self_signed
from tests.engine.outbound.upstream import (
    Connection,
    answer_to,
    answering,
    client,
    names,
    request,
    response_to,
    upstream,
)
from tests.waiting import PATIENCE


@pytest.fixture(name="tls")
def _tls(tmp_path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*self_signed(tmp_path))
    return context


def test_certificate_when_nobody_vouches_for_it(tls: ssl.SSLContext) -> None:
    """A server with an unknown certificate gets no request."""
    with upstream(answering(), tls) as server, client() as running:
        answer = answer_to(running, request(server.url()))

    assert isinstance(answer, HttpFailure)
    assert FailureKind.TLS is answer.kind
    assert not server.received


def test_certificate_when_it_is_for_another_name(tls: ssl.SSLContext, tmp_path: Path) -> None:
    """A trusted certificate is good for its own names only, whatever the address."""
    trusted = (tmp_path / "cert.pem").read_bytes()
    known = names({"other.test": ["127.0.0.1"], "localhost": ["127.0.0.1"]})
    with upstream(answering(200, b"x"), tls) as server, client(resolve=known) as running:
        other = answer_to(running, request(server.url(host="other.test"), ca_certificate=trusted))
        own = answer_to(running, request(server.url(host="localhost"), ca_certificate=trusted))

    assert isinstance(other, HttpFailure)
    assert FailureKind.TLS is other.kind
    assert isinstance(own, HttpResponse)


@pytest.mark.parametrize("form", ["PEM", "DER"])
def test_certificate_when_a_request_brings_it(
    tls: ssl.SSLContext, tmp_path: Path, form: str
) -> None:
    """A request may name its authority; the connection serves no request that does not."""
    pem = (tmp_path / "cert.pem").read_text()
    own = pem.encode() if form == "PEM" else ssl.PEM_cert_to_DER_cert(pem)
    with upstream(answering(200, b"x"), tls) as server, client() as running:
        assert 200 == response_to(running, request(server.url(), ca_certificate=own)).code
        answer = answer_to(running, request(server.url()))

    assert isinstance(answer, HttpFailure)


def test_certificate_when_the_server_is_trusted_always(tls: ssl.SSLContext, tmp_path: Path) -> None:
    """The client may be told of an authority beside the system's."""
    with (
        upstream(answering(200, b"x"), tls) as server,
        client(trusted=tmp_path / "cert.pem") as running,
    ):
        assert 200 == response_to(running, request(server.url())).code


@pytest.mark.parametrize("data", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\n", b"\x00\xff"])
def test_certificate_when_it_is_none(data: bytes) -> None:
    """What is no certificate is an invalid request."""
    with client() as running:
        answer = answer_to(running, request("https://127.0.0.1:1/", ca_certificate=data))

    assert isinstance(answer, HttpFailure)
    assert FailureKind.INVALID is answer.kind


def test_plain_text_when_tls_was_expected() -> None:
    """A server that does not speak TLS is one that no secure connection comes about with."""

    def talk(connection: Connection) -> None:
        connection.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with upstream(talk) as server, client() as running:
        answer = answer_to(running, request(server.url().replace("http:", "https:")))

    assert isinstance(answer, HttpFailure)
    assert FailureKind.TLS is answer.kind


def _speak_http2(connection: Connection) -> None:
    """Answer each stream with its path; that of `/stall` stays open."""
    state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    state.initiate_connection()
    connection.write(state.data_to_send())
    paths: dict[int, bytes] = {}
    while data := connection.socket.recv(65_536):
        for event in state.receive_data(data):
            stream = getattr(event, "stream_id", 0)
            if isinstance(event, h2.events.RequestReceived):
                paths[stream] = dict(event.headers)[b":path"]
            elif isinstance(event, h2.events.DataReceived):
                state.acknowledge_received_data(event.flow_controlled_length, stream)
            elif isinstance(event, h2.events.StreamEnded) and paths[stream] != b"/stall":
                state.send_headers(stream, [(":status", "200"), ("x-id", "1")])
                state.send_data(stream, paths[stream], end_stream=True)
        connection.write(state.data_to_send())


def test_http2_when_it_is_offered(
    tls: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that offers HTTP/2 gets several requests at a time on one connection."""
    # However slow this machine is at present, the connection waits for the second request.
    monkeypatch.setattr("ringback_server.engine.outbound.pool.KEEP_SECONDS", PATIENCE)
    tls.set_alpn_protocols(["h2", "http/1.1"])
    answers = queue.Queue[HttpAnswer]()
    with upstream(_speak_http2, tls) as server, client(trusted=tmp_path / "cert.pem") as running:
        first = response_to(running, request(server.url("/a"), "POST", body=b"x" * 65_535))
        stalled = running.submit(request(server.url("/stall")), answers.put)
        for number in range(20):
            running.submit(request(server.url(f"/{number}")), answers.put)
        bodies = {_body(answers.get(timeout=PATIENCE)) for _ in range(20)}
        stalled.cancel()
        last = response_to(running, request(server.url("/z")))

    assert ([("X-Id", "1")], b"/a", b"/z") == (list(first.headers), first.body, last.body)
    assert {f"/{number}".encode() for number in range(20)} == bodies
    assert len(server.connections) <= 2


def _body(answer: HttpAnswer) -> bytes:
    return answer.body if isinstance(answer, HttpResponse) else b""
