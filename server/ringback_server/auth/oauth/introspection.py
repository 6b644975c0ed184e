"""Introspection: whether a token counts, and what it is good for (RFC 7662)."""

from __future__ import annotations

from typing import Final

from ringback_server.auth.oauth.clients import Client, Clients
from ringback_server.auth.oauth.opaque import digest
from ringback_server.auth.oauth.requests import OAuthRequest
from ringback_server.auth.oauth.stores import Sessions
from ringback_server.auth.oauth.told_tokens import Tokens
from ringback_server.clock import Clock

#: claims that are told as they are
_TOLD: Final = (
    *("scope", "client_id", "exp", "iat", "sub", "aud", "iss", "jti"),
    *("permissions", "resource", "method"),
)


class Introspection:
    """Tells accounts that are clients of the tokens that they were sent."""

    def __init__(self, clients: Clients, tokens: Tokens, sessions: Sessions, clock: Clock) -> None:
        """Take the seams."""
        self._clients = clients
        self._tokens = tokens
        self._sessions = sessions
        self._clock = clock

    def answer(self, request: OAuthRequest) -> dict[str, object]:
        """Return what is told of a token: of one that does not count, only that.

        A refresh token counts for its client and its account alone. Raises OAuthError.
        """
        client = self._clients.confidential(request)
        token = request.required("token")
        return self._access(token) or self._refresh(token, client) or {"active": False}

    def _access(self, token: str) -> dict[str, object] | None:
        claims = self._tokens.access(token)
        if claims is None:
            return None
        told = {name: claims[name] for name in _TOLD if name in claims}
        return {"active": True, "token_type": "Bearer", "username": claims["sub"], **told}

    def _refresh(self, token: str, client: Client) -> dict[str, object] | None:
        found = self._sessions.refresh_token(digest(token))
        if found is None or found.spent or found.session.revoked:
            return None
        session = found.session
        expire_time = min(found.expire_time, session.end_time)
        theirs = client.email == session.email or client.client_id == session.client_id
        if not theirs or self._clock.now() >= expire_time:
            return None
        return {
            "active": True,
            "token_type": "refresh_token",
            "username": session.email,
            "sub": session.email,
            "client_id": session.client_id,
            "scope": session.scope,
            "iat": int(session.use_time),
            "exp": int(expire_time),
        }
