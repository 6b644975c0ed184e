"""The client against real servers that answer, and that break off, stall and bomb."""

from __future__ import annotations

import gzip
import queue
import socket
import threading
import zlib
from collections.abc import Callable, Sequence

import pytest

from ringback_server.engine.outbound.bodies import MAX_BODY
from ringback_server.lang.http_exchange import FailureKind, HttpAnswer, HttpFailure
from tests.engine.outbound.upstream import (
    Connection,
    Talk,
    answer_to,
    answering,
    client,
    names,
    request,
    response_to,
    upstream,
)
from tests.waiting import PATIENCE, until


def kind_of(answer: HttpAnswer) -> FailureKind | None:
    """Return why there was no response, None if there was one."""
    return answer.kind if isinstance(answer, HttpFailure) else None


def test_request_when_it_is_answered() -> None:
    """A request arrives as it was made, and its answer comes back with canonical names."""
    with upstream(answering(418, b"short", {"x-call-ID": "abc"})) as server, client() as running:
        sent = request(
            server.url("/a?b=c"), "POST", headers={"X-Token": "secret"}, body=b"\x00body"
        )
        response = response_to(running, sent)

    (received,) = server.received
    assert ("POST", "/a?b=c", b"\x00body") == (received.method, received.target, received.body)
    assert received.headers["x-token"] == "secret"
    assert received.headers["host"] == f"127.0.0.1:{server.port}"
    assert (418, b"short") == (response.code, response.body)
    assert ("X-Call-Id", "abc") in response.headers


def test_request_when_nobody_listens() -> None:
    """A refused connection and an unknown name are failures to connect."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with client(resolve=names({"127.0.0.1": ["127.0.0.1"]})) as running:
        refused = answer_to(running, request(f"http://127.0.0.1:{port}/"))
        unknown = answer_to(running, request("http://nobody.test/"))

    assert FailureKind.CONNECTION_FAILED is kind_of(refused)
    assert FailureKind.CONNECTION_FAILED is kind_of(unknown)


def _reset(connection: Connection) -> None:
    connection.read()
    connection.reset()


def _hang_up(connection: Connection) -> None:
    connection.read()


def _reset_within(connection: Connection) -> None:
    connection.read()
    connection.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    connection.reset()


def _hang_up_within(connection: Connection) -> None:
    connection.read()
    connection.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")


def _cut_chunks(connection: Connection) -> None:
    connection.read()
    connection.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhalf")


def _nonsense(connection: Connection) -> None:
    connection.read()
    connection.write(b"220 mail.test ESMTP\r\n")


def _bad_gzip(connection: Connection) -> None:
    connection.read()
    connection.answer(200, b"not compressed", {"Content-Encoding": "gzip"})


def _cut_gzip(connection: Connection) -> None:
    connection.read()
    connection.answer(200, gzip.compress(b"whole" * 100)[:-9], {"Content-Encoding": "gzip"})


@pytest.mark.parametrize(
    "talk",
    [
        _reset,
        _hang_up,
        _reset_within,
        _hang_up_within,
        _cut_chunks,
        _nonsense,
        _bad_gzip,
        _cut_gzip,
    ],
)
def test_request_when_the_connection_breaks(talk: Talk) -> None:
    """What goes wrong once there is a connection is a broken connection."""
    with upstream(talk) as server, client() as running:
        answer = answer_to(running, request(server.url(), "POST", body=b"x"))

    assert FailureKind.CONNECTION_BROKEN is kind_of(answer)
    assert len(server.received) == 1


def _stall(connection: Connection) -> None:
    connection.read()
    connection.until_closed()


def _drip(connection: Connection) -> None:
    connection.read()
    connection.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
    connection.until_closed()


@pytest.mark.parametrize("talk", [_stall, _drip])
def test_request_when_its_time_is_over(talk: Talk) -> None:
    """The timeout covers the whole answer, and the connection is closed with it."""
    with upstream(talk) as server, client() as running:
        answer = answer_to(running, request(server.url(), timeout=0.2))

        assert FailureKind.TIMEOUT is kind_of(answer)
        server.closed.get(timeout=PATIENCE)


def _endless(connection: Connection) -> None:
    connection.read()
    connection.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.write(b"x" * 65_536)


def _bomb(compress: Callable[[bytes], bytes], coding: str) -> Talk:
    packed = compress(bytes(64 * MAX_BODY))
    return answering(200, packed, {"Content-Encoding": coding})


def _many_members(connection: Connection) -> None:
    connection.read()
    connection.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")
    while True:
        connection.write(gzip.compress(b"") * 1_000)


@pytest.mark.parametrize(
    "talk",
    [
        _endless,
        _bomb(gzip.compress, "gzip"),
        _bomb(zlib.compress, "deflate"),
        _many_members,
        answering(200, bytes(MAX_BODY + 1)),
    ],
    ids=["endless", "gzip", "deflate", "members", "one-byte"],
)
def test_response_when_it_is_too_large(talk: Talk) -> None:
    """A body beyond the limit is given up while it arrives, whatever it is compressed with."""
    with upstream(talk) as server, client() as running:
        answer = answer_to(running, request(server.url()))

    assert FailureKind.TOO_LARGE is kind_of(answer)


def test_response_when_its_head_is_endless() -> None:
    """Headers are bounded too."""

    def talk(connection: Connection) -> None:
        connection.read()
        connection.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.write(b"X-Filler: " + b"x" * 10_000 + b"\r\n")

    with upstream(talk) as server, client() as running:
        answer = answer_to(running, request(server.url()))

    assert FailureKind.CONNECTION_BROKEN is kind_of(answer)


def _raw_deflate(content: bytes) -> bytes:
    squeezing = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return squeezing.compress(content) + squeezing.flush()


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(b"good day")),
        ("gzip", gzip.compress(b"good ") + gzip.compress(b"day")),
        ("deflate", zlib.compress(b"good day")),
        ("deflate", _raw_deflate(b"good day")),
    ],
    ids=["gzip", "members", "deflate", "headless"],
)
def test_response_when_it_is_compressed(coding: str, packed: bytes) -> None:
    """A compressed body arrives as it was, without the headers that no longer hold."""
    with (
        upstream(answering(200, packed, {"Content-Encoding": coding})) as server,
        client() as running,
    ):
        response = response_to(running, request(server.url()))

    assert b"good day" == response.body
    assert {"Content-Encoding", "Content-Length"}.isdisjoint(dict(response.headers))


def test_response_when_it_is_as_large_as_may_be() -> None:
    """A body of exactly the limit is taken."""
    with upstream(answering(200, bytes(MAX_BODY))) as server, client() as running:
        assert len(response_to(running, request(server.url())).body) == MAX_BODY


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_response_when_it_has_no_body(method: str, status: int) -> None:
    """Answers that have no body by definition are complete without one."""

    def talk(connection: Connection) -> None:
        while connection.read():
            connection.write(f"HTTP/1.1 {status} Nothing\r\nContent-Length: 9\r\n\r\n".encode())

    with upstream(talk) as server, client() as running:
        response = response_to(running, request(server.url(), method))

    assert (status, b"") == (response.code, response.body)


def test_connection_when_requests_follow_one_another() -> None:
    """Requests one after the other share a connection."""
    with upstream(answering(200, b"x")) as server, client() as running:
        for _ in range(5):
            response_to(running, request(server.url(), "POST", body=b"y"))

    assert 1 == len(server.connections)


def _once(connection: Connection) -> None:
    """Answer as if the connection were kept, and close it."""
    connection.read()
    connection.answer(200, b"x")


def test_connection_when_it_was_closed_meanwhile() -> None:
    """A kept connection that the server closed costs a request nothing."""
    with upstream(_once) as server, client() as running:
        for _ in range(5):
            assert 200 == response_to(running, request(server.url())).code

    assert 5 == len(server.received)


def test_request_when_it_is_cancelled() -> None:
    """A cancelled request's connection is closed, and nobody is told of it."""
    with upstream(_stall) as server, client() as running:
        answers = queue.Queue[HttpAnswer]()
        sending = running.submit(request(server.url()), answers.put)
        until(lambda: server.received)
        sending.cancel()
        sending.cancel()
        server.closed.get(timeout=PATIENCE)

    assert answers.empty()


def test_client_when_it_is_closed() -> None:
    """Closing gives up what is under way; what is submitted then is never sent."""
    answers = queue.Queue[HttpAnswer]()
    with upstream(_stall) as server, client() as running:
        running.submit(request(server.url()), answers.put)
        running.close()
        running.submit(request(server.url()), answers.put).cancel()

    assert answers.empty()


def test_requests_when_there_are_many() -> None:
    """Requests wait for their answers without a thread each."""
    gate = threading.Event()

    def talk(connection: Connection) -> None:
        connection.read()
        gate.wait(PATIENCE)
        connection.answer(200, b"x")

    count = 100
    answers = queue.Queue[HttpAnswer]()
    before = {*threading.enumerate()}
    with upstream(talk) as server, client(in_flight=count) as running:
        for _ in range(2 * count):
            running.submit(request(server.url()), answers.put)
        until(lambda: len(server.received) >= count)
        begun = {*threading.enumerate()} - before
        ours = [t for t in begun if t.name.startswith("ringback-outbound")]
        held = len(server.received)
        gate.set()
        for _ in range(2 * count):
            assert kind_of(answers.get(timeout=PATIENCE)) is None

    assert (1, count) == (len(ours), held)


def test_environment_when_it_names_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies of the environment are not used: they would reach what requests may not."""
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with upstream(answering(200, b"direct")) as server, client() as running:
        assert b"direct" == response_to(running, request(server.url())).body


def test_request_when_the_policy_refuses_it() -> None:
    """Nothing is sent to addresses that the policy does not allow."""
    addresses: Sequence[str] = ["169.254.169.254", "10.0.0.1", "127.0.0.1"]
    with (
        upstream(answering()) as server,
        client(
            loopback=False, resolve=names({"a.test": addresses, "127.0.0.1": ["127.0.0.1"]})
        ) as running,
    ):
        by_address = answer_to(running, request(server.url()))
        by_name = answer_to(running, request(server.url(host="a.test")))
        metadata = answer_to(running, request("http://metadata.google.internal/"))

    assert [FailureKind.REFUSED] * 3 == [kind_of(a) for a in (by_address, by_name, metadata)]
    assert not server.connections


def test_requests_when_a_host_does_not_answer() -> None:
    """A slow host has as many requests as it may; others are answered meanwhile."""
    gate = threading.Event()

    def slow(connection: Connection) -> None:
        connection.read()
        gate.wait(PATIENCE)
        connection.answer(200, b"slow")

    answers = queue.Queue[HttpAnswer]()
    with (
        upstream(slow) as slowly,
        upstream(answering(200, b"quick")) as quickly,
        client(in_flight=8, per_host=6) as running,
    ):
        for _ in range(20):
            running.submit(request(slowly.url()), answers.put)
        # It may have half of all at most.
        until(lambda: "[4 taken, 16 waited for]" in repr(running) and len(slowly.received) == 4)
        quick = [response_to(running, request(quickly.url())).body for _ in range(10)]
        held = len(slowly.received)
        gate.set()
        for _ in range(20):
            assert kind_of(answers.get(timeout=PATIENCE)) is None

    assert ([b"quick"] * 10, 4) == (quick, held)


def test_request_when_its_turn_does_not_come_in_time() -> None:
    """The wait for a turn counts as part of the timeout."""
    answers = queue.Queue[HttpAnswer]()
    with upstream(_stall) as server, client(in_flight=2, per_host=1) as running:
        running.submit(request(server.url()), answers.put)
        late = answer_to(running, request(server.url(), timeout=0.2))
        waiting = repr(running)

    assert FailureKind.TIMEOUT is kind_of(late)
    assert "[1 taken, 0 waited for]" in waiting
