"""Ports beside the two edges, for machines: what they serve takes no token."""

from __future__ import annotations

from dataclasses import dataclass

from ringback_server.api.requests import Requests
from ringback_server.auth.issuer import Issuer
from ringback_server.clock import Clock
from ringback_server.control.auditing import Audit
from ringback_server.errors import StartError
from ringback_server.gateway.exchange import Endpoint
from ringback_server.gateway.metadata import MetadataServer
from ringback_server.gateway.probes import Probes, probes_only
from ringback_server.gateway.server import HttpServer, address_of, listen
from ringback_server.gateway.workers import Workers
from ringback_server.setting_values import Address
from ringback_server.settings import Settings
from ringback_server.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class SidePort:
    """A port that listens, with the server that is to be started on it."""

    server: HttpServer
    address: Address
    #: what the log says of it
    about: str


def metadata_port(
    settings: Settings, store: Store, issuer: Issuer, clock: Clock, project: str, audit: Audit
) -> SidePort | None:
    """Take the port of the metadata server, if one is asked for; raises StartError."""
    wanted, email = settings.metadata_address, settings.metadata_account
    if wanted is None:
        return None
    if store.credentials.account(email) is None:
        raise StartError(f"--metadata-account: there is no service account {email}")
    listener = listen(wanted, option="--metadata-address")
    address = address_of(listener, wanted)
    workers = Workers(threads=4)
    metadata = MetadataServer(
        email,
        issuer,
        store.credentials,
        clock,
        workers,
        project=(project, settings.project_number),
        audit=audit,
    )
    return SidePort(
        server=HttpServer(listener, Endpoint(metadata.respond), workers),
        address=address,
        about=f"metadata server on {address}, with tokens of {email}",
    )


def metrics_port(settings: Settings, probes: Probes, requests: Requests) -> SidePort | None:
    """Take a port for metrics alone, if one is asked for; raises StartError."""
    wanted = settings.metrics_address
    if wanted is None:
        return None
    listener = listen(wanted, option="--metrics-address")
    address = address_of(listener, wanted)
    workers = Workers(threads=2)
    return SidePort(
        server=HttpServer(listener, probes_only(probes, workers, requests), workers),
        address=address,
        about=f"metrics on http://{address}/metrics",
    )
