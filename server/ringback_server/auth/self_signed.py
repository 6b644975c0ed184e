"""Self-signed JWTs as bearer tokens, as Google's clients with a key file send them (SPEC 6.6)."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from ringback_server.auth.assertions import Assertions
from ringback_server.auth.claims import Claims, opens_service
from ringback_server.auth.jws import UnverifiedToken
from ringback_server.auth.refusals import Refusal, TokenError
from ringback_server.auth.stores import Revocations
from ringback_server.model.principals import Principal


class SelfSignedTokens:
    """Verifies JWTs that an account signed for this service."""

    def __init__(
        self, assertions: Assertions, revocations: Revocations, audiences: AbstractSet[str]
    ) -> None:
        self._assertions = assertions
        self._revocations = revocations
        self._audiences = audiences

    def verify(self, token: UnverifiedToken, now: float) -> Principal:
        """Return who signed the token; `now` in Unix seconds. Raises TokenError."""
        claims = self._assertions.verify(token, now)
        self._check_purpose(claims)
        return Principal(
            email=claims.text("sub"),
            # Never `jti`: an account could write that of another's token there, and have the
            # other blamed or revoked.
            token_id=token.token_id,
            expire_time=claims.second("exp"),
        )

    def confirm(self, kid: str, principal: Principal) -> None:
        """Raise TokenError unless key, account and token count now."""
        self._assertions.confirm(kid, principal.email)
        if self._revocations.revoked(principal.token_id):
            raise TokenError(Refusal.REVOKED)

    def _check_purpose(self, claims: Claims) -> None:
        """Ask for our audience, or for none and the scope; a scope must always be right."""
        # Google's client for Go writes an empty audience where it means none.
        audience = None if claims.blank("aud") else claims.text("aud")
        scope = claims.optional_text("scope")
        if audience is not None and audience not in self._audiences:
            raise TokenError(Refusal.AUDIENCE)
        if (audience is None or scope is not None) and not opens_service(scope):
            raise TokenError(Refusal.SCOPE)
