"""The composition root: joins store, engine, auth and edges into one running server."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self
from uuid import uuid4

from ringback_server.api.admission import Admission
from ringback_server.auth.access import Access
from ringback_server.auth.bootstrap import first_start
from ringback_server.auth.grants import Grants
from ringback_server.auth.issuer import Issuer
from ringback_server.auth.tokens import Authenticator
from ringback_server.clock import SystemClock
from ringback_server.control.caller import Backend
from ringback_server.engine.engine import Engine
from ringback_server.errors import RingbackError, StartError
from ringback_server.gateway.routes import application
from ringback_server.gateway.server import HttpServer, address_of, listen
from ringback_server.gateway.workers import Workers
from ringback_server.presence import Presence
from ringback_server.rpc.server import GrpcServer
from ringback_server.settings import Address, Settings
from ringback_server.store import Store, open_store

_log = logging.getLogger(__name__)

_PROJECT = "local"
_DEFAULT_GRPC = Address("127.0.0.1", 8787)
_DEFAULT_HTTP = Address("127.0.0.1", 8780)


class App:
    """A server: `open` makes it listen, leaving the `with` block drains and closes it."""

    def __init__(self, settings: Settings, on_failure: Callable[[], None]) -> None:
        """Take the settings; nothing is opened yet."""
        self._settings = settings
        self._on_failure = on_failure
        self._clock = SystemClock()
        # Closed in the reverse order: edges, then the engine, then the store.
        self._closing = ExitStack()
        # Monotonic seconds; what is closed before a stop was asked for has no time at all.
        self._stop_by = 0.0

    @classmethod
    def open(cls, settings: Settings, on_failure: Callable[[], None] = lambda: None) -> Self:
        """Start a server; raises StartError, and then nothing is left open or locked.

        `on_failure` is called on another thread when only a restart makes the server store
        anything again.
        """
        app = cls(settings, on_failure)
        try:
            app._start()
        except RingbackError as error:
            app._closing.close()
            raise StartError(f"{settings.data_dir}: {error.message}") from error
        except BaseException:
            app._closing.close()
            raise
        return app

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop_by = self._clock.monotonic() + self._settings.drain_seconds
        _log.info("stopping; requests under way have %g s", self._settings.drain_seconds)
        self._closing.close()
        _log.info("stopped")

    def _start(self) -> None:
        settings = self._settings
        store = open_store(settings.data_dir, on_failure=self._on_failure)
        self._closing.callback(store.close)
        wanted = _address(settings.http_address, store, "http", _DEFAULT_HTTP)
        listener = listen(wanted)
        self._closing.callback(listener.close)
        http_address = address_of(listener, wanted)
        http = f"{settings.scheme}://{http_address}"
        first_start(
            store.credentials,
            settings.data_dir / "admin.json",
            project=_PROJECT,
            token_uri=f"{http}/token",
            now=self._clock.now(),
        )
        issuer = Issuer(
            store.credentials,
            self._clock,
            instance_id=_instance_id(store),
            public_url=settings.public_url,
        )
        public_url = settings.public_url or http
        backend = self._backend(store, issuer, public_url)
        grpc = self._serve(backend, issuer, {http, public_url}, listener)
        store.instance.set("grpc", str(grpc))
        store.instance.set("http", str(http_address))
        presence = Presence(grpc=str(grpc), http=http, data_dir=settings.data_dir)
        self._closing.callback(presence.withdraw)
        presence.announce(settings.ready_file, os.environ)
        _log.info("listening: gRPC on %s, HTTP on %s, data in %s", grpc, http, settings.data_dir)
        _warn_if_exposed(settings, grpc, http_address)

    def _backend(self, store: Store, issuer: Issuer, public_url: str) -> Backend:
        settings, clock = self._settings, self._clock
        engine = Engine(
            store,
            clock,
            threads=settings.threads,
            park_after=settings.park_after,
            callback_base_url=public_url,
            project_number=settings.project_number,
        )
        self._closing.callback(lambda: engine.close(self._grace()))
        engine.start()
        return Backend(
            store=store,
            engine=engine,
            access=Access(store.credentials, clock),
            issuer=issuer,
            clock=clock,
            settings=settings,
        )

    def _serve(
        self, backend: Backend, issuer: Issuer, urls: set[str], listener: socket.socket
    ) -> Address:
        """Start both edges; returns the gRPC address."""
        settings, credentials = self._settings, backend.store.credentials
        tls = None
        if settings.tls_cert and settings.tls_key:
            tls = (settings.tls_cert, settings.tls_key)
        authenticator = Authenticator(issuer, credentials, credentials, self._clock, urls=urls)
        admission = Admission(authenticator, backend)
        workers = Workers()
        grants = Grants(issuer, credentials, self._clock, urls=urls)
        http = HttpServer(
            listener, application(admission, grants.exchange, workers), workers, tls=tls
        )
        wanted = _address(settings.grpc_address, backend.store, "grpc", _DEFAULT_GRPC)
        grpc = GrpcServer(wanted, admission, tls=tls)
        for server in (grpc, http):
            self._closing.callback(self._stop, server)
            server.start()
        return grpc.address

    def _stop(self, server: GrpcServer | HttpServer) -> None:
        server.stop(self._grace())

    def _grace(self) -> float:
        """Return the seconds that are left of the stop."""
        return max(0.0, self._stop_by - self._clock.monotonic())


def _address(chosen: Address | None, store: Store, key: str, default: Address) -> Address:
    """Return where to listen: as told, else as last time in this data dir, else the default."""
    last = store.instance.get(key)
    return chosen or (Address.parse(last) if last else default)


def _instance_id(store: Store) -> str:
    """Return the identity that a first start gave this instance."""
    known = store.instance.get("id")
    if known is None:
        known = str(uuid4())
        store.instance.set("id", known)
    return known


def _warn_if_exposed(settings: Settings, *addresses: Address) -> None:
    for address in addresses:
        if not address.loopback and settings.tls_cert is None:
            _log.warning("%s can be reached from other machines, and is not encrypted", address)
