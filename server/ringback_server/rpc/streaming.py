"""gRPC handlers of RPCs with many answers: no thread is held while there is nothing to send.

grpcio sends a message on the thread that hands it over, and that one waits until the message is on
its way. So each stream has a thread for as long as that takes: at once where somebody reads, and
longer for one who does not, which costs nobody else a thread.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field

import grpc
from google.protobuf.message import Message

from ringback_server.api.admission import Admission
from ringback_server.api.requests import Requests, Served
from ringback_server.api.streams import Stream
from ringback_server.api.table import StreamMethod
from ringback_server.api.waiting import WaitingRoom
from ringback_server.errors import RingbackError
from ringback_server.rpc.arrivals import Arrivals
from ringback_server.rpc.beats import Beats
from ringback_server.rpc.connections import COMPRESSED_FROM
from ringback_server.rpc.messages import UNREADABLE, reader
from ringback_server.rpc.metadata import REQUEST_ID, Sent, address
from ringback_server.rpc.newcomers import Relay
from ringback_server.rpc.status import DETAILS_KEY, EXPIRED, INTERNAL, Refusal, refusal

logger = logging.getLogger(__name__)

#: how many streams look for news at the same time, so that unary calls get a word in
_LOOKS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Streaming:
    """What all streams of one server share."""

    admission: Admission
    #: a seat for each open stream
    room: WaitingRoom
    #: where streams send, with a thread for each seat if need be
    pool: ThreadPoolExecutor
    #: tells of each call
    requests: Requests
    arrivals: Arrivals = field(default_factory=Arrivals)
    beats: Beats = field(default_factory=Beats)
    looks: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(_LOOKS))


class StreamHandler:
    """Answers one RPC with many messages."""

    #: grpcio then calls with a function that sends, and takes no returned messages
    experimental_non_blocking = True

    def __init__(
        self, name: str, method: StreamMethod, around: Streaming, relay: Relay | None = None
    ) -> None:
        """Take where calls run whose token is new; None for those that were seen before."""
        self._name = name
        self._method = method
        self._around = around
        # grpcio runs a behaviour that has this attribute on that pool instead of the server's.
        self.experimental_thread_pool = relay or around.pool
        self._relay = relay

    def __call__(
        self,
        messages: Iterator[Message],
        context: grpc.ServicerContext,
        send: Callable[[Message | None], None],
    ) -> None:
        """Authenticate, open the stream that the message asks for, and send what there is.

        The rest is sent as it comes.
        """
        served, sent = Served(method=self._name), Sent.of(context.invocation_metadata())
        pump = _Pump(self._name, self._around, context, send)
        with self._around.requests.serve(
            "grpc",
            served,
            request_id=sent.request_id,
            traceparent=sent.traceparent,
            peer=address(context.peer()),
        ):
            refused = pump.open(lambda: self._open(messages, context, pump, sent.authorization))
            code = grpc.StatusCode.OK if refused is None else refused.code
            served.status = code.name
            served.failed = refused is INTERNAL
        pump.begin(served.request_id, refused)

    def _open(
        self,
        messages: Iterator[Message],
        context: grpc.ServicerContext,
        pump: _Pump,
        authorization: str | None,
    ) -> Stream | Refusal:
        caller = self._around.admission.admit(authorization)
        if self._relay is not None:
            self._relay.pass_on()
        email = caller.principal.email
        request = self._around.arrivals.message(
            messages, context, self._method.request, email, None
        )
        if request is None:
            return EXPIRED
        pump.take_seat(email)
        return self._method.open(request, caller, pump.told)


class _Pump:
    """One open stream. It is told of news, and sends on whatever thread is at hand."""

    def __init__(
        self,
        name: str,
        around: Streaming,
        context: grpc.ServicerContext,
        send: Callable[[Message | None], None],
    ) -> None:
        self._name = name
        self._around = around
        self._context = context
        self._send = send
        self._stream: Stream | None = None
        self._held = ExitStack()
        self._request_id = ""
        # Guards the fields below; nothing else is locked while it is held.
        self._lock = threading.Lock()
        self._news = True
        #: a thread sends, or is about to; from the start that is the one that opens the stream
        self._running = True
        self._closed = False

    def open(self, action: Callable[[], Stream | Refusal]) -> Refusal | None:
        """Open the stream; return why that is refused, if it is."""
        try:
            opened = action()
        except RingbackError as error:
            return refusal(error)
        except Exception:
            logger.exception("%s failed", self._name)
            return INTERNAL
        if isinstance(opened, Refusal):
            return opened
        self._stream = opened
        self._held.callback(self._stream.close)
        self._held.callback(self._around.beats.add(self.told))
        return None

    def take_seat(self, email: str) -> None:
        """Hold a seat until the stream is closed; raise QuotaExceededError if there is none."""
        self._held.enter_context(self._around.room.seat(email))

    def begin(self, request_id: str, refused: Refusal | None) -> None:
        """Send what there is, or the refusal; close whenever the call is over."""
        self._request_id = request_id
        if refused is not None:
            self._end(refused)
        elif self._context.add_callback(self._close):
            self._run()
        else:
            self._close()

    def told(self) -> None:
        """Hear that there may be news; called on any thread, and does not block."""
        with self._lock:
            self._news = True
            if self._running or self._closed:
                return
            self._running = True
        try:
            self._around.pool.submit(self._run)
        except RuntimeError:
            # The server has stopped: nobody is left to be told.
            self._close()

    def _run(self) -> None:
        while self._has_news():
            answer = self._take()
            if isinstance(answer, Refusal):
                self._end(answer)
                return
            if answer is not None:
                if answer.ByteSize() < COMPRESSED_FROM:
                    self._context.disable_next_message_compression()
                self._send(answer)
                # It may be a part of the news only.
                self._news = True
            if self._stream is None or self._stream.over:
                self._end(None)
                return

    def _has_news(self) -> bool:
        """Take note that news are being looked for; False if there are none."""
        with self._lock:
            self._running = self._news and not self._closed
            self._news = False
            return self._running

    def _take(self) -> Message | Refusal | None:
        try:
            with self._around.looks:
                return None if self._stream is None else self._stream.take()
        except RingbackError as error:
            return refusal(error)
        except Exception:
            logger.exception("%s failed", self._name)
            return INTERNAL

    def _end(self, refused: Refusal | None) -> None:
        """End the call, with OK or a refusal."""
        named = (REQUEST_ID, self._request_id)
        if refused is None:
            self._context.set_trailing_metadata((named,))
        else:
            self._context.set_trailing_metadata((named, (DETAILS_KEY, refused.details)))
            self._context.set_code(refused.code)
            self._context.set_details(refused.message)
        self._send(None)
        self._close()

    def _close(self) -> None:
        """Let go of the stream and its seat; may be called twice, on any thread."""
        with self._lock:
            held, self._held = self._held, ExitStack()
            self._closed = True
        held.close()


def stream_handler(
    handler: StreamHandler, request: type[Message]
) -> grpc.RpcMethodHandler[Message, Message]:
    """Return what grpcio calls."""
    # To grpcio it is a stream of requests, so that it calls without the one there is.
    return grpc.stream_stream_rpc_method_handler(
        handler,
        request_deserializer=reader(request, UNREADABLE),
        response_serializer=lambda message: message.SerializeToString(),
    )
