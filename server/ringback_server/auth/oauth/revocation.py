"""Revocation: a client says that a token is no longer needed (RFC 7009)."""

from __future__ import annotations

from ringback_server.auth.claims import LEEWAY
from ringback_server.auth.grants import OAuthError
from ringback_server.auth.oauth.clients import Client, Clients
from ringback_server.auth.oauth.opaque import digest
from ringback_server.auth.oauth.requests import OAuthRequest
from ringback_server.auth.oauth.stores import Accounts, Sessions
from ringback_server.auth.oauth.told_tokens import Tokens


class Revocation:
    """Revokes tokens for the clients that they were issued to."""

    def __init__(
        self, clients: Clients, tokens: Tokens, accounts: Accounts, sessions: Sessions
    ) -> None:
        """Take the seams."""
        self._clients = clients
        self._tokens = tokens
        self._accounts = accounts
        self._sessions = sessions

    def revoke(self, request: OAuthRequest) -> dict[str, object]:
        """Revoke a token at once; one that does not count is no error (RFC 7009, 2.2).

        With a refresh token its whole session ends. Raises OAuthError, also for the token of
        another client.
        """
        client = self._clients.authenticate(request)
        token = request.required("token")
        if not self._refresh(token, client):
            self._access(token, client)
        return {}

    def _refresh(self, token: str, client: Client) -> bool:
        """Revoke a refresh token; False if it is none."""
        found = self._sessions.refresh_token(digest(token))
        if found is None:
            return False
        _check(client, found.session.client_id, found.session.email)
        self._sessions.revoke(found.session.session_id)
        return True

    def _access(self, token: str, client: Client) -> None:
        claims = self._tokens.access(token)
        if claims is None:
            return
        _check(client, str(claims["client_id"]), str(claims["sub"]))
        expire = claims["exp"]
        until = float(expire) if isinstance(expire, int) else 0.0
        self._accounts.revoke(str(claims["jti"]), until + LEEWAY)


def _check(client: Client, client_id: str, email: str) -> None:
    """Raise OAuthError for a token of another client that is not the client's own either."""
    theirs = {client_id} if client.email is None else {client_id, email}
    if theirs.isdisjoint({client.client_id, client.email}):
        raise OAuthError("unauthorized_client", "The token is that of another client.")
