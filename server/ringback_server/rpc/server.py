"""The gRPC server: its port, its threads, its end."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import grpc

from ringback_server.api.admission import Admission
from ringback_server.api.requests import Requests
from ringback_server.api.table import SERVICES, Service
from ringback_server.api.waiting import WaitingRoom
from ringback_server.errors import StartError
from ringback_server.live_tls import LiveTls, TlsMaterial
from ringback_server.rpc.anybody import Anybody, Bounded
from ringback_server.rpc.arrivals import MOST as LATE
from ringback_server.rpc.arrivals import SECONDS as MESSAGE_SECONDS
from ringback_server.rpc.arrivals import Arrivals
from ringback_server.rpc.beats import SECONDS, Beats
from ringback_server.rpc.connections import Connections
from ringback_server.rpc.handlers import Surroundings, generic_handlers
from ringback_server.rpc.health import NAME, Health, health_handler
from ringback_server.rpc.newcomers import Newcomers
from ringback_server.rpc.reflection import Reflection, reflection_handlers
from ringback_server.rpc.streaming import Streaming
from ringback_server.rpc.threads import Threads
from ringback_server.setting_values import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """How many calls are served at once; beyond it they are RESOURCE_EXHAUSTED."""

    #: threads for calls that do not wait
    threads: int = 32
    #: threads for calls that need no token: many more than there are seats for their streams
    anybody: int = 256
    #: such calls, served or about to be; what is more is refused
    anybody_waiting: int = 600
    #: calls with a token that was not seen before, served at once or about to be
    newcomers: int = 300
    newcomers_waiting: int = 2_100
    #: calls that wait, in all and for one principal
    waiting: int = 256
    waiting_each: int = 64
    #: calls that are answered with many messages, in all and for one principal
    streams: int = 1_024
    streams_each: int = 512
    #: how often open streams look whether their token still counts, in seconds
    beat: float = SECONDS
    #: how long the message of a call may take to come, in seconds
    message: float = MESSAGE_SECONDS
    #: calls of all kinds, served, about to be or about to be refused
    calls: int = 6_000
    #: what one connection may do
    connections: Connections = field(default_factory=Connections)


class GrpcServer:
    """Listens from its construction on, answers from `start` until `stop`."""

    def __init__(
        self,
        address: Address,
        admission: Admission,
        *,
        tls: LiveTls | None = None,
        services: Iterable[Service] = SERVICES,
        capacity: Capacity | None = None,
        requests: Requests | None = None,
        trouble: Callable[[], str | None] = lambda: None,
    ) -> None:
        """Take the port; with `tls` for TLS alone. Raise StartError.

        `requests` tells of each call; `trouble` returns why calls should not come here now.
        """
        services = tuple(services)
        capacity = capacity or Capacity()
        self._closing = threading.Event()
        self._threads = Threads(capacity.threads, capacity.threads + LATE, "ringback-rpc")
        # A few more threads than seats, so that a call without a seat is refused at once.
        self._waiting = ThreadPoolExecutor(capacity.waiting + 4, "ringback-rpc-wait")
        self._anybody = Anybody(capacity.anybody, capacity.anybody_waiting, "ringback-rpc-any")
        room = WaitingRoom(seats=capacity.waiting, seats_each=capacity.waiting_each)
        requests = requests or Requests()
        self._newcomers = Newcomers(
            admission, threads=capacity.newcomers, queue=capacity.newcomers_waiting
        )
        self._streaming = _streaming(admission, capacity, requests)
        around = Surroundings(
            admission=admission,
            room=room,
            threads=self._threads,
            waiting=self._waiting,
            closing=self._closing,
            requests=requests,
            streaming=self._streaming,
            newcomers=self._newcomers,
            arrivals=self._streaming.arrivals,
        )
        names = {name for service in services for name in service.names}
        health = Health(
            trouble=trouble,
            services=frozenset({*names, NAME}),
            room=room,
            closing=self._closing,
            arrivals=self._streaming.arrivals,
        )
        handlers = [
            generic_handlers(services, around),
            *self._open_to_all(health, Reflection(services, room, self._anybody)),
        ]
        self._server = grpc.server(
            self._threads,
            handlers=handlers,
            options=capacity.connections.options(),
            maximum_concurrent_rpcs=capacity.calls,
        )
        self.address = _listen(self._server, address, tls)

    def _open_to_all(self, health: Health, reflection: Reflection) -> list[grpc.GenericRpcHandler]:
        """Return the handlers of what needs no token."""
        handlers = [health_handler(health, self._anybody), *reflection_handlers(reflection)]
        refuses = self._newcomers.refuses
        return [Bounded(each, self._anybody, refuses) for each in handlers]

    def start(self) -> None:
        """Begin to answer."""
        self._server.start()
        self._streaming.beats.start()
        self._streaming.arrivals.start()

    def stop(self, grace: float) -> None:
        """Refuse new calls, give those under way `grace` seconds, then end them. Idempotent."""
        self._closing.set()
        self._server.stop(grace).wait()
        self._streaming.beats.close()
        self._streaming.arrivals.close()
        self._threads.close()
        self._waiting.shutdown(wait=False, cancel_futures=True)
        self._anybody.shutdown(wait=False, cancel_futures=True)
        self._newcomers.close()
        self._streaming.pool.shutdown(wait=False, cancel_futures=True)


def _streaming(admission: Admission, capacity: Capacity, requests: Requests) -> Streaming:
    return Streaming(
        admission=admission,
        room=WaitingRoom(seats=capacity.streams, seats_each=capacity.streams_each),
        pool=ThreadPoolExecutor(capacity.streams + 4, "ringback-rpc-stream"),
        requests=requests,
        arrivals=Arrivals(capacity.message),
        beats=Beats(capacity.beat),
    )


def _listen(server: grpc.Server, address: Address, tls: LiveTls | None) -> Address:
    _check_free(address)
    taken = StartError(f"gRPC cannot listen on {address}; choose another --grpc-address")
    try:
        if tls is None:
            port = server.add_insecure_port(str(address))
        else:
            port = server.add_secure_port(str(address), _credentials(tls))
    except RuntimeError:
        raise taken from None
    if port == 0:
        raise taken
    return Address(address.host, port)


def _check_free(address: Address) -> None:
    """Raise StartError with the system's reason, which gRPC would write to stderr itself."""
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
            # Two sockets may share a port until one of them listens.
            probe.listen()
    except OSError as error:
        reason = f"{error.strerror or error}; choose another --grpc-address"
        raise StartError(f"gRPC cannot listen on {address}: {reason}") from None


def _credentials(tls: LiveTls) -> grpc.ServerCredentials:
    """Return credentials that are asked for at each handshake."""
    return grpc.dynamic_ssl_server_credentials(
        _configuration(tls.current()),
        lambda: _configuration(tls.current()),
        require_client_authentication=tls.asks_callers,
    )


def _configuration(material: TlsMaterial) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration(
        [(material.key, material.certificate)], root_certificates=material.client_ca
    )
