"""The composition root: joins store, engine, auth and edges into one running server."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit
from uuid import uuid4

from ringback_server.api.admission import Admission
from ringback_server.auth.access import Access
from ringback_server.auth.bootstrap import account_email, first_start
from ringback_server.auth.grants import Grants
from ringback_server.auth.issuer import Issuer
from ringback_server.auth.open_door import OpenDoor
from ringback_server.auth.tokens import Authenticator
from ringback_server.certificates import TlsFiles, self_signed
from ringback_server.clock import SystemClock
from ringback_server.control.caller import Backend
from ringback_server.engine.engine import Engine
from ringback_server.errors import RingbackError, StartError
from ringback_server.exposure import Reminder, check_exposure
from ringback_server.gateway.exchange import Endpoint
from ringback_server.gateway.guards import PageGuard
from ringback_server.gateway.metadata import MetadataServer
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
        http = f"{settings.scheme}://{http_address.reachable}"
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
        metadata = self._serve_metadata(store, issuer)
        wanted_grpc = _address(settings.grpc_address, store, "grpc", _DEFAULT_GRPC)
        check_exposure(settings, wanted_grpc, http_address)
        tls = self._tls(wanted_grpc.host, http_address.host, urlsplit(public_url).hostname)
        grpc = self._serve(backend, issuer, {http, public_url}, (wanted_grpc, listener), tls)
        store.instance.set("grpc", str(grpc))
        store.instance.set("http", str(http_address))
        presence = Presence(
            grpc=str(grpc.reachable),
            http=http,
            data_dir=settings.data_dir,
            ca=tls.ca if tls else None,
            metadata=metadata,
        )
        self._closing.callback(presence.withdraw)
        presence.announce(settings.ready_file, os.environ)
        _log.info("listening: gRPC on %s, HTTP on %s, data in %s", grpc, http, settings.data_dir)

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
        self,
        backend: Backend,
        issuer: Issuer,
        urls: set[str],
        where: tuple[Address, socket.socket],
        tls: TlsFiles | None,
    ) -> Address:
        """Start both edges on an address and a listener; returns the gRPC address."""
        settings, credentials = self._settings, backend.store.credentials
        pair = (tls.certificate, tls.key) if tls else None
        authenticator = (
            OpenDoor(account_email("admin", _PROJECT))
            if settings.insecure_no_auth
            else Authenticator(issuer, credentials, credentials, self._clock, urls=urls)
        )
        admission = Admission(authenticator, backend)
        workers = Workers()
        grants = Grants(issuer, credentials, self._clock, urls=urls)
        pages = application(admission, grants.exchange, workers)
        if settings.insecure_no_auth:
            pages = PageGuard(pages, {urlsplit(url).hostname or "" for url in urls})
            reminder = Reminder()
            self._closing.callback(reminder.close)
            reminder.start()
        http = HttpServer(where[1], pages, workers, tls=pair)
        grpc = GrpcServer(where[0], admission, tls=pair)
        for server in (grpc, http):
            self._closing.callback(self._stop, server)
            server.start()
        return grpc.address

    def _serve_metadata(self, store: Store, issuer: Issuer) -> str | None:
        """Start the metadata server, if one is asked for; returns HOST:PORT."""
        settings = self._settings
        wanted, email = settings.metadata_address, settings.metadata_account
        if wanted is None:
            return None
        if store.credentials.account(email) is None:
            raise StartError(f"--metadata-account: there is no service account {email}")
        listener = listen(wanted, option="--metadata-address")
        self._closing.callback(listener.close)
        address = address_of(listener, wanted)
        workers = Workers(threads=4)
        metadata = MetadataServer(
            email,
            issuer,
            store.credentials,
            self._clock,
            workers,
            project=(_PROJECT, settings.project_number),
        )
        server = HttpServer(listener, Endpoint(metadata.respond), workers)
        self._closing.callback(self._stop, server)
        server.start()
        _log.info("metadata server on %s, with tokens of %s", address, email)
        return str(address)

    def _tls(self, *hosts: str | None) -> TlsFiles | None:
        """Return the files to speak TLS with, None to speak plain text."""
        settings = self._settings
        if settings.tls_self_signed:
            named = (host for host in hosts if host)
            return self_signed(settings.data_dir, named, self._clock.now())
        if settings.tls_cert and settings.tls_key:
            return TlsFiles(settings.tls_cert, settings.tls_key, None)
        return None

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
