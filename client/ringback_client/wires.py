"""The two ways to do I/O: blocking the thread, or leaving it to an event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable

import grpc
import grpc.aio
from google.protobuf.message import Message

from ringback_client.authorization import Tokens
from ringback_client.calls import Metadata
from ringback_client.rpcs import Request, Response, Rpc


class BlockingWire:
    """Blocks the thread, so that its coroutines run from beginning to end at once."""

    def __init__(self, channel: grpc.Channel, pause: Callable[[float], None] = time.sleep) -> None:
        """Take a channel, which is closed with the wire, and what lets seconds pass."""
        self._channel = channel
        self._pause = pause

    async def unary(
        self, rpc: Rpc[Request, Response], request: Request, timeout: float, metadata: Metadata
    ) -> Response:
        """Send a request and return its answer within `timeout` seconds; raise grpc.RpcError."""
        method: grpc.UnaryUnaryMultiCallable[Request, Response]
        method = self._channel.unary_unary(rpc.path, _write, rpc.response.FromString)
        return method(request, timeout=timeout, metadata=metadata)

    async def stream(
        self,
        rpc: Rpc[Request, Response],
        request: Request,
        timeout: float | None,
        metadata: Metadata,
    ) -> AsyncGenerator[Response, None]:
        """Send a request and yield its answers; raise grpc.RpcError. Hangs up when closed."""
        method: grpc.UnaryStreamMultiCallable[Request, Response]
        method = self._channel.unary_stream(rpc.path, _write, rpc.response.FromString)
        call = method(request, timeout=timeout, metadata=metadata)
        try:
            for answer in call:
                yield answer
        finally:
            call.cancel()

    async def token(self, tokens: Tokens) -> str:
        """Return a token that is valid now, empty for none; raise a ClientError."""
        return tokens.get()

    async def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self._pause(seconds)

    async def close(self) -> None:
        """Hang up."""
        self._channel.close()


class AsyncioWire:
    """Leaves the thread to the event loop that runs when it is first used."""

    def __init__(self, open_channel: Callable[[], grpc.aio.Channel]) -> None:
        """Take what opens a channel: one belongs to the loop it was opened in."""
        self._open_channel = open_channel
        self._channel: grpc.aio.Channel | None = None

    async def unary(
        self, rpc: Rpc[Request, Response], request: Request, timeout: float, metadata: Metadata
    ) -> Response:
        """Send a request and return its answer within `timeout` seconds; raise grpc.RpcError."""
        method: grpc.aio.UnaryUnaryMultiCallable[Request, Response]
        method = self._opened().unary_unary(rpc.path, _write, rpc.response.FromString)
        return await method(request, timeout=timeout, metadata=metadata)

    async def stream(
        self,
        rpc: Rpc[Request, Response],
        request: Request,
        timeout: float | None,
        metadata: Metadata,
    ) -> AsyncGenerator[Response, None]:
        """Send a request and yield its answers; raise grpc.RpcError. Hangs up when closed."""
        method: grpc.aio.UnaryStreamMultiCallable[Request, Response]
        method = self._opened().unary_stream(rpc.path, _write, rpc.response.FromString)
        call = method(request, timeout=timeout, metadata=metadata)
        try:
            async for answer in call:
                yield answer
        finally:
            call.cancel()

    async def token(self, tokens: Tokens) -> str:
        """Return a token that is valid now, empty for none; raise a ClientError."""
        at_hand = tokens.at_hand()
        return await asyncio.to_thread(tokens.get) if at_hand is None else at_hand

    async def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        await asyncio.sleep(seconds)

    async def close(self) -> None:
        """Hang up."""
        if self._channel is not None:
            await self._channel.close()

    def _opened(self) -> grpc.aio.Channel:
        if self._channel is None:
            self._channel = self._open_channel()
        return self._channel


def _write(message: Message) -> bytes:
    return message.SerializeToString()
