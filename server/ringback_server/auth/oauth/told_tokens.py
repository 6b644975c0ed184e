"""What a token says and whether it counts, for those that tell others of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ringback_server.auth.access_tokens import TYPES
from ringback_server.auth.claims import Claims, strict_object
from ringback_server.auth.issuer import Issuer
from ringback_server.auth.jws import UnverifiedToken, read
from ringback_server.auth.refusals import Refusal, TokenError
from ringback_server.clock import Clock
from ringback_server.errors import UnauthenticatedError
from ringback_server.model.principals import Principal


class Bearers(Protocol):
    """Turns bearer tokens into principals."""

    def authenticate(self, bearer: str, /) -> Principal:
        """Return whom a token speaks for; raises UnauthenticatedError."""
        ...


class Tokens:
    """Reads tokens of this server that count now, and no others."""

    def __init__(self, bearers: Bearers, issuer: Issuer, clock: Clock) -> None:
        """Take what checks access tokens, and whose tokens they are."""
        self._bearers = bearers
        self._issuer = issuer
        self._clock = clock

    def access(self, text: str) -> Mapping[str, object] | None:
        """Return the claims of an access token of this server that counts, None for any other."""
        try:
            token = read(text)
            if token.typ not in TYPES:
                return None
            self._bearers.authenticate(text)
            return strict_object(token.payload)
        except (TokenError, UnauthenticatedError):
            return None

    def identity(self, text: str) -> tuple[UnverifiedToken, Mapping[str, object]] | None:
        """Return an ID token of this server that is valid, with its claims; None for any other."""
        try:
            token = read(text)
            self._verified(token).expiry(self._clock.now())
            return token, strict_object(token.payload)
        except TokenError:
            return None

    def _verified(self, token: UnverifiedToken) -> Claims:
        if token.typ != "JWT":
            raise TokenError(Refusal.TYPE)
        key = self._issuer.verification_key(token.kid)
        if key is None:
            raise TokenError(Refusal.KEY_UNKNOWN)
        claims = token.claims(key)
        if claims.text("iss") != self._issuer.iss:
            raise TokenError(Refusal.ISSUER)
        return claims
