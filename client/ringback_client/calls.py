"""How a client calls its server: with a token, within a deadline, again if nobody was there.

What is here, and in `verbs`, is written once, as coroutines, over a `Wire` that does the I/O: the
one of `AsyncClient` awaits, the one of `Client` blocks and so never suspends a coroutine.
"""

from __future__ import annotations

import math
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import grpc

from ringback_client.authorization import Tokens
from ringback_client.errors import from_rpc
from ringback_client.retries import Retries
from ringback_client.rpcs import Request, Response, Rpc

#: a call that should be answered at once, in seconds; one that waits may take its own time more
CALL_SECONDS = 30.0

Metadata = tuple[tuple[str, str], ...]
Item = TypeVar("Item")


class Wire(Protocol):
    """What does I/O: sends calls, fetches tokens, lets time pass."""

    async def unary(
        self, rpc: Rpc[Request, Response], request: Request, timeout: float, metadata: Metadata
    ) -> Response:
        """Send a request and return its answer within `timeout` seconds; raise grpc.RpcError."""
        ...

    def stream(
        self,
        rpc: Rpc[Request, Response],
        request: Request,
        timeout: float | None,
        metadata: Metadata,
    ) -> AsyncGenerator[Response, None]:
        """Send a request and yield its answers; raise grpc.RpcError. Hangs up when closed."""
        ...

    async def token(self, tokens: Tokens) -> str:
        """Return a token that is valid now, empty for none; raise a ClientError."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        ...

    async def close(self) -> None:
        """Hang up."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Calls one server as one account."""

    wire: Wire
    tokens: Tokens
    #: what errors call the server
    address: str
    #: how long a call may take, in seconds, with what it takes to repeat it
    timeout: float = CALL_SECONDS
    retries: Retries = field(default_factory=Retries)

    async def __call__(
        self, rpc: Rpc[Request, Response], request: Request, *, waits: float = 0.0
    ) -> Response:
        """Call a method and return its answer; raise a ClientError.

        A call that the server keeps waiting for `waits` seconds may take as many more.
        """
        deadline = time.monotonic() + self.timeout + waits
        pauses = self.retries.pauses()
        while True:
            metadata = await self._metadata()
            try:
                return await self.wire.unary(rpc, request, deadline - time.monotonic(), metadata)
            except grpc.RpcError as error:
                pause = next(pauses, None)
                again = rpc.repeatable and error.code() is grpc.StatusCode.UNAVAILABLE
                if not again or pause is None or time.monotonic() + pause + waits >= deadline:
                    raise from_rpc(error, self.address) from error
            await self.wire.sleep(pause)

    async def stream(
        self,
        rpc: Rpc[Request, Response],
        request: Callable[[Response | None], Request],
        *,
        timeout: float | None = None,
    ) -> AsyncIterator[Response]:
        """Yield the answers of a stream, for `timeout` seconds at most; raise a ClientError.

        A stream that breaks is called again, with the `request` to go on after the last answer.
        """
        end = time.monotonic() + (math.inf if timeout is None else timeout)
        last: Response | None = None
        pauses, patience = self.retries.pauses(), time.monotonic() + self.timeout
        while True:
            metadata, answered = await self._metadata(), False
            left = None if timeout is None else max(end - time.monotonic(), 0.0)
            try:
                async with aclosing(
                    self.wire.stream(rpc, request(last), left, metadata)
                ) as answers:
                    async for last in answers:
                        answered = True
                        yield last
            except grpc.RpcError as error:
                if answered:
                    pauses, patience = self.retries.pauses(), time.monotonic() + self.timeout
                pause = next(pauses, None)
                # A token that was good expires while a stream lasts.
                again = error.code() is grpc.StatusCode.UNAVAILABLE or (
                    answered and error.code() is grpc.StatusCode.UNAUTHENTICATED
                )
                if not again or pause is None or time.monotonic() + pause >= min(end, patience):
                    raise from_rpc(error, self.address) from error
            else:
                return
            await self.wire.sleep(pause)

    async def _metadata(self) -> Metadata:
        token = await self.wire.token(self.tokens)
        return (("authorization", f"Bearer {token}"),) if token else ()


async def pages(
    page: Callable[[str], Awaitable[tuple[Sequence[Item], str]]],
) -> AsyncIterator[Item]:
    """Yield the items of all pages; `page` takes a page's token and gives that of the next."""
    token = ""
    while True:
        items, token = await page(token)
        for item in items:
            yield item
        if not token:
            return
