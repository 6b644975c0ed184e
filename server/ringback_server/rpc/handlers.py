"""gRPC handlers of the table of services: authentication, deadlines, statuses."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import cast

import grpc
from google.protobuf.message import Message

from ringback_server.api.admission import Admission
from ringback_server.api.requests import Requests, Served
from ringback_server.api.table import Method, Service, StreamMethod
from ringback_server.api.waiting import WaitingRoom
from ringback_server.errors import RingbackError
from ringback_server.rpc.arrivals import Arrivals
from ringback_server.rpc.connections import COMPRESSED_FROM
from ringback_server.rpc.messages import UNREADABLE, reader
from ringback_server.rpc.metadata import REQUEST_ID, Sent, address
from ringback_server.rpc.newcomers import Newcomers, Relay, Rpc
from ringback_server.rpc.status import DETAILS_KEY, EXPIRED, INTERNAL, Refusal, refusal
from ringback_server.rpc.streaming import StreamHandler, Streaming, stream_handler
from ringback_server.rpc.threads import Threads

logger = logging.getLogger(__name__)

_SERVERS_FAULT = {
    grpc.StatusCode.DATA_LOSS,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNAVAILABLE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all handlers of one server share."""

    admission: Admission
    room: WaitingRoom
    #: where calls run whose token was seen before, unless they wait
    threads: Threads
    #: where calls that wait run, so that they never keep others from a thread
    waiting: ThreadPoolExecutor
    #: set once the server stops: calls that wait come to their end
    closing: threading.Event
    #: tells of each call
    requests: Requests
    streaming: Streaming
    newcomers: Newcomers
    arrivals: Arrivals


class Handler:
    """Answers one RPC; runs wholly on the handler's own thread."""

    def __init__(
        self, name: str, method: Method, around: Surroundings, relay: Relay | None = None
    ) -> None:
        """Take where calls run whose token is new; None for those that were seen before."""
        self._name = name
        self._method = method
        self._around = around
        self._relay = relay
        self._threads = None if method.waits else around.threads
        # grpcio runs a behaviour that has this attribute on that pool instead of the server's.
        self.experimental_thread_pool = relay or self._threads or around.waiting

    def __call__(self, messages: Iterator[Message], context: grpc.ServicerContext) -> Message:
        """Authenticate, read the one message, answer, and turn errors into statuses."""
        served = Served(method=self._name)
        sent = Sent.of(context.invocation_metadata())
        with self._around.requests.serve(
            "grpc",
            served,
            request_id=sent.request_id,
            traceparent=sent.traceparent,
            peer=address(context.peer()),
        ):
            answer = self._answer_or_refuse(messages, context, sent.authorization)
            code = answer.code if isinstance(answer, Refusal) else grpc.StatusCode.OK
            served.status, served.failed = code.name, code in _SERVERS_FAULT
        named = (REQUEST_ID, served.request_id)
        if isinstance(answer, Refusal):
            context.set_trailing_metadata((named, (DETAILS_KEY, answer.details)))
            context.abort(answer.code, answer.message)
        context.set_trailing_metadata((named,))
        if answer.ByteSize() < COMPRESSED_FROM:
            context.disable_next_message_compression()
        return answer

    def _answer_or_refuse(
        self,
        messages: Iterator[Message],
        context: grpc.ServicerContext,
        authorization: str | None,
    ) -> Message | Refusal:
        try:
            return self._answer(messages, context, authorization)
        except RingbackError as error:
            return refusal(error)
        except Exception:
            logger.exception("%s failed", self._name)
            return INTERNAL

    def _answer(
        self,
        messages: Iterator[Message],
        context: grpc.ServicerContext,
        authorization: str | None,
    ) -> Message | Refusal:
        around = self._around
        if _over(context):
            # It waited for a thread until nobody waited for it: nothing is begun.
            return EXPIRED
        caller = around.admission.admit(authorization, self._time_left(context))
        if self._relay is not None:
            self._relay.pass_on()
        request = around.arrivals.message(
            messages, context, self._method.request, caller.principal.email, self._threads
        )
        if request is None or _over(context):
            return EXPIRED
        if not self._method.waits:
            return self._method.answer(request, caller)
        with around.room.seat(caller.principal.email):
            return self._method.answer(request, caller)

    def _time_left(self, context: grpc.ServicerContext) -> Callable[[], float | None]:
        def time_left() -> float | None:
            if self._around.closing.is_set() or not context.is_active():
                return 0.0
            return context.time_remaining()

        return time_left


def _over(context: grpc.ServicerContext) -> bool:
    """Tell whether nobody waits for a call any more."""
    left = cast("float | None", context.time_remaining())  # None: it has no deadline
    return not context.is_active() or (left is not None and left <= 0)


@dataclass(frozen=True, slots=True)
class _Rpc:
    """What serves one RPC: calls with a token that was seen before, and others."""

    known: Rpc
    new: Rpc


class _Rpcs(grpc.GenericRpcHandler):
    """Finds what serves a call; grpcio asks on the one thread that takes all calls."""

    def __init__(self, rpcs: Mapping[str, _Rpc], newcomers: Newcomers) -> None:
        """Take what serves each RPC, by its path."""
        self._rpcs = rpcs
        self._newcomers = newcomers

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Rpc | None:
        """Return what serves a call, None if nothing does."""
        found = self._rpcs.get(handler_call_details.method)
        if found is None:
            return None
        if self._newcomers.known(handler_call_details):
            return found.known
        return self._newcomers.refuses if self._newcomers.full else found.new


def generic_handlers(services: Iterable[Service], around: Surroundings) -> grpc.GenericRpcHandler:
    """Make a handler for all names of all services; other methods stay UNIMPLEMENTED."""
    rpcs = {
        f"/{service_name}/{name}": _rpc(f"{service_name}/{name}", method, around)
        for service in services
        for service_name in service.names
        for name, method in service.methods.items()
    }
    return _Rpcs(rpcs, around.newcomers)


def _rpc(name: str, method: Method | StreamMethod, around: Surroundings) -> _Rpc:
    relay = around.newcomers.relay
    if isinstance(method, StreamMethod):
        return _Rpc(
            known=stream_handler(StreamHandler(name, method, around.streaming), method.request),
            new=stream_handler(
                StreamHandler(name, method, around.streaming, relay), method.request
            ),
        )
    return _Rpc(
        known=_unary(Handler(name, method, around), method.request),
        new=_unary(Handler(name, method, around, relay), method.request),
    )


def _unary(handler: Handler, request: type[Message]) -> Rpc:
    # To grpcio it is a stream, so that it calls without the message.
    return grpc.stream_unary_rpc_method_handler(
        handler,
        request_deserializer=reader(request, UNREADABLE),
        response_serializer=_serialize,
    )


def _serialize(message: Message) -> bytes:
    return message.SerializeToString()
