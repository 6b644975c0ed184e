"""Calls that need no token take no place of others."""

from __future__ import annotations

import grpc
from grpc_health.v1 import health_pb2

from ringback_server.rpc.server import Capacity
from tests.edges import grpc_edge
from tests.services import Service
from tests.waiting import until

PATIENCE = 5.0


def code_of_check(channel: grpc.Channel) -> grpc.StatusCode:
    """Return what a health check is answered with."""
    check = channel.unary_unary("/grpc.health.v1.Health/Check", _written, _read)
    return check.future(health_pb2.HealthCheckRequest(), timeout=PATIENCE).code()


def test_health_when_as_many_watch_as_may(service: Service) -> None:
    """One call more is refused, and answered once there is room."""
    with grpc_edge(service, Capacity(anybody_waiting=2)) as channel:
        watch = channel.unary_stream("/grpc.health.v1.Health/Watch", _written, _read)
        watches = [watch(health_pb2.HealthCheckRequest(), timeout=PATIENCE) for _ in range(2)]
        for each in watches:
            next(each)
        refused = code_of_check(channel)
        watches[0].cancel()
        until(lambda: code_of_check(channel) is grpc.StatusCode.OK)
        watches[1].cancel()

    assert grpc.StatusCode.UNAVAILABLE is refused


def _written(request: health_pb2.HealthCheckRequest) -> bytes:
    return request.SerializeToString()


def _read(data: bytes) -> health_pb2.HealthCheckResponse:
    return health_pb2.HealthCheckResponse.FromString(data)
