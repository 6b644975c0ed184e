"""The token endpoint: which grant answers a request (RFC 6749, 3.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ringback_server.auth.attenuation import DEFAULT_LIFETIME
from ringback_server.auth.claims import CLOUD_PLATFORM
from ringback_server.auth.grants import JWT_BEARER, Grants, OAuthError
from ringback_server.auth.issuer import Issuer
from ringback_server.auth.oauth.browsers import BrowserLogins
from ringback_server.auth.oauth.clients import Client, Clients
from ringback_server.auth.oauth.devices import DeviceLogins
from ringback_server.auth.oauth.requests import OAuthRequest, asked_scope
from ringback_server.auth.oauth.sessions import PersonSessions

DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"

_Answers = Callable[[OAuthRequest, Client], dict[str, object]]


class TokenEndpoint:
    """Exchanges grants for tokens."""

    def __init__(
        self,
        grants: Grants,
        clients: Clients,
        issuer: Issuer,
        *,
        sessions: PersonSessions,
        devices: DeviceLogins,
        browsers: BrowserLogins,
    ) -> None:
        """Take what answers each grant."""
        self._grants = grants
        self._clients = clients
        self._issuer = issuer
        self._by_client: Mapping[str, _Answers] = {
            "authorization_code": browsers.exchange,
            "client_credentials": self._client_credentials,
            "refresh_token": sessions.refresh,
            DEVICE_GRANT: devices.exchange,
        }

    @property
    def grant_types(self) -> tuple[str, ...]:
        """The grants that there are."""
        return (*self._by_client, JWT_BEARER)

    def exchange(self, request: OAuthRequest) -> dict[str, object]:
        """Return the JSON answer to a token request; raises OAuthError."""
        grant_type = request.required("grant_type")
        if grant_type == JWT_BEARER:
            # The assertion says who asks (RFC 7521, 4.1).
            return self._grants.exchange(request.form)
        answers = self._by_client.get(grant_type)
        if answers is None:
            known = ", ".join(self.grant_types)
            raise OAuthError("unsupported_grant_type", f"grant_type must be one of {known}.")
        return answers(request, self._clients.authenticate(request))

    def _client_credentials(self, request: OAuthRequest, client: Client) -> dict[str, object]:
        """Give an account that is a client a token of its own (RFC 6749, 4.4)."""
        if client.email is None:
            raise OAuthError("unauthorized_client", "A client without a secret has no tokens.")
        scope = asked_scope(request.text("scope"), CLOUD_PLATFORM)
        issued = self._issuer.access_token(client.email, scope=scope)
        return {
            "access_token": issued.token,
            "expires_in": DEFAULT_LIFETIME,
            "token_type": "Bearer",
            "scope": scope,
        }
