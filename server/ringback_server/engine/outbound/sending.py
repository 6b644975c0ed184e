"""A thread with an event loop, on which thousands of requests can be under way."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from functools import partial

from ringback_server.engine.outbound.egress import known_as
from ringback_server.engine.outbound.turns import Turns
from ringback_server.lang.http_exchange import FailureKind, HttpAnswer, HttpFailure, HttpRequest
from ringback_server.model.origins import origin_of

_log = logging.getLogger(__name__)

_CLOSE_SECONDS = 2.0

#: told of an answer, on the thread that sends: it must be quick
Answer = Callable[[HttpAnswer], None]
#: sends a request, on the loop; takes as long as it takes
Exchange = Callable[[HttpRequest], Awaitable[HttpAnswer]]


class Sending:
    """A request that was handed over."""

    def __init__(self, request: HttpRequest, answer: Answer) -> None:
        """Take the request and who is told of its answer."""
        self.request = request
        self.answer = answer
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._cancelled = False

    def cancel(self) -> None:
        """Give the request up: its connection is closed, and nobody is told of an answer.

        May be called on any thread, and twice. An answer may be on its way already.
        """
        self._cancelled = True
        if self._loop is not None:
            try:
                self._loop.call_soon_threadsafe(self._stop)
            except RuntimeError:
                _log.debug("what sends is closed already")

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Note the loop on which it will be sent."""
        self._loop = loop

    def sent_by(self, task: asyncio.Task[None]) -> None:
        """Note the task that sends it; on the loop's thread."""
        self._task = task
        self._stop()

    def _stop(self) -> None:
        if self._cancelled and self._task is not None:
            self._task.cancel()


class SendingThread:
    """Sends requests by an exchange; `start` it first and `close` it last."""

    def __init__(
        self,
        exchange: Exchange,
        *,
        name: str,
        in_flight: int,
        per_host: int | None = None,
        end: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Take what sends, the thread's name, and how much is sent at the same time.

        `per_host` bounds what is sent to one host, by default to as much; what is over waits for
        its turn. `end` is awaited last, on the loop.
        """
        self._exchange = exchange
        self._turns = Turns(in_flight, per_host or in_flight)
        self._end = end
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __repr__(self) -> str:
        """Show what is under way."""
        return f"<SendingThread [{self.under_way} in flight] {self._turns!r}>"

    @property
    def under_way(self) -> int:
        """How many requests have neither an answer nor been given up."""
        return len(self._tasks)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Give up all requests, without telling anybody, and end the thread; may be called twice.

        The thread need not have been started.
        """
        if self._closed.is_set():
            return
        self._closed.set()
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()

    def submit(self, request: HttpRequest, answer: Answer) -> Sending:
        """Send a request, and tell `answer` what came of it unless it is cancelled first.

        Returns at once. The timeout begins now. Nobody is told once the thread is closed.
        """
        sending = Sending(request, answer)
        sending.begin(self._loop)
        try:
            self._loop.call_soon_threadsafe(self._begin, sending, self._loop.time())
        except RuntimeError:
            _log.debug("not sent: the thread is closed")
        return sending

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.run_until_complete(self._finish())

    async def _finish(self) -> None:
        for task in self._tasks:
            task.cancel()
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await asyncio.gather(*self._tasks, return_exceptions=True)
                if self._end is not None:
                    await self._end()
        except TimeoutError:
            _log.warning("requests under way took too long to give up")

    def _begin(self, sending: Sending, submitted: float) -> None:
        task = self._loop.create_task(self._send(sending, submitted))
        self._tasks.add(task)
        task.add_done_callback(partial(self._ended, sending))
        sending.sent_by(task)

    async def _send(self, sending: Sending, submitted: float) -> None:
        """Send a request in its time, and tell what came of it."""
        request = sending.request
        try:
            async with asyncio.timeout_at(submitted + request.timeout):
                answer = await self._exchanged(request)
        except TimeoutError:
            message = f"no answer within {request.timeout:g} s"
            answer = HttpFailure(kind=FailureKind.TIMEOUT, message=message)
        sending.answer(answer)

    async def _exchanged(self, request: HttpRequest) -> HttpAnswer:
        _, host, port = origin_of(request.url)
        async with self._turns.turn((known_as(host), port)):
            return await self._exchange(request)

    def _ended(self, sending: Sending, task: asyncio.Task[None]) -> None:
        """Tell of what should not have happened: nobody may wait for an answer for ever."""
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _log.error("a request failed unexpectedly", exc_info=error)
            message = f"internal error: {type(error).__name__}"
            sending.answer(HttpFailure(kind=FailureKind.CONNECTION_BROKEN, message=message))
