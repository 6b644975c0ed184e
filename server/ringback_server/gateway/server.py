"""The HTTP server: its port, its thread, its end."""

from __future__ import annotations

import socket
import threading

import uvicorn
from starlette.types import ASGIApp

from ringback_server.errors import StartError
from ringback_server.gateway.connections import MOST, Connections
from ringback_server.gateway.protocol import BoundedConfig, BoundedHttpProtocol
from ringback_server.gateway.workers import Workers
from ringback_server.live_tls import LiveTls
from ringback_server.setting_values import Address

_BACKLOG = 1_024
_KEEP_ALIVE_SECONDS = 75
_START_SECONDS = 10.0


def listen(address: Address, *, option: str = "--http-address") -> socket.socket:
    """Take the port, port 0 a free one; raise StartError, which names the `option` to change.

    The socket tells the port before there is a server to serve it.
    """
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _cannot_listen(address, option, error) from None
    try:
        # Lets a restart take a port whose old connections linger; a second server still fails.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise _cannot_listen(address, option, error) from None
    return listener


def address_of(listener: socket.socket, address: Address) -> Address:
    """Return the address with the port that was taken."""
    return Address(address.host, int(listener.getsockname()[1]))


class HttpServer:
    """Serves an ASGI application on a listening socket, on a thread of its own."""

    def __init__(
        self,
        listener: socket.socket,
        application: ASGIApp,
        workers: Workers,
        *,
        tls: LiveTls | None = None,
        max_connections: int = MOST,
    ) -> None:
        """Take the socket, with `tls` for TLS alone; hold at most so many connections."""
        self._listener = listener
        self._workers = workers
        self._config = BoundedConfig(
            application,
            loop="asyncio",
            http=BoundedHttpProtocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        )
        self._config.held = Connections(max_connections)
        # uvicorn would read the files itself, once; it takes a context of ours when it is loaded.
        self._config.load()
        self._config.ssl = tls.server_context() if tls else None
        self._server = _Server(self._config)
        self._thread = threading.Thread(target=self._run, name="ringback-http", daemon=True)

    def start(self) -> None:
        """Begin to answer; returns once requests are taken. Raise StartError."""
        self._thread.start()
        if not self._server.settled.wait(_START_SECONDS) or not self._server.started:
            raise StartError("the HTTP server did not start; its log says why")

    def stop(self, grace: float) -> None:
        """Refuse new requests, give those under way `grace` seconds, then end. Idempotent."""
        self._config.timeout_graceful_shutdown = max(1, round(grace))
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(grace + 2.0)
        self._workers.close()
        self._listener.close()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._listener])
        finally:
            self._server.settled.set()


class _Server(uvicorn.Server):
    """Tells when it has started, or will not."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets=sockets)
        self.settled.set()


def _cannot_listen(address: Address, option: str, error: OSError) -> StartError:
    reason = f"{error.strerror or error}; choose another {option}"
    return StartError(f"HTTP cannot listen on {address}: {reason}")
