"""The authorization server of one instance, put together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ringback_server.auth.grants import Grants
from ringback_server.auth.issuer import Issuer
from ringback_server.auth.oauth.browsers import BrowserLogins
from ringback_server.auth.oauth.client_assertions import ClientAssertions
from ringback_server.auth.oauth.clients import Clients
from ringback_server.auth.oauth.devices import DeviceLogins, NewLogins
from ringback_server.auth.oauth.endpoint import TokenEndpoint
from ringback_server.auth.oauth.introspection import Introspection
from ringback_server.auth.oauth.metadata import DEVICE, server_metadata
from ringback_server.auth.oauth.requests import OAuthRequest
from ringback_server.auth.oauth.revocation import Revocation
from ringback_server.auth.oauth.sessions import PersonSessions
from ringback_server.auth.oauth.stores import OAuthStore
from ringback_server.auth.oauth.token_info import TokenInfo
from ringback_server.auth.oauth.told_tokens import Bearers, Tokens
from ringback_server.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationServer:
    """What answers at the OAuth endpoints, each raising OAuthError."""

    clients: Clients
    endpoint: TokenEndpoint
    devices: DeviceLogins
    browsers: BrowserLogins
    introspection: Introspection
    revocation: Revocation
    token_info: TokenInfo
    issuer: Issuer
    url: str

    @classmethod
    def of(
        cls,
        issuer: Issuer,
        store: OAuthStore,
        bearers: Bearers,
        clock: Clock,
        *,
        url: str,
        urls: Iterable[str],
    ) -> AuthorizationServer:
        """Put the server together; it is reached under `url`, and also under `urls`."""
        urls = (url, *urls)
        credentials, secrets = store.credentials, store.client_secrets
        audiences = (*(f"{one.rstrip('/')}/token" for one in urls), issuer.iss)
        assertions = ClientAssertions(credentials, secrets, clock, audiences=audiences)
        clients = Clients(credentials, secrets, assertions, clock)
        sessions = PersonSessions(issuer, store, clock)
        new = NewLogins(store.logins, clock)
        page = f"{url}{DEVICE}"
        devices = DeviceLogins(new, store.logins, sessions, clock, verification_uri=page)
        browsers = BrowserLogins(clients, new, store.logins, sessions, clock, issuer=issuer.iss)
        tokens = Tokens(bearers, issuer, clock)
        return cls(
            clients=clients,
            endpoint=TokenEndpoint(
                Grants(issuer, credentials, credentials, clock, urls=urls),
                clients,
                issuer,
                sessions=sessions,
                devices=devices,
                browsers=browsers,
            ),
            devices=devices,
            browsers=browsers,
            introspection=Introspection(clients, tokens, store.sessions, clock),
            revocation=Revocation(clients, tokens, credentials, store.sessions),
            token_info=TokenInfo(tokens, store, clock),
            issuer=issuer,
            url=url,
        )

    def exchange(self, request: OAuthRequest) -> dict[str, object]:
        """Answer a token request."""
        return self.endpoint.exchange(request)

    def device_authorization(self, request: OAuthRequest) -> dict[str, object]:
        """Answer a device authorization request."""
        return self.devices.begin(request, self.clients.authenticate(request))

    def metadata(self) -> dict[str, object]:
        """Return what the server says about itself."""
        algorithms = self.issuer.algorithms()
        return server_metadata(self.issuer.iss, self.url, self.endpoint.grant_types, algorithms)
