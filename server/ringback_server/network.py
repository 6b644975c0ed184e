"""The way from workflows to others: the client, where it may go, and whose tokens it carries."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from ringback_server.auth.google_tokens import GoogleTokens
from ringback_server.auth.issuer import Issuer
from ringback_server.auth.outgoing_tokens import OutgoingTokens
from ringback_server.auth.stores import KeyStore
from ringback_server.clock import Clock
from ringback_server.connectors.catalog import Catalog, doubts_of
from ringback_server.connectors.documents import Documents
from ringback_server.connectors.routes import Routes, places
from ringback_server.engine.bearers import Bearers
from ringback_server.engine.outbound.client import OutboundClient
from ringback_server.engine.outbound.egress import EgressPolicy
from ringback_server.errors import StartError
from ringback_server.model.origins import origin_of
from ringback_server.settings import Settings

_log = logging.getLogger(__name__)


def outbound_client(
    settings: Settings,
    urls: Iterable[str],
    *,
    loopback: bool,
    trusted: Path | None,
    closed: Iterable[int] = (),
) -> OutboundClient:
    """Return a client that is not started yet; raises StartError for a setting that will not do.

    `urls` are this server's own; `loopback` tells whether it is this machine's alone; `trusted`
    is a PEM file of an authority that is trusted too; `closed` are ports of this machine that are
    never reached. Where connectors lead may be reached too.
    """
    own = [origin_of(url)[1:] for url in urls]
    own += places(settings.connectors)
    try:
        policy = EgressPolicy.of(settings.egress_allow, loopback=loopback, own=own, closed=closed)
    except ValueError as error:
        raise StartError(f"--egress-allow: {error}") from error
    return OutboundClient(policy, trusted=trusted, per_host=settings.requests_per_host)


def bearers(
    settings: Settings,
    issuer: Issuer,
    accounts: KeyStore,
    clock: Clock,
    urls: Iterable[str],
    *,
    loopback: bool,
) -> Bearers:
    """Return what gives requests their tokens; raises StartError for credentials of no use."""
    source, google = settings.google_credentials, None
    if source is not None:
        try:
            google = GoogleTokens(source, loopback=loopback)
        except ValueError as error:
            raise StartError(f"--google-credentials: {error}") from error
    own = OutgoingTokens(issuer, accounts, own=urls, loopback=loopback)
    return Bearers(own, clock, google)


def connectors(settings: Settings, urls: Iterable[str]) -> Catalog:
    """Return what is known of Google's services, and where they are; `urls` are this server's."""
    google = settings.google_credentials is not None
    documents = Documents()
    for doubt in doubts_of(documents, [name for name, _ in settings.connectors]):
        _log.warning("%s", doubt)
    return Catalog(Routes(settings.connectors, own=urls, google=google), documents)
