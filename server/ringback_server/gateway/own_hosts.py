"""Requests of workflows to hosts that this server answers for: they never leave the process.

Definitions name Google's hosts. What they mean is the server that runs them, wherever it listens
and whatever certificate it has. They get what they would get over the network: the same
authentication, the same functions, the same errors.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from starlette.types import ASGIApp, Message, Scope

from ringback_server.api.admission import Admission
from ringback_server.api.requests import Requests
from ringback_server.engine.outbound.bodies import Body, TooLargeError
from ringback_server.engine.outbound.exchange import request_headers, response_headers, too_large
from ringback_server.engine.outbound.sending import SendingThread
from ringback_server.engine.outgoing import Sender, Sent
from ringback_server.gateway.exchange import Endpoint
from ringback_server.gateway.routes import resources
from ringback_server.gateway.workers import Workers
from ringback_server.lang.http_exchange import HttpAnswer, HttpRequest, HttpResponse

#: what answers them: as many threads as the HTTP port has, which these requests do not take
_THREADS = 32
#: requests that are under way at the same time; all others wait for their turn, in their time
_IN_FLIGHT = 256


class OwnHosts:
    """Answers requests to some hosts with the HTTP edge, and has all others sent."""

    def __init__(self, hosts: Iterable[str], others: Sender) -> None:
        """Take the names of the hosts, and what sends all other requests."""
        self._hosts = frozenset(hosts)
        self._others = others
        self._workers = Workers(threads=_THREADS, queue=_IN_FLIGHT)
        self._opened = Future[ASGIApp]()
        self._thread = SendingThread(self._exchange, name="ringback-inside", in_flight=_IN_FLIGHT)

    def __repr__(self) -> str:
        """Show what is under way."""
        return f"<OwnHosts [{self._thread.under_way} in flight] {self._workers!r}>"

    @property
    def urls(self) -> frozenset[str]:
        """The URLs that count as this server's own."""
        return frozenset(f"https://{host}" for host in self._hosts)

    def start(self) -> None:
        """Start the thread: requests are taken, and wait until `open`."""
        self._thread.start()

    def open(self, admission: Admission, requests: Requests) -> None:
        """Begin to answer, with the part of the HTTP edge that answers for resources."""
        self._opened.set_result(Endpoint(resources(admission, self._workers), requests))

    def close(self) -> None:
        """Give up what is under way, without telling anybody; may be called twice."""
        self._thread.close()
        self._workers.close()

    def submit(self, request: HttpRequest, answer: Callable[[HttpAnswer], None], /) -> Sent:
        """Answer a request, or have it sent, without waiting."""
        sender = self._thread if self._answers(request.url) else self._others
        return sender.submit(request, answer)

    def _answers(self, url: str) -> bool:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        return host in self._hosts and parts.scheme == "https" and parts.port in {None, 443}

    async def _exchange(self, request: HttpRequest) -> HttpAnswer:
        # Shielded: who gives up its request must not take the application away from the others.
        application = await asyncio.shield(asyncio.wrap_future(self._opened))
        talk = _Talk(request.body or b"")
        await application(_scope(request), talk.receive, talk.send)
        try:
            return talk.response()
        except TooLargeError:
            return too_large()


@dataclass(slots=True)
class _Talk:
    """Both sides of one ASGI exchange, as a server would hold them."""

    body: bytes | None
    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list[tuple[bytes, bytes]])
    content: list[bytes] = field(default_factory=list[bytes])

    async def receive(self) -> Message:
        """Hand over the whole body; there is nothing behind it."""
        body, self.body = self.body, None
        if body is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Message) -> None:
        """Take a part of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [*message["headers"]]
        else:
            self.content.append(message.get("body", b""))

    def response(self) -> HttpResponse:
        """Return the answer; raises TooLargeError."""
        body = Body("")
        for chunk in self.content:
            body.feed(chunk)
        headers = tuple(response_headers(self.headers))
        return HttpResponse(code=self.status, headers=headers, body=body.content())


def _scope(request: HttpRequest) -> Scope:
    parts = urlsplit(request.url)
    headers = request_headers(request, parts.netloc)
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": parts.scheme,
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
        "client": None,
        "server": None,
    }
