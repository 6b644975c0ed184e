"""The client: a thread with an event loop, on which thousands of requests can be under way."""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from resource import RLIMIT_NOFILE, getrlimit

from ringback_server.engine.outbound.connecting import CheckedNetwork, Resolve, system_resolver
from ringback_server.engine.outbound.egress import EgressPolicy
from ringback_server.engine.outbound.exchange import exchange
from ringback_server.engine.outbound.pool import Pool
from ringback_server.lang.http_exchange import FailureKind, HttpAnswer, HttpFailure, HttpRequest

_log = logging.getLogger(__name__)

#: requests that are sent at the same time, as far as there are file descriptors for half of them
MAX_IN_FLIGHT = 4_096
#: threads that resolve names
_RESOLVERS = 16
_KEPT_CONTEXTS = 16
_CLOSE_SECONDS = 2.0

#: told of an answer, on the client's thread: it must be quick
Answer = Callable[[HttpAnswer], None]


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
                _log.debug("the client is closed already")

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


class OutboundClient:
    """Sends requests; `start` it first and `close` it last."""

    def __init__(
        self,
        policy: EgressPolicy,
        *,
        resolve: Resolve | None = None,
        trusted: Path | None = None,
        in_flight: int = MAX_IN_FLIGHT,
    ) -> None:
        """Take where requests may go.

        `resolve` stands for the system's resolver; `trusted` is a PEM file of authorities that
        are trusted beside the system's; `in_flight` bounds what is sent at the same time.
        """
        self._trusted = trusted
        self._in_flight = min(in_flight, max(64, getrlimit(RLIMIT_NOFILE)[0] // 2))
        self._threads = ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="ringback-resolver")
        network = CheckedNetwork(policy, resolve or system_resolver(self._threads))
        self._contexts = OrderedDict[bytes | None, ssl.SSLContext]()
        self._pool = Pool(network, self._context)
        self._loop = asyncio.new_event_loop()
        self._free: asyncio.Semaphore | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ringback-outbound", daemon=True)

    def __repr__(self) -> str:
        """Show what is under way."""
        return f"<OutboundClient [{len(self._tasks)} in flight | {self._pool!r}]>"

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Give up all requests, without telling anybody, and end the thread; may be called twice.

        The client need not have been started.
        """
        if self._closed.is_set():
            return
        self._closed.set()
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def submit(self, request: HttpRequest, answer: Answer) -> Sending:
        """Send a request, and tell `answer` what came of it unless it is cancelled first.

        Returns at once. The timeout begins now. Nobody is told once the client is closed.
        """
        sending = Sending(request, answer)
        sending.begin(self._loop)
        try:
            self._loop.call_soon_threadsafe(self._begin, sending, self._loop.time())
        except RuntimeError:
            _log.debug("not sent: the client is closed")
        return sending

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._free = asyncio.Semaphore(self._in_flight)
        self._loop.run_forever()
        self._loop.run_until_complete(self._end())

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await asyncio.gather(*self._tasks, return_exceptions=True)
                await self._pool.close()
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
                answer = await self._exchange(request)
        except TimeoutError:
            message = f"no answer within {request.timeout:g} s"
            answer = HttpFailure(kind=FailureKind.TIMEOUT, message=message)
        sending.answer(answer)

    async def _exchange(self, request: HttpRequest) -> HttpAnswer:
        if self._free is None:
            raise RuntimeError("the client was not started")
        async with self._free:
            return await exchange(self._pool, request)

    def _ended(self, sending: Sending, task: asyncio.Task[None]) -> None:
        """Tell of what should not have happened: nobody may wait for an answer for ever."""
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _log.error("a request failed unexpectedly", exc_info=error)
            message = f"internal error: {type(error).__name__}"
            sending.answer(HttpFailure(kind=FailureKind.CONNECTION_BROKEN, message=message))

    def _context(self, ca_certificate: bytes | None) -> ssl.SSLContext:
        """Return the TLS context that trusts an authority; raises ValueError if it is none."""
        context = self._contexts.get(ca_certificate)
        if context is None:
            context = _trusting(ca_certificate, self._trusted)
            self._contexts[ca_certificate] = context
            if len(self._contexts) > _KEPT_CONTEXTS:
                self._contexts.popitem(last=False)
        self._contexts.move_to_end(ca_certificate)
        return context


def _trusting(ca_certificate: bytes | None, trusted: Path | None) -> ssl.SSLContext:
    if ca_certificate is None:
        context = ssl.create_default_context()
        if trusted is not None:
            context.load_verify_locations(trusted)
        return context
    if not ca_certificate:
        raise ValueError("'ca_certificate' is empty")
    try:
        pem = ca_certificate.lstrip().startswith(b"-----BEGIN")
        data = ca_certificate.decode("ascii") if pem else ca_certificate
        return ssl.create_default_context(cadata=data)
    except (ssl.SSLError, ValueError):
        raise ValueError("'ca_certificate' is not a certificate in PEM or DER form") from None
