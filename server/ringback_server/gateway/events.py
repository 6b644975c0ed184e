"""RPCs with many answers over HTTP: server-sent events, which hold no thread while they wait.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from starlette.types import Receive, Send

from ringback_server.api.streams import Stream, position_of
from ringback_server.api.table import StreamMethod
from ringback_server.api.waiting import WaitingRoom
from ringback_server.control.caller import Caller
from ringback_server.errors import RingbackError
from ringback_server.gateway.answers import Answer
from ringback_server.gateway.json_messages import json_document
from ringback_server.gateway.status import error_answer
from ringback_server.gateway.workers import Workers

#: open streams, in all and of one principal
_STREAMS = 1_024
_STREAMS_EACH = 512
#: how many look for news at the same time, so that other requests get a word in
_LOOKS = 4
#: how long nothing is sent at most: proxies close connections that seem dead
HEARTBEAT_SECONDS = 15.0
#: what tells a browser to come back after a second, and a proxy to keep nothing back
_RETRY = b"retry: 1000\n\n"
_HEADERS = (
    ("Content-Type", "text/event-stream; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("X-Accel-Buffering", "no"),
)
_NO_CONTENT = 204


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What opens a stream: who asks for what, and how the messages are to be written."""

    caller: Caller
    method: StreamMethod
    asked: Message
    enums_as_numbers: bool


class Events:
    """Opens streams; one per HTTP edge."""

    def __init__(
        self, workers: Workers, pool: DescriptorPool, *, heartbeat: float = HEARTBEAT_SECONDS
    ) -> None:
        self._workers = workers
        self._pool = pool
        self._heartbeat = heartbeat
        self._room = WaitingRoom(seats=_STREAMS, seats_each=_STREAMS_EACH)
        self._looks = asyncio.Semaphore(_LOOKS)

    def __repr__(self) -> str:
        return f"<Events {self._room!r}>"

    async def open(self, opening: Opening) -> Answer | EventStream:
        """Open a stream and take its first message, so that refusals are answers like others.

        One that was told to its end already is 204, with which browsers stop asking.
        """
        bell, held = _Bell(), ExitStack()
        try:
            held.enter_context(self._room.seat(opening.caller.principal.email))
            stream = await self._open(opening, bell)
            held.callback(stream.close)
            first = await self._take(stream)
        except BaseException:
            held.close()
            raise
        if first is None:
            held.close()
            return Answer(status=_NO_CONTENT)
        return EventStream(
            stream=stream,
            first=first,
            held=held,
            bell=bell,
            heartbeat=self._heartbeat,
            take=lambda: self._take(stream),
            write=lambda message: self._write(message, opening),
        )

    async def _open(self, opening: Opening, bell: _Bell) -> Stream:
        """Open the stream on a thread, which goes on if this task is cancelled meanwhile."""
        opened = asyncio.ensure_future(
            self._workers.run(lambda: opening.method.open(opening.asked, opening.caller, bell.ring))
        )
        try:
            return await asyncio.shield(opened)
        except asyncio.CancelledError:
            opened.add_done_callback(_close)
            raise

    async def _take(self, stream: Stream) -> Message | None:
        async with self._looks:
            return await self._workers.run(stream.take)

    def _write(self, message: Message, opening: Opening) -> bytes:
        document = json_document(message, self._pool, enums_as_numbers=opening.enums_as_numbers)
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        return f"id: {position_of(message)}\ndata: {text}\n\n".encode()


class _Bell:
    """Wakes a task of the event loop from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake the task; once the loop has ended there is none."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._rung.set)

    async def wait(self) -> None:
        """Wait until it rings or has rung since `silence`."""
        await self._rung.wait()

    def silence(self) -> None:
        """Forget that it rang."""
        self._rung.clear()


@dataclass(slots=True, kw_only=True)
class EventStream:
    """An open stream with its first message, to be sent to the end."""

    stream: Stream
    first: Message
    #: what is to be given back in the end
    held: ExitStack
    bell: _Bell
    heartbeat: float
    take: Callable[[], Awaitable[Message | None]]
    write: Callable[[Message], bytes]
    status: int = field(default=200, init=False)

    async def send(self, receive: Receive, send: Send, headers: list[tuple[bytes, bytes]]) -> None:
        """Send messages as they come, until the last one or until the client has hung up."""
        gone = asyncio.create_task(_gone(receive))
        try:
            await send({"type": "http.response.start", "status": self.status, "headers": headers})
            await _part(send, _RETRY)
            await _part(send, await self._pump(send, gone))
            await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
            self.held.close()

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the headers that say what this is."""
        return _HEADERS

    async def _pump(self, send: Send, gone: asyncio.Task[None]) -> bytes:
        """Send until the end; return the last event, which says how it came."""
        message: Message | None = self.first
        try:
            while True:
                if message is not None:
                    await _part(send, self.write(message))
                if self.stream.over:
                    return b"event: end\ndata: {}\n\n"
                if message is None and not await self._news(send, gone):
                    return b""
                self.bell.silence()
                message = await self.take()
        except RingbackError as error:
            body = error_answer(error).body
            return b"event: status\ndata: " + body + b"\n\n"

    async def _news(self, send: Send, gone: asyncio.Task[None]) -> bool:
        """Wait until there may be news; False if the client has hung up.

        After a heartbeat there may be: that the caller's token counts no more.
        """
        rings = asyncio.create_task(self.bell.wait())
        try:
            await asyncio.wait(
                (rings, gone), timeout=self.heartbeat, return_when=asyncio.FIRST_COMPLETED
            )
            if not gone.done() and not rings.done():
                await _part(send, b": still here\n\n")
        finally:
            rings.cancel()
        return not gone.done()


def _close(opened: asyncio.Future[Stream]) -> None:
    """Close a stream that nobody waits for any more, if it was opened."""
    if not opened.cancelled() and opened.exception() is None:
        opened.result().close()


async def _part(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _gone(receive: Receive) -> None:
    """Wait until the client hangs up."""
    while (await receive())["type"] != "http.disconnect":
        pass
