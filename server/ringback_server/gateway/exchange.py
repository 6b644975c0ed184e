"""One HTTP request and its answer over ASGI, with bounds on size and time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qsl

from starlette.types import Message, Receive, Scope, Send

from ringback_server.api.requests import Requests, Served
from ringback_server.errors import PayloadTooLargeError, RingbackError
from ringback_server.gateway.answers import Answer
from ringback_server.gateway.json_messages import invalid
from ringback_server.gateway.status import error_answer, internal_answer, timeout_answer

logger = logging.getLogger(__name__)

_MAX_PARAMETERS = 1_000
_SERVER_ERROR = 500
#: nginx' status for a client that hung up
_GONE = "499"
#: stands for the address of what a workflow asked this server, without a network
INSIDE = "inside"


Headers = list[tuple[bytes, bytes]]


class ClientGone(BaseException):
    """The client hung up: nobody is left to answer. It is no error of anybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request as it was sent, without its body."""

    method: str
    #: with its percent-encoding, without the query
    raw_path: str
    raw_query: str
    #: names in lower case
    headers: tuple[tuple[str, str], ...]
    #: the address and the port that it came from
    peer: str = INSIDE
    #: what is told of it
    served: Served = field(default_factory=Served, compare=False)

    @classmethod
    def of(cls, scope: Scope) -> HttpRequest:
        """Read the ASGI scope."""
        return cls(
            method=scope["method"],
            raw_path=scope["raw_path"].decode("latin-1"),
            raw_query=scope["query_string"].decode("utf-8", "replace"),
            headers=tuple(
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in scope["headers"]
            ),
            peer=_peer(scope.get("client")),
        )

    @property
    def address(self) -> str:
        """The IP address that it came from, "" if it came from no other end."""
        host, _, port = self.peer.rpartition(":")
        return host.strip("[]") if port.isdecimal() else ""

    def header(self, name: str) -> str | None:
        """Return the first value of a header, its name in lower case."""
        return next((value for key, value in self.headers if key == name), None)

    @property
    def authorization(self) -> str | None:
        """All values of `Authorization` as one (RFC 9110, 5.3), so that two make no good one.

        Of two, a proxy may read one and let it pass, and a server read the other.
        """
        return ", ".join(value for key, value in self.headers if key == "authorization") or None

    def query(self) -> list[tuple[str, str]]:
        """Return the query parameters in order; raise InvalidArgumentError for too many."""
        try:
            return parse_qsl(self.raw_query, keep_blank_values=True, max_num_fields=_MAX_PARAMETERS)
        except ValueError:
            raise invalid("query", f"At most {_MAX_PARAMETERS} parameters are read.") from None


class Streamed(Protocol):
    """An answer that is sent part by part."""

    @property
    def status(self) -> int:
        """The HTTP status that it begins with."""
        ...

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return its headers."""
        ...

    async def send(self, receive: Receive, send: Send, headers: Headers) -> None:
        """Send it, with these headers; it is told once more that the client has hung up."""
        ...


Respond = Callable[[HttpRequest, Receive], Awaitable[Answer | Streamed]]


class Endpoint:
    """An ASGI application made of one function; errors become answers here and nowhere else."""

    def __init__(
        self, respond: Respond, requests: Requests | None = None, name: str = "unknown"
    ) -> None:
        """Take the function, who tells of requests, and what to call them until it is known."""
        self._respond = respond
        self._requests = requests or Requests()
        self._name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = HttpRequest.of(scope)
        served = request.served
        served.method, served.status = self._name, _GONE
        with self._requests.serve(
            "http",
            served,
            request_id=request.header("x-request-id"),
            traceparent=request.header("traceparent"),
            peer=request.peer,
        ):
            try:
                answer = await _answer(self._respond, request, receive)
            except ClientGone:
                return
            served.status = str(int(answer.status))
            served.failed = answer.status >= _SERVER_ERROR
            named = ("X-Request-Id", served.request_id)
            if isinstance(answer, Answer):
                await _send(answer, send, named, with_body=request.method != "HEAD")
        if not isinstance(answer, Answer):
            await answer.send(receive, send, _encoded((*answer.headers(), named)))


async def read_body(request: HttpRequest, receive: Receive, limit: int, seconds: float) -> bytes:
    """Read a body of at most `limit` bytes within `seconds`.

    Raise PayloadTooLargeError as soon as it is known to be larger, TimeoutError, ClientGone.
    """
    announced = request.header("content-length") or "0"
    if announced.isdecimal() and int(announced) > limit:
        raise _too_large(limit)
    parts: list[bytes] = []
    size = 0
    more = True
    async with asyncio.timeout(seconds):
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            part: bytes = message.get("body", b"")
            size += len(part)
            if size > limit:
                raise _too_large(limit)
            parts.append(part)
            more = message.get("more_body", False)
    return b"".join(parts)


async def _answer(respond: Respond, request: HttpRequest, receive: Receive) -> Answer | Streamed:
    try:
        return await respond(request, receive)
    except RingbackError as error:
        return error_answer(error)
    except TimeoutError:
        return timeout_answer()
    except Exception:
        logger.exception("%s %s failed", request.method, request.raw_path)
        return internal_answer()


async def _send(answer: Answer, send: Send, named: tuple[str, str], *, with_body: bool) -> None:
    headers = [
        ("Content-Type", answer.content_type),
        ("Content-Length", str(len(answer.body))),
        named,
        *answer.headers,
    ]
    start: Message = {
        "type": "http.response.start",
        "status": answer.status,
        "headers": _encoded(headers),
    }
    await send(start)
    await send({"type": "http.response.body", "body": answer.body if with_body else b""})


def _encoded(headers: Iterable[tuple[str, str]]) -> Headers:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def _peer(client: tuple[str, int] | None) -> str:
    if client is None:
        return INSIDE
    host, port = client
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _too_large(limit: int) -> PayloadTooLargeError:
    message = f"The body may have at most {limit} bytes."
    return PayloadTooLargeError(message, facts={"limitBytes": str(limit)})
