"""`grpc.health.v1.Health`: what load balancers ask, without a token."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import grpc
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2

from ringback_server.api.waiting import WaitingRoom
from ringback_server.errors import QuotaExceededError
from ringback_server.rpc.arrivals import ANYBODY, Arrivals
from ringback_server.rpc.messages import reader

NAME = "grpc.health.v1.Health"

#: how often a watcher's status is looked at, in seconds
_LOOK_SECONDS = 1.0

_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN

#: what nothing is called, for requests that cannot be read
_NO_SERVICE = "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Answers for the server as a whole (an empty name) and for each service alike."""

    #: returns why requests should not come here, None if they should
    trouble: Callable[[], str | None]
    services: frozenset[str]
    room: WaitingRoom
    closing: threading.Event
    arrivals: Arrivals

    def check(
        self, messages: Iterator[Message], context: grpc.ServicerContext
    ) -> health_pb2.HealthCheckResponse:
        """Tell the status of a service now."""
        request = self._request(messages, context)
        if request.service and request.service not in self.services:
            context.abort(grpc.StatusCode.NOT_FOUND, "There is no such service.")
        return health_pb2.HealthCheckResponse(status=self._status(request.service))

    def watch(
        self, messages: Iterator[Message], context: grpc.ServicerContext
    ) -> Iterator[health_pb2.HealthCheckResponse]:
        """Tell the status of a service now and whenever it changes."""
        request = self._request(messages, context)
        try:
            with self.room.seat(ANYBODY):
                yield from self._changes(request.service, context)
        except QuotaExceededError as error:
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, error.message)

    def _request(
        self, messages: Iterator[Message], context: grpc.ServicerContext
    ) -> health_pb2.HealthCheckRequest:
        found = self.arrivals.first(messages, context, ANYBODY, None)
        if not isinstance(found, health_pb2.HealthCheckRequest):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "The request has no message.")
        return found

    def _changes(
        self, service: str, context: grpc.ServicerContext
    ) -> Iterator[health_pb2.HealthCheckResponse]:
        told = None
        while context.is_active():
            status = self._status(service)
            if status != told:
                yield health_pb2.HealthCheckResponse(status=status)
            told = status
            if self.closing.wait(_LOOK_SECONDS):
                break
        if told == _SERVING:
            yield health_pb2.HealthCheckResponse(status=_NOT_SERVING)

    def _status(self, service: str) -> health_pb2.HealthCheckResponse.ServingStatus:
        if service and service not in self.services:
            return _UNKNOWN
        return _SERVING if not self.closing.is_set() and self.trouble() is None else _NOT_SERVING


class _On:
    """A behaviour that grpcio runs on the pool it names, not on the server's."""

    def __init__(self, pool: ThreadPoolExecutor, behaviour: Callable[..., object]) -> None:
        self.experimental_thread_pool = pool
        self._behaviour = behaviour

    def __call__(self, messages: Iterator[Message], context: grpc.ServicerContext) -> object:
        return self._behaviour(messages, context)


def health_handler(health: Health, pool: ThreadPoolExecutor) -> grpc.GenericRpcHandler:
    """Make the handler of the service; it runs on the pool alone."""
    kind = health_pb2.HealthCheckRequest
    read = reader(kind, kind(service=_NO_SERVICE))
    # To grpcio each is a stream of requests, so that it calls without the one there is.
    check = grpc.stream_unary_rpc_method_handler(_On(pool, health.check), read, _write)
    watch = grpc.stream_stream_rpc_method_handler(_On(pool, health.watch), read, _write)
    return grpc.method_handlers_generic_handler(NAME, {"Check": check, "Watch": watch})


def _write(response: health_pb2.HealthCheckResponse) -> bytes:
    return response.SerializeToString()
