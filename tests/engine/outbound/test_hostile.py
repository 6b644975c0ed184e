"""Servers that mean harm, or do not know better: nothing of it reaches the next request."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ringback_server.engine.outbound.connecting import system_resolver
from ringback_server.lang.http_exchange import (
    FailureKind,
    HttpAnswer,
    HttpFailure,
    HttpResponse,
)
from tests.engine.outbound.upstream import (
    Connection,
    Talk,
    answer_to,
    answering,
    client,
    request,
    response_to,
    upstream,
)
from tests.waiting import PATIENCE, until

EXTRA = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"


def _informed(connection: Connection) -> None:
    """Announce a lot before each answer."""
    while connection.read():
        early = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
        connection.write(b"HTTP/1.1 100 Continue\r\n\r\n", early * 1_000)
        connection.answer(200, b"at last")


def test_response_when_others_announce_it() -> None:
    """What comes before the response proper is no response."""
    with upstream(_informed) as server, client() as running:
        first = response_to(running, request(server.url(), "POST", body=b"x"))
        second = response_to(running, request(server.url()))

    assert [b"at last"] * 2 == [first.body, second.body]
    assert "Link" not in dict(first.headers)
    assert 1 == len(server.connections)


def test_response_when_the_protocol_is_switched() -> None:
    """Nobody asked for another protocol: whatever is spoken then is not read."""

    def talk(connection: Connection) -> None:
        connection.read()
        connection.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", b"secret" * 10)
        connection.until_closed()

    with upstream(talk) as server, client() as running:
        answer = answer_to(running, request(server.url()))
        server.closed.get(timeout=PATIENCE)

    assert isinstance(answer, HttpFailure)
    assert FailureKind.CONNECTION_BROKEN is answer.kind


def early(connection: Connection) -> None:
    """Answer without reading the body, then throw it away."""
    while connection.file.readline().strip():
        pass
    connection.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig")
    connection.until_closed()


def test_response_when_it_comes_before_the_end_of_the_request() -> None:
    """An early answer counts, and its connection serves no further request."""
    with upstream(early) as server, client() as running:
        for _ in range(2):
            response = response_to(running, request(server.url(), "POST", body=bytes(3_000_000)))
            assert (413, b"big") == (response.code, response.body)


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n"]
)
def test_response_when_nothing_tells_its_length(head: bytes) -> None:
    """A body goes on until the connection ends, which nothing else is sent on."""

    def talk(connection: Connection) -> None:
        connection.read()
        connection.write(head, b"part one, ")
        connection.write(b"part two")

    with upstream(talk) as server, client() as running:
        bodies = [response_to(running, request(server.url())).body for _ in range(2)]

    assert ([b"part one, part two"] * 2, 2) == (bodies, len(server.connections))


def _too_much(status: int, length: int, body: bytes) -> Talk:
    def talk(connection: Connection) -> None:
        while connection.read():
            head = f"HTTP/1.1 {status} OK\r\nContent-Length: {length}\r\n\r\n"
            connection.write(head.encode() + body)

    return talk


@pytest.mark.parametrize(
    ("method", "talk"),
    [
        ("GET", _too_much(200, 2, b"ok" + EXTRA)),
        ("GET", _too_much(200, 2, b"ok, and more than was said")),
        ("HEAD", _too_much(200, len(EXTRA), EXTRA)),
        ("GET", _too_much(204, 0, EXTRA)),
        ("GET", _too_much(304, len(EXTRA), EXTRA)),
    ],
    ids=["a-response", "more-body", "HEAD", "204", "304"],
)
def test_response_when_there_is_more_behind_it(method: str, talk: Talk) -> None:
    """What nobody asked for is never taken for the answer to the next request."""
    with upstream(talk) as server, client() as running:
        for _ in range(3):
            response = response_to(running, request(server.url(), method))
            assert b"poison" != response.body
            posted = response_to(running, request(server.url(), "POST", body=b"x"))
            assert b"poison" != posted.body


def test_connection_when_its_request_was_cancelled() -> None:
    """The answer to a request that was given up is not that of the next one."""

    def talk(connection: Connection) -> None:
        while received := connection.read():
            if received.target == "/slow":
                gate.wait(PATIENCE)
            connection.answer(200, received.target.encode())

    gate = threading.Event()
    answers = queue.Queue[HttpAnswer]()
    with upstream(talk) as server, client() as running:
        assert b"/first" == response_to(running, request(server.url("/first"))).body
        slow = running.submit(request(server.url("/slow")), answers.put)
        until(lambda: len(server.received) == 2)
        slow.cancel()
        following = [running.submit(request(server.url("/next")), answers.put) for _ in range(3)]
        bodies = {_body(answers.get(timeout=PATIENCE)) for _ in following}
        gate.set()
        last = response_to(running, request(server.url("/last")))

    assert ({b"/next"}, b"/last") == (bodies, last.body)


def test_request_when_the_other_side_never_shakes_hands() -> None:
    """A server that takes connections and says nothing costs no more than the timeout."""
    with upstream(Connection.until_closed) as server, client() as running:
        secure = server.url().replace("http:", "https:")
        answer = answer_to(running, request(secure, timeout=0.2))
        server.closed.get(timeout=PATIENCE)

    assert isinstance(answer, HttpFailure)
    assert FailureKind.TIMEOUT is answer.kind


def _dripped_head(connection: Connection) -> None:
    connection.read()
    connection.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    pause = threading.Event()
    while not pause.wait(0.01):
        connection.write(b"x")


def test_response_when_its_head_comes_byte_by_byte() -> None:
    """Each byte is no reason to wait for another: the timeout covers the whole answer."""
    with upstream(_dripped_head) as server, client() as running:
        answer = answer_to(running, request(server.url(), timeout=0.3))

    assert isinstance(answer, HttpFailure)
    assert FailureKind.TIMEOUT is answer.kind


def test_response_when_its_chunks_are_tiny() -> None:
    """A body of bytes one by one does not keep other requests waiting."""

    def talk(connection: Connection) -> None:
        connection.read()
        connection.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.write(b"1\r\nx\r\n" * 10_000)

    answers = queue.Queue[HttpAnswer]()
    with upstream(talk) as hostile, upstream(answering(200, b"x")) as server, client() as running:
        running.submit(request(hostile.url()), answers.put)
        until(lambda: hostile.received)
        for _ in range(20):
            assert 200 == response_to(running, request(server.url())).code
        bad = answers.get(timeout=PATIENCE)

    assert isinstance(bad, HttpFailure)
    assert FailureKind.TOO_LARGE is bad.kind


def test_address_when_all_names_are_slow() -> None:
    """An address needs no look-up: names that take for ever to resolve do not hold it up."""
    stuck = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        threads.submit(stuck.wait, PATIENCE)
        with (
            upstream(answering(200, b"x")) as server,
            client(resolve=system_resolver(threads)) as running,
        ):
            response = response_to(running, request(server.url(), timeout=5))
        stuck.set()

    assert b"x" == response.body


@pytest.mark.parametrize(
    "host",
    [
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "169.254.43518",
        "169.16689662",
        "0xA9.0xFE.0xA9.0xFE",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[::ffff:0:a9fe:a9fe]",
        "[64:ff9b::a9fe:a9fe]",
        "[fe80::1]",
        "metadata.google.internal.",
        "0",
        "[::]",
    ],
)
def test_host_when_it_is_written_otherwise(host: str) -> None:
    """However an address is written, the system says which it is, and that one is checked."""
    with client("0.0.0.0/0", "::/0") as running:
        answer = answer_to(running, request(f"http://{host}/"))

    assert isinstance(answer, HttpFailure)
    assert FailureKind.REFUSED is answer.kind


def _body(answer: HttpAnswer) -> bytes:
    return answer.body if isinstance(answer, HttpResponse) else b""
