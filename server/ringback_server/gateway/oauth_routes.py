"""Which part of the authorization server answers which path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from starlette.routing import Route

from ringback_server.api.requests import Requests
from ringback_server.auth.external_issuers import ExternalIssuer
from ringback_server.auth.external_tokens import IssuerKeys
from ringback_server.auth.oauth import metadata
from ringback_server.auth.oauth.provider_logins import CALLBACK, ProviderLogins
from ringback_server.auth.oauth.server import AuthorizationServer
from ringback_server.control.caller import Backend
from ringback_server.gateway.exchange import Endpoint, Respond
from ringback_server.gateway.oauth import DocumentEndpoint, FormEndpoint, TokenInfoEndpoint
from ringback_server.gateway.oauth_pages import Pages
from ringback_server.gateway.oauth_providers import PROVIDER, WAIT, ProviderPages
from ringback_server.gateway.provider_calls import ProviderCalls, Sender
from ringback_server.gateway.token_audit import audited_exchange, audited_revocation
from ringback_server.gateway.workers import Workers

_OAUTH_METADATA = "/.well-known/oauth-authorization-server"
_OPENID_METADATA = "/.well-known/openid-configuration"


class ProviderKeys(IssuerKeys, Sender, Protocol):
    """The keys of external issuers, and a way to ask these for more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Providers:
    """External issuers, through some of which people log in."""

    issuers: tuple[ExternalIssuer, ...] = ()
    keys: ProviderKeys | None = None


def oauth_routes(
    oauth: AuthorizationServer,
    backend: Backend,
    workers: Workers,
    requests: Requests,
    providers: Providers,
) -> Iterator[Route]:
    """Return the routes of the authorization server."""
    for path, (name, respond) in _endpoints(oauth, backend, workers, providers).items():
        yield Route(path, Endpoint(respond, requests, name))


def _endpoints(
    oauth: AuthorizationServer, backend: Backend, workers: Workers, providers: Providers
) -> Mapping[str, tuple[str, Respond]]:
    """Return what answers each path, and what it is called in numbers and logs."""
    secure = oauth.url.startswith("https://")
    through = ProviderLogins(
        providers.issuers,
        providers.keys,
        backend.store.logins,
        backend.store.credentials,
        backend.clock,
        url=oauth.url,
    )
    calls = ProviderCalls(providers.keys) if providers.keys else None
    ways = ProviderPages(through, calls, oauth.browsers, backend, workers, secure=secure)
    pages = Pages(oauth.browsers, backend.approval, workers, secure=secure, providers=through.names)
    documents = DocumentEndpoint(oauth.metadata, workers).respond
    told = TokenInfoEndpoint(oauth.token_info, workers, legacy=False).respond
    told_before = TokenInfoEndpoint(oauth.token_info, workers, legacy=True).respond
    forms = {
        metadata.TOKEN: ("token", audited_exchange(oauth.exchange, backend)),
        metadata.DEVICE_AUTHORIZATION: ("device_authorization", oauth.device_authorization),
        metadata.INTROSPECT: ("introspect", oauth.introspection.answer),
        metadata.REVOKE: ("revoke", audited_revocation(oauth.revocation.revoke, backend)),
    }
    return {
        **{path: (name, FormEndpoint(f, workers).respond) for path, (name, f) in forms.items()},
        metadata.AUTHORIZE: ("authorize", pages.authorize),
        WAIT: ("authorize", pages.wait),
        PROVIDER: ("authorize", ways.begin),
        CALLBACK: ("authorize", ways.end),
        metadata.DEVICE: ("device", pages.device),
        metadata.KEYS: ("jwks", DocumentEndpoint(oauth.issuer.jwks, workers).respond),
        "/tokeninfo": ("tokeninfo", told),
        "/oauth2/v3/tokeninfo": ("tokeninfo", told),
        "/oauth2/v2/tokeninfo": ("tokeninfo", told_before),
        "/oauth2/v1/tokeninfo": ("tokeninfo", told_before),
        **dict.fromkeys(_metadata_paths(oauth.url), ("metadata", documents)),
    }


def _metadata_paths(url: str) -> tuple[str, ...]:
    """Return where the metadata are: RFC 8414 puts the path of the issuer behind its own."""
    below = urlsplit(url).path.rstrip("/")
    return tuple({_OAUTH_METADATA, _OPENID_METADATA, f"{_OAUTH_METADATA}{below}"})
