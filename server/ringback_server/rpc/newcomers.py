"""Callers whose tokens were not seen before: they wait for one another, and nobody for them.

Checking a new token takes many times as long as looking up one that was seen, and whoever floods a
server with bad tokens brings a new one each time. So calls with tokens that are not known are taken
up one at a time, on threads of their own, and what is more than they can take is refused at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NoReturn, TypeAlias

import grpc
from google.protobuf.message import Message

from ringback_server.api.admission import Admission
from ringback_server.errors import OverloadedError
from ringback_server.rpc.metadata import Sent
from ringback_server.rpc.status import DETAILS_KEY, refusal
from ringback_server.rpc.threads import Call, Parameters, Result, Threads

Rpc: TypeAlias = "grpc.RpcMethodHandler[Message, Message]"

#: how long the thread that takes up calls rests after a refusal, as a multiple of what that took
_REST = 4.0
_LONGEST_REST = 0.02

_FULL = refusal(
    OverloadedError("Too many callers who are not known yet are served; try again in a moment.")
)


class Relay(Threads):
    """Threads of which one at a time takes up calls, and rests after each that did not pass on.

    A flood of calls that are refused keeps one thread at work, and that a part of the time: what
    runs at the same time competes for the interpreter, and each answer lets a connection that is
    at its limit send another call.
    """

    def __init__(
        self, threads: int, name: str, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Take how many calls may take their time; threads are started as they are needed."""
        self._sleep = sleep
        self._pending = 0
        super().__init__(1, threads, name)

    @property
    def pending(self) -> int:
        """How many calls were handed over and have not ended."""
        with self._counting:
            return self._pending

    def submit(
        self,
        fn: Callable[Parameters, Result],
        /,
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Future[Result]:
        """Run a call when it is its turn."""
        with self._counting:
            self._pending += 1
        return super().submit(fn, *args, **kwargs)

    def _serve(self, call: Call) -> None:
        begun = time.monotonic()
        call()
        with self._counting:
            self._pending -= 1
        if self._leads(threading.get_ident()):
            # It was refused: what is let in has passed on.
            self._sleep(min(_LONGEST_REST, (time.monotonic() - begun) * _REST))


class Newcomers:
    """Decides where a call is served, by whether its token was seen before."""

    def __init__(self, admission: Admission, *, threads: int, queue: int) -> None:
        """Take how many calls are served at the same time, and how many may wait for that."""
        self._admission = admission
        self._most = threads + queue
        #: where calls with new tokens run
        self.relay = Relay(threads, "ringback-rpc-new")
        # One thread is enough to say no.
        self._refusing = ThreadPoolExecutor(1, "ringback-rpc-full")
        #: answers a call that is one too many
        self.refuses: Rpc = grpc.stream_unary_rpc_method_handler(_Full(self._refusing))

    def known(self, call: grpc.HandlerCallDetails) -> bool:
        """Tell whether the token of a call was seen before."""
        return self._admission.knows(Sent.of(call.invocation_metadata).authorization)

    @property
    def full(self) -> bool:
        """Whether no more calls with new tokens are taken."""
        return self.relay.pending >= self._most

    def close(self) -> None:
        """Start nothing more."""
        self.relay.close()
        self._refusing.shutdown(wait=False, cancel_futures=True)


class _Full:
    """Refuses a call."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        # grpcio runs a behaviour that has this attribute on that pool instead of the server's.
        self.experimental_thread_pool = pool

    def __call__(self, _messages: object, context: grpc.ServicerContext) -> NoReturn:
        context.set_trailing_metadata(((DETAILS_KEY, _FULL.details),))
        context.abort(_FULL.code, _FULL.message)
