"""Access tokens of this server (RFC 9068) as bearer tokens."""

from __future__ import annotations

from typing import Final

from ringback_server.auth.claims import Claims, opens_service
from ringback_server.auth.issuer import AT_JWT, Issuer
from ringback_server.auth.jws import UnverifiedToken
from ringback_server.auth.keys import ALGORITHMS
from ringback_server.auth.permissions import PERMISSIONS
from ringback_server.auth.refusals import Refusal, TokenError
from ringback_server.auth.scopes import opens_anything, within_scope
from ringback_server.auth.stores import Revocations
from ringback_server.model.principals import Principal

#: the spellings of the media type in `typ`; no others, in no other case
TYPES: Final = frozenset({AT_JWT, f"application/{AT_JWT}"})


class AccessTokens:
    """Verifies the access tokens that this server issued."""

    def __init__(self, issuer: Issuer, revocations: Revocations) -> None:
        self._issuer = issuer
        self._revocations = revocations

    def verify(self, token: UnverifiedToken, now: float) -> Principal:
        """Return whom the token speaks for; `now` in Unix seconds. Raises TokenError."""
        if token.typ not in TYPES:
            raise TokenError(Refusal.TYPE)
        if token.algorithm not in ALGORITHMS:
            raise TokenError(Refusal.ALGORITHM)
        key = self._issuer.verification_key(token.kid)
        if key is None:
            raise TokenError(Refusal.KEY_UNKNOWN)
        claims = token.claims(key)
        if claims.text("iss") != self._issuer.iss:
            raise TokenError(Refusal.ISSUER)
        if claims.text("aud") != self._issuer.audience:
            raise TokenError(Refusal.AUDIENCE)
        expire = claims.expiry(now)
        return _principal(claims, expire)

    def confirm(self, kid: str, principal: Principal) -> None:
        """Raise TokenError unless key, account and token count now."""
        if self._issuer.verification_key(kid) is None:
            raise TokenError(Refusal.KEY_UNKNOWN)
        account, revoked = self._revocations.standing(principal.email, principal.token_id)
        if not principal.is_account(account):
            raise TokenError(Refusal.ACCOUNT)
        if revoked:
            raise TokenError(Refusal.REVOKED)


def _principal(claims: Claims, expire: int) -> Principal:
    claims.text("client_id")
    scope = claims.text("scope")
    if not opens_anything(scope):
        raise TokenError(Refusal.SCOPE)
    return Principal(
        email=claims.text("sub"),
        permissions=_permissions(claims, scope),
        resource=claims.optional_text("resource"),
        account_id=claims.optional_text("account_id"),
        method=claims.optional_text("method"),
        token_id=claims.text("jti"),
        expire_time=expire,
    )


def _permissions(claims: Claims, scope: str) -> frozenset[str] | None:
    named = claims.texts("permissions")
    if named is None and not opens_service(scope):
        # A narrow scope that names nothing would leave everything to the bindings.
        named = PERMISSIONS
    return None if named is None else within_scope(named, scope)
