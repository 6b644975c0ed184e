"""The two edges over a running service, on free ports of the loopback interface."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import grpc
import httpx

from ringback_server.gateway.oauth_routes import Providers
from ringback_server.gateway.routes import application
from ringback_server.gateway.server import HttpServer, address_of, listen
from ringback_server.gateway.workers import Workers
from ringback_server.rpc.server import Capacity, GrpcServer
from ringback_server.setting_values import Address
from tests.services import Service

LOOPBACK = Address("127.0.0.1", 0)


@contextmanager
def grpc_edge(service: Service, capacity: Capacity | None = None) -> Generator[grpc.Channel]:
    """Serve gRPC, and open a channel to it."""
    server = GrpcServer(LOOPBACK, service.admission, capacity=capacity)
    server.start()
    try:
        with grpc.insecure_channel(str(server.address)) as channel:
            yield channel
    finally:
        server.stop(1.0)


@contextmanager
def http_edge(service: Service, providers: Providers | None = None) -> Generator[httpx.Client]:
    """Serve HTTP, and open a client of it that sends no token of its own."""
    listener = listen(LOOPBACK)
    workers = Workers(threads=4)
    app = application(service.admission, service.oauth, workers, providers=providers)
    server = HttpServer(listener, app, workers)
    base_url = f"http://{address_of(listener, LOOPBACK)}"
    server.start()
    try:
        with httpx.Client(base_url=base_url, timeout=10.0) as client:
            yield client
    finally:
        server.stop(1.0)


def bearer(service: Service, email: str) -> tuple[tuple[str, str], ...]:
    """Return the gRPC metadata with a token of an account."""
    return (("authorization", f"Bearer {service.token(email)}"),)
