"""Real servers on the loopback interface that do what a test says, and clients to call them."""

from __future__ import annotations

import queue
import socket
import ssl
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from ringback_server.engine.outbound.client import OutboundClient
from ringback_server.engine.outbound.connecting import Resolve
from ringback_server.engine.outbound.egress import EgressPolicy
from ringback_server.lang.http_exchange import HttpAnswer, HttpRequest, HttpResponse
from tests.waiting import PATIENCE


@dataclass(slots=True)
class Received:
    """A request as a server read it; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


#: talks on one connection, which is closed when it returns
Talk = Callable[["Connection"], None]


class Connection:
    """One connection to a client."""

    def __init__(self, server: Upstream, stream: socket.socket) -> None:
        """Take the connection."""
        self.server = server
        self.socket = stream
        self.file = stream.makefile("rb")

    def read(self) -> Received | None:
        """Read one request; None when there is none."""
        first = self.file.readline().decode().split()
        if len(first) < 2:
            return None
        headers: dict[str, str] = {}
        while line := self.file.readline().decode().strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = self.file.read(int(headers.get("content-length", 0)))
        request = Received(first[0], first[1], headers, body)
        self.server.received.append(request)
        return request

    def write(self, *parts: bytes) -> None:
        """Send bytes."""
        self.socket.sendall(b"".join(parts))

    def answer(
        self, status: int = 200, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> None:
        """Send a whole response to the latest request, without the body if that was a HEAD."""
        fields = {"Content-Length": str(len(body)), **(headers or {})}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        shown = b"" if self.server.received[-1].method == "HEAD" else body
        self.write(f"HTTP/1.1 {status} Some Words\r\n{lines}\r\n".encode(), shown)

    def reset(self) -> None:
        """Break the connection off."""
        # A linger of no time sends a reset.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    def until_closed(self) -> None:
        """Wait until the client closes the connection, and tell the test."""
        with suppress(OSError):
            while self.socket.recv(65_536):
                pass
        self.server.closed.put(None)


@dataclass(slots=True)
class Upstream:
    """A server that listens, and what it received."""

    port: int
    scheme: str = "http"
    host: str = "127.0.0.1"
    received: list[Received] = field(default_factory=list[Received])
    #: an entry for each connection
    connections: list[Connection] = field(default_factory=list[Connection])
    #: an entry for each connection that the client was seen to close
    closed: queue.Queue[None] = field(default_factory=queue.Queue[None])

    def url(self, path: str = "/", host: str | None = None) -> str:
        """Return a URL of this server."""
        return f"{self.scheme}://{host or self.host}:{self.port}{path}"


@contextmanager
def upstream(talk: Talk, tls: ssl.SSLContext | None = None) -> Generator[Upstream]:
    """Serve connections, each on a thread, until the test is over."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    server = Upstream(listener.getsockname()[1], "https" if tls else "http")

    def serve(stream: socket.socket) -> None:
        with suppress(OSError), stream:
            if tls:
                stream = tls.wrap_socket(stream, server_side=True)
            with stream:
                connection = Connection(server, stream)
                server.connections.append(connection)
                with connection.file:
                    talk(connection)

    def accept() -> None:
        with suppress(OSError):
            while True:
                stream, _ = listener.accept()
                threads.append(threading.Thread(target=serve, args=(stream,), daemon=True))
                threads[-1].start()

    threads = [threading.Thread(target=accept, daemon=True)]
    threads[0].start()
    try:
        yield server
    finally:
        # Unlike close, it also wakes the thread that accepts.
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in server.connections:
            with suppress(OSError):
                connection.socket.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(PATIENCE)


def answering(
    status: int = 200, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> Talk:
    """Answer every request in the same way."""

    def talk(connection: Connection) -> None:
        while connection.read():
            connection.answer(status, body, headers)

    return talk


def names(answers: Mapping[str, Sequence[str]]) -> Resolve:
    """Return a resolver that knows these names only."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        del port
        if host not in answers:
            raise OSError(f"no such host: {host}")
        return answers[host]

    return resolve


@contextmanager
def client(
    *allowed: str,
    loopback: bool = True,
    resolve: Resolve | None = None,
    in_flight: int = 64,
    per_host: int | None = None,
    trusted: Path | None = None,
) -> Generator[OutboundClient]:
    """Run a client that may reach the loopback interface."""
    policy = EgressPolicy.of(allowed, loopback=loopback)
    running = OutboundClient(
        policy, resolve=resolve, trusted=trusted, in_flight=in_flight, per_host=per_host
    )
    running.start()
    try:
        yield running
    finally:
        running.close()


def request(
    url: str,
    method: str = "GET",
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout: float = PATIENCE,
    ca_certificate: bytes | None = None,
) -> HttpRequest:
    """Return a request."""
    return HttpRequest(
        method=method,
        url=url,
        headers=tuple((headers or {}).items()),
        body=body,
        timeout=timeout,
        ca_certificate=ca_certificate,
    )


def answer_to(running: OutboundClient, sent: HttpRequest) -> HttpAnswer:
    """Send a request and return what came of it."""
    answers = queue.Queue[HttpAnswer]()
    running.submit(sent, answers.put)
    return answers.get(timeout=2 * PATIENCE)


def response_to(running: OutboundClient, sent: HttpRequest) -> HttpResponse:
    """Send a request and return its response, which there must be."""
    answer = answer_to(running, sent)
    if not isinstance(answer, HttpResponse):
        raise TypeError(answer)
    return answer
