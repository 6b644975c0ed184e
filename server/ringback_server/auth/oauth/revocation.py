"""Revocation: a client says that a token is no longer needed (RFC 7009)."""

from __future__ import annotations

from dataclasses import dataclass

from ringback_server.auth.claims import LEEWAY
from ringback_server.auth.grants import OAuthError
from ringback_server.auth.oauth.clients import Client, Clients
from ringback_server.auth.oauth.opaque import digest
from ringback_server.auth.oauth.requests import OAuthRequest
from ringback_server.auth.oauth.stores import Accounts, Sessions
from ringback_server.auth.oauth.told_tokens import Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """What counts no more: a token of an account, or a session of it."""

    email: str
    token_id: str = ""
    session_id: str = ""


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

    def revoke(self, request: OAuthRequest) -> Revoked | None:
        """Revoke a token at once, and return what it was; None for one that does not count.

        That is no error (RFC 7009, 2.2). With a refresh token its whole session ends. Raises
        OAuthError, also for the token of another client.
        """
        client = self._clients.authenticate(request)
        token = request.required("token")
        return self._refresh(token, client) or self._access(token, client)

    def _refresh(self, token: str, client: Client) -> Revoked | None:
        """Revoke a refresh token; None if it is none."""
        found = self._sessions.refresh_token(digest(token))
        if found is None:
            return None
        session = found.session
        _check(client, session.client_id, session.email)
        self._sessions.revoke(session.session_id)
        return Revoked(email=session.email, session_id=session.session_id)

    def _access(self, token: str, client: Client) -> Revoked | None:
        claims = self._tokens.access(token)
        if claims is None:
            return None
        _check(client, str(claims["client_id"]), str(claims["sub"]))
        expire = claims["exp"]
        until = float(expire) if isinstance(expire, int) else 0.0
        revoked = Revoked(email=str(claims["sub"]), token_id=str(claims["jti"]))
        self._accounts.revoke(revoked.token_id, until + LEEWAY)
        return revoked


def _check(client: Client, client_id: str, email: str) -> None:
    """Raise OAuthError for a token of another client that is not the client's own either."""
    theirs = {client_id} if client.email is None else {client_id, email}
    if theirs.isdisjoint({client.client_id, client.email}):
        raise OAuthError("unauthorized_client", "The token is that of another client.")
