"""The HTTP server itself: ports, heads of requests, stopping, internal errors."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp, Receive

from ringback_server.errors import OverloadedError, StartError
from ringback_server.gateway.answers import Answer, json_answer
from ringback_server.gateway.exchange import Endpoint, HttpRequest
from ringback_server.gateway.protocol import MAX_HEAD
from ringback_server.gateway.server import HttpServer, address_of, listen
from ringback_server.gateway.workers import Workers
from ringback_server.live_tls import LiveTls
from ringback_server.setting_values import Address
from tests.certificates import self_signed
from tests.edges import LOOPBACK


async def came(request: HttpRequest, receive: Receive) -> dict[str, str]:
    """Return method and body of a request, and what it said of upgrades."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    upgrades = [value for name, value in request.headers if name.lower() == "upgrade"]
    return {"method": request.method, "body": body.decode(), "upgrade": ", ".join(upgrades)}


class Held:
    """An endpoint whose requests wait on a thread until they are released."""

    def __init__(self, workers: Workers) -> None:
        self.workers = workers
        self.entered = threading.Semaphore(0)
        self.released = threading.Event()

    async def respond(self, request: HttpRequest, receive: Receive) -> Answer:
        """Wait, fail, or tell what came, as the path says."""
        if request.raw_path == "/came":
            return json_answer(await came(request, receive))
        if request.raw_path == "/fail":
            raise RuntimeError("the secret")
        if request.raw_path == "/wait":
            await self.workers.run(self._wait)
        return json_answer({})

    def _wait(self) -> None:
        self.entered.release()
        assert self.released.wait(5.0)


class Running:
    """A server of such an endpoint."""

    def __init__(self, tls: tuple[Path, Path] | None = None) -> None:
        workers = Workers(threads=1, queue=1)
        self.held = Held(workers)
        listener = listen(LOOPBACK)
        self.address = address_of(listener, LOOPBACK)
        application: ASGIApp = Endpoint(self.held.respond)
        self.server = HttpServer(listener, application, workers, tls=LiveTls(*tls) if tls else None)
        self.server.start()

    def get(self, path: str) -> httpx.Response:
        """Send a request on a connection of its own."""
        return httpx.get(f"http://{self.address}{path}", timeout=5.0)

    def send(self, data: bytes) -> bytes:
        """Send raw bytes and return everything that comes back until the server closes."""
        with socket.create_connection((self.address.host, self.address.port), 5.0) as connection:
            connection.sendall(data)
            parts = iter(lambda: connection.recv(65_536), b"")
            return b"".join(parts)


@pytest.fixture
def running() -> Iterator[Running]:
    """Run a server."""
    started = Running()
    yield started
    started.held.released.set()
    started.server.stop(2.0)


def test_listen_when_the_port_is_taken() -> None:
    """A port that is taken is refused in one clear line."""
    with listen(LOOPBACK) as taken:
        address = address_of(taken, LOOPBACK)
        with pytest.raises(StartError) as caught:
            listen(address)

    assert str(address) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_listen_on_no_address_of_ours() -> None:
    """An address that this machine does not have is refused in one clear line."""
    with pytest.raises(StartError):
        listen(Address("192.0.2.1", 0))


def test_stop_while_a_request_runs(running: Running) -> None:
    """A request under way is answered before the server ends; stopping twice is fine."""
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(running.get, "/wait")
        assert running.held.entered.acquire(timeout=5.0)
        stopping = pool.submit(running.server.stop, 5.0)
        running.held.released.set()

        assert 200 == waiting.result(5.0).status_code
        stopping.result(5.0)
    running.server.stop(1.0)
    with pytest.raises(httpx.ConnectError):
        running.get("/")


def test_request_when_all_threads_are_busy(running: Running) -> None:
    """Beyond threads and queue, requests are told to come back; others are not held up."""
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(running.get, "/wait")
        assert running.held.entered.acquire(timeout=5.0)
        others = [pool.submit(running.get, "/wait") for _ in range(2)]
        done, _ = wait(others, timeout=5.0, return_when=FIRST_COMPLETED)
        refused = next(iter(done)).result()
        free = running.get("/")
        running.held.released.set()
        served = [first.result(5.0), *(future.result(5.0) for future in others)]

    assert (503, "1") == (refused.status_code, refused.headers["Retry-After"])
    assert refused.json()["error"]["message"] == OverloadedError().message
    assert 200 == free.status_code
    assert [200, 200, 503] == sorted(answer.status_code for answer in served)


def test_internal_error_says_nothing(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    """What fails inside is logged with its traceback and leaves without detail."""
    with caplog.at_level(logging.ERROR):
        answer = running.get("/fail")

    assert (500, "Internal error.") == (answer.status_code, answer.json()["error"]["message"])
    assert "the secret" in caplog.text
    assert "Traceback" in caplog.text


@pytest.mark.parametrize(
    ("start", "filling"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ", b"x"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", b"X-Many: x\r\n"),
        (b"GET /", b"x"),
    ],
)
def test_head_that_is_too_large(running: Running, start: bytes, filling: bytes) -> None:
    """A head without an end is refused, whichever part of it is long."""
    head = (start + filling * MAX_HEAD)[: MAX_HEAD + 1]

    assert running.send(head).startswith(b"HTTP/1.1 431 ")
    assert 200 == running.get("/").status_code


@pytest.mark.parametrize(
    "data",
    [b"\x16\x03\x01 not HTTP\r\n\r\n", b"GET \xff\xfe HTTP/1.1\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"],
)
def test_request_that_is_not_http(running: Running, data: bytes) -> None:
    """What is not HTTP is refused and hurts nobody."""
    assert running.send(data).startswith(b"HTTP/1.1 400 ")
    assert 200 == running.get("/").status_code


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket"])
@pytest.mark.parametrize(
    "sent",
    [
        (b"Content-Length: 5\r\n\r\nhello",),
        (b"Content-Length: 5\r\n", b"\r\n", b"he", b"llo"),
        (b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",),
    ],
)
def test_body_when_an_upgrade_is_wished_for(
    running: Running, protocol: bytes, sent: tuple[bytes, ...]
) -> None:
    """The wish is ignored, as Java's for HTTP/2 must be; nothing of the request gets lost."""
    head = (
        b"POST /came HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
        b"Upgrade: " + protocol + b"\r\nHTTP2-Settings: AAEAAEAA\r\n"
    )
    last = b"GET /came HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    first, *others = sent
    with socket.create_connection((running.address.host, running.address.port), 5.0) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in (head + first, *others, head + sent[0], *others, last):
            connection.sendall(part)
        answered = b"".join(iter(lambda: connection.recv(65_536), b""))

    hello = b'{"method":"POST","body":"hello","upgrade":""}'
    assert 3 == answered.count(b"HTTP/1.1 200 OK")
    assert 2 == answered.count(hello)
    assert answered.endswith(b'{"method":"GET","body":"","upgrade":""}')


def test_request_when_it_is_a_connect(running: Running) -> None:
    """CONNECT is no wish for an upgrade: it is answered, and the connection closed."""
    answer = running.send(b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nConnection: close\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 4")


def test_connection_is_kept_alive(running: Running) -> None:
    """Several requests, with bodies and without, share a connection."""
    requests = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" * 3
    last = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    assert 4 == running.send(requests + last).count(b"HTTP/1.1 200 OK")


def test_request_over_tls(tmp_path: Path) -> None:
    """With a certificate the server speaks TLS."""
    tls = self_signed(tmp_path)
    running = Running(tls)
    trusting = ssl.create_default_context(cafile=str(tls[0]))
    answer = httpx.get(f"https://localhost:{running.address.port}/", verify=trusting)
    running.server.stop(1.0)

    assert 200 == answer.status_code
