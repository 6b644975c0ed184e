"""The composition root: joins store, engine, auth and edges into one running server."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from ringback_server import open_files
from ringback_server.api.admission import Admission
from ringback_server.api.requests import Requests
from ringback_server.audit_trail.opening import AuditTrail
from ringback_server.auth.access import Access
from ringback_server.auth.issuer import Issuer
from ringback_server.certificates import TlsFiles, self_signed
from ringback_server.clock import SystemClock
from ringback_server.control.caller import Backend
from ringback_server.engine.engine import Engine
from ringback_server.engine.observer import Watch
from ringback_server.engine.outgoing import Network
from ringback_server.engine.programs import Told
from ringback_server.engine.scheduler import Pool
from ringback_server.engine.sweeper import Sweeper
from ringback_server.errors import RingbackError, StartError
from ringback_server.exposure import Reminder, check_exposure, check_public_url
from ringback_server.front_door import PROJECT, FrontDoor
from ringback_server.gateway.guards import PageGuard
from ringback_server.gateway.oauth_routes import Providers
from ringback_server.gateway.own_hosts import OwnHosts
from ringback_server.gateway.probes import Probes, by_machine, by_token
from ringback_server.gateway.routes import application
from ringback_server.gateway.server import HttpServer, address_of, listen
from ringback_server.gateway.workers import Workers
from ringback_server.issuer_keys import FetchedKeys, fetched_keys
from ringback_server.lang.limits import RunLimits, chosen_limits
from ringback_server.live_tls import LiveTls
from ringback_server.metrics import Metrics
from ringback_server.model.resources import HistoryLevel
from ringback_server.nesting import NestingGate
from ringback_server.network import bearers, connectors, outbound_client
from ringback_server.presence import Presence
from ringback_server.rate_limits import RateLimits
from ringback_server.readiness import Readiness
from ringback_server.rpc.connections import Connections
from ringback_server.rpc.server import Capacity, GrpcServer
from ringback_server.setting_values import Address
from ringback_server.settings import Settings
from ringback_server.side_ports import SidePort, metadata_port, metrics_port
from ringback_server.spans import installed_spans
from ringback_server.store import Store, open_store
from ringback_server.tracing import Spans

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.5
#: what a stop keeps of its time for letting go of executions
_CLOSE_SECONDS = 1.0
_DEFAULT_GRPC = Address("127.0.0.1", 8787)
_DEFAULT_HTTP = Address("127.0.0.1", 8780)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Where:
    """Where the edges listen, and how they are reached."""

    grpc: Address
    http: Address
    listener: socket.socket
    public_url: str
    urls: set[str]
    tls: TlsFiles | None


class App:
    """A server: `open` makes it listen, leaving the `with` block drains and closes it."""

    def __init__(
        self, settings: Settings, on_failure: Callable[[], None], spans: Spans | None = None
    ) -> None:
        """Take the settings; nothing is opened yet."""
        self._settings = settings
        self._on_failure = on_failure
        self._clock = SystemClock()
        # Closed in the reverse order: edges, then the engine, then the store.
        self._closing = ExitStack()
        # Monotonic seconds; what is closed before a stop was asked for has no time at all.
        self._stop_by = 0.0
        self._metrics = Metrics()
        self._spans = spans or installed_spans()
        self._requests = Requests(self._metrics, self._spans)

    @classmethod
    def open(
        cls,
        settings: Settings,
        on_failure: Callable[[], None] = lambda: None,
        spans: Spans | None = None,
    ) -> Self:
        """Start a server; raises StartError, and then nothing is left open or locked.

        `on_failure` is called on another thread when only a restart makes the server store
        anything again; `spans` is where spans go, by default to the installed provider.
        """
        app = cls(settings, on_failure, spans)
        try:
            app._start()
        except RingbackError as error:
            app._closing.close()
            raise StartError(f"{settings.data_dir}: {error.message}") from error
        except OSError as error:
            app._closing.close()
            raise StartError(f"cannot use {error.filename}: {error.strerror}") from error
        except BaseException:
            app._closing.close()
            raise
        return app

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        _log.info("stopping; requests under way have %g s", self._settings.drain_seconds)
        self._closing.close()
        _log.info("stopped")

    def _start(self) -> None:
        settings = self._settings
        store = open_store(settings.data_dir, on_failure=self._on_failure, observer=self._metrics)
        self._closing.callback(store.close)
        readiness = Readiness(store.census.probe, self._clock)
        trail = AuditTrail.of(settings, store, self._clock, self._metrics)
        self._closing.callback(trail.close)
        probes = Probes(readiness=readiness, render=self._metrics.render, warnings=trail.warnings)
        wanted = _address(settings.http_address, store, "http", _DEFAULT_HTTP)
        listener = listen(wanted)
        self._closing.callback(listener.close)
        http_address = address_of(listener, wanted)
        http = f"{settings.scheme}://{http_address.reachable}"
        door = FrontDoor.of(settings, store, self._clock, http=http)
        public_url = settings.public_url or http
        wanted_grpc = _address(settings.grpc_address, store, "grpc", _DEFAULT_GRPC)
        check_exposure(settings, wanted_grpc, http_address)
        check_public_url(settings, http_address)
        tls = self._tls(wanted_grpc.host, http_address.host, urlsplit(public_url).hostname)
        where = _Where(
            grpc=wanted_grpc,
            http=http_address,
            listener=listener,
            public_url=public_url,
            urls={http, public_url},
            tls=tls,
        )
        metadata = self._open(
            metadata_port(settings, store, door.issuer, self._clock, PROJECT, trail.recorder)
        )
        own_hosts = self._own_hosts(where, metadata)
        backend = self._backend(door, where, own_hosts, trail)
        grpc = self._serve(backend, door, where, probes, own_hosts)
        self._open(metrics_port(settings, probes, self._requests))
        store.instance.set("grpc", str(grpc))
        store.instance.set("http", str(http_address))
        presence = Presence(
            grpc=str(grpc.reachable),
            http=http,
            data_dir=settings.data_dir,
            ca=tls.ca if tls else None,
            metadata=metadata,
        )
        self._closing.callback(presence.withdraw, os.environ)
        presence.announce(settings.ready_file, os.environ)
        readiness.start()
        self._closing.callback(self._turn_away, readiness)
        _log.info("listening: gRPC on %s, HTTP on %s, data in %s", grpc, http, settings.data_dir)

    def _backend(
        self, door: FrontDoor, where: _Where, own_hosts: OwnHosts, trail: AuditTrail
    ) -> Backend:
        settings, clock, store = self._settings, self._clock, door.store
        try:
            definition_limits, limits = chosen_limits(settings.limits)
        except ValueError as error:
            raise StartError(f"--limits: {error}") from error
        told = Told(
            callback_base_url=where.public_url,
            project_number=settings.project_number,
            connectors=connectors(settings, where.urls),
            gate=self._gate(store, door.access, limits),
            definition_limits=definition_limits,
            limits=limits,
            history_level=HistoryLevel.named(settings.execution_history),
        )
        engine = Engine(
            store,
            clock,
            pool=Pool(
                threads=settings.threads,
                park_after=settings.park_after,
                running=settings.max_running,
                running_each=settings.max_running_each or None,
                queued=settings.max_queued,
            ),
            told=told,
            network=self._network(store, door.issuer, where, own_hosts),
            watch=Watch(observer=self._metrics, spans=self._spans),
        )
        self._closing.callback(lambda: engine.close(self._grace()))
        self._closing.callback(lambda: engine.drain(self._grace() - _CLOSE_SECONDS))
        engine.start()
        self._metrics.watch(store.census, lambda: engine.hands)
        self._sweep(store)
        return Backend(
            store=store,
            engine=engine,
            access=door.access,
            issuer=door.issuer,
            approval=door.approval,
            bearers=door.bearers(where.urls),
            keys=door.keys,
            managed_keys=door.managed_keys,
            clock=clock,
            settings=settings,
            sealer=door.sealer,
            senders=door.senders(),
            definition_limits=definition_limits,
            limits=limits,
            audit=trail.recorder,
            rates=RateLimits.of(settings, clock, self._metrics),
        )

    def _sweep(self, store: Store) -> None:
        days, audit_days = self._settings.retention, self._settings.audit_retention
        sweeper = Sweeper(
            store.expiry, self._clock, self._metrics, retention_days=days, audit_days=audit_days
        )
        self._closing.callback(sweeper.close)
        sweeper.start()

    def _own_hosts(self, where: _Where, metadata: str | None) -> OwnHosts:
        """Start what sends the requests of workflows, and what answers some of them itself."""
        client = outbound_client(
            self._settings,
            where.urls,
            loopback=self._alone(where),
            trusted=where.tls.ca if where.tls else None,
            closed=[Address.parse(metadata).port] if metadata else [],
        )
        own_hosts = OwnHosts(self._settings.answer_for, client)
        for sender in (client, own_hosts):
            self._closing.callback(sender.close)
            sender.start()
        return own_hosts

    def _gate(self, store: Store, access: Access, limits: RunLimits) -> NestingGate:
        """Return what decides which executions executions create."""
        asked = None if self._settings.insecure_no_auth else access
        return NestingGate(
            store.workflows,
            store.census,
            store.credentials,
            asked,
            limits,
            max_queued=self._settings.max_queued,
        )

    def _network(self, store: Store, issuer: Issuer, where: _Where, own_hosts: OwnHosts) -> Network:
        """Return the way from workflows to others."""
        tokens = bearers(
            self._settings,
            issuer,
            store.credentials,
            self._clock,
            where.urls | own_hosts.urls,
            loopback=self._alone(where),
        )
        header = self._settings.idempotency_header
        return Network(sender=own_hosts, tokens=tokens, idempotency_header=header)

    def _alone(self, where: _Where) -> bool:
        """Tell whether the server is its machine's alone."""
        return where.http.loopback and where.grpc.loopback and not self._settings.public_url

    def _serve(
        self,
        backend: Backend,
        door: FrontDoor,
        where: _Where,
        probes: Probes,
        own_hosts: OwnHosts,
    ) -> Address:
        """Start both edges; returns the gRPC address."""
        settings, urls, tls, keys = self._settings, where.urls, where.tls, self._issuer_keys(door)
        live = LiveTls(tls.certificate, tls.key, settings.tls_client_ca) if tls else None
        admission = Admission(door.authenticator(urls, keys), backend)
        own_hosts.open(admission, self._requests)
        workers = Workers()
        alone = Address(where.listener.getsockname()[0], 0).loopback and not settings.public_url
        guard = by_machine(admission) if alone else by_token(admission)
        pages = application(
            admission,
            door.oauth(where.public_url, urls),
            workers,
            requests=self._requests,
            probes=probes.routes(workers, self._requests, guard),
            providers=Providers(issuers=door.external, keys=keys),
        )
        if settings.insecure_no_auth:
            pages = PageGuard(pages, {urlsplit(url).hostname or "" for url in urls})
            reminder = Reminder()
            self._closing.callback(reminder.close)
            reminder.start()
        http = HttpServer(
            where.listener,
            pages,
            workers,
            tls=live,
            # The other half is for gRPC, the store and the requests of workflows.
            max_connections=min(settings.max_connections, open_files.limit() // 2),
        )
        grpc = GrpcServer(
            where.grpc,
            admission,
            tls=live,
            capacity=Capacity(connections=Connections(age=settings.grpc_connection_age or None)),
            requests=self._requests,
            trouble=probes.readiness.trouble,
        )
        self._closing.callback(self._stop, grpc, http)
        # First, so that streams end while there is time to say why.
        self._closing.callback(backend.engine.leave)
        for server in (grpc, http):
            server.start()
        return grpc.address

    def _issuer_keys(self, door: FrontDoor) -> FetchedKeys | None:
        """Start to fetch the keys of other issuers, if there are any."""
        if not door.external:
            return None
        keys = fetched_keys(door.external, self._clock)
        self._closing.callback(keys.close)
        keys.start()
        return keys

    def _open(self, port: SidePort | None) -> str | None:
        """Serve a port beside the edges, if it is asked for; returns HOST:PORT."""
        if port is None:
            return None
        self._closing.callback(self._stop, port.server)
        port.server.start()
        _log.info("%s", port.about)
        return str(port.address)

    def _turn_away(self, readiness: Readiness) -> None:
        """Say that requests should go elsewhere, and serve those that still come for a while."""
        readiness.drain()
        waiting, until = threading.Condition(), self._clock.monotonic() + self._settings.drain_delay
        with waiting:
            while (left := until - self._clock.monotonic()) > 0:
                # In short parts: a second signal is heeded between two of them.
                self._clock.wait(waiting, min(left, _LOOK_SECONDS))
        self._stop_by = self._clock.monotonic() + self._settings.drain_seconds

    def _tls(self, *hosts: str | None) -> TlsFiles | None:
        """Return the files to speak TLS with, None to speak plain text."""
        settings = self._settings
        if settings.tls_self_signed:
            named = (host for host in hosts if host)
            return self_signed(settings.data_dir, named, self._clock.now())
        if settings.tls_cert and settings.tls_key:
            return TlsFiles(settings.tls_cert, settings.tls_key, None)
        return None

    def _stop(self, *servers: GrpcServer | HttpServer) -> None:
        """Stop servers at the same time, so that none takes requests while another drains."""
        grace = max(0.0, self._grace() - _CLOSE_SECONDS)
        with ThreadPoolExecutor(len(servers)) as pool:
            for stopping in [pool.submit(server.stop, grace) for server in servers]:
                stopping.result()

    def _grace(self) -> float:
        """Return the seconds that are left of the stop."""
        return max(0.0, self._stop_by - self._clock.monotonic())


def _address(chosen: Address | None, store: Store, key: str, default: Address) -> Address:
    """Return where to listen: as told, else as last time in this data dir, else the default."""
    last = store.instance.get(key)
    return chosen or (Address.parse(last) if last else default)
