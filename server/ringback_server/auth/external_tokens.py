"""Tokens of external issuers as bearers.

An issuer is chosen by `iss` before anything is verified, and only to know whose keys to ask. The
token then counts only if one of that very issuer's keys signed it and its claims say the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from ringback_server.auth.access_tokens import TYPES
from ringback_server.auth.claims import LEEWAY, Claims
from ringback_server.auth.external_issuers import ExternalIssuer
from ringback_server.auth.jws import UnverifiedToken
from ringback_server.auth.key_sets import ExternalKey
from ringback_server.auth.refusals import Refusal, TokenError
from ringback_server.auth.stores import Revocations
from ringback_server.model.principals import Principal

#: `typ` of tokens: of access tokens, of JWTs, and none, which RFC 7519 leaves to the issuer
_TYPES: Final = TYPES | {"JWT", ""}
#: longest `sub` and `jti` that are taken as they are
_LONGEST_SUBJECT = 512
_LONGEST_ID = 200


class IssuerKeys(Protocol):
    """The public keys of external issuers, as far as they are known."""

    def find(self, issuer: str, kid: str, algorithm: str, /) -> ExternalKey | None:
        """Return the key of the issuer with this name that a token says signed it, or None.

        Nothing is waited for. Raises OverloadedError while the issuer is asked for a key that is
        not known, which is not each time, and while its keys cannot be had.
        """
        ...

    def holds(self, issuer: str, key: ExternalKey, /) -> bool:
        """Tell whether a key is still one of the issuer's; raises OverloadedError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalToken:
    """The way to verify one token, with the key that its header names."""

    issuer: ExternalIssuer
    key: ExternalKey
    keys: IssuerKeys
    revocations: Revocations

    def verify(self, token: UnverifiedToken, now: float) -> Principal:
        """Return whom the token speaks for; `now` in Unix seconds. Raises TokenError."""
        issuer = self.issuer
        claims = token.claims(self.key.public_key)
        if claims.text("iss") != issuer.url:
            raise TokenError(Refusal.ISSUER)
        if issuer.audiences.isdisjoint(claims.one_or_more("aud")):
            raise TokenError(Refusal.AUDIENCE)
        expire = claims.expiry(now)
        if expire - claims.second("iat") > issuer.max_lifetime + LEEWAY:
            raise TokenError(Refusal.LIFETIME)
        for condition in issuer.required:
            if not condition.holds(claims):
                raise TokenError(Refusal.CLAIM, str(condition.path))
        return Principal(
            email=issuer.principal(claims.text_at(issuer.subject.names, _LONGEST_SUBJECT)),
            token_id=_token_id(issuer, claims, token),
            expire_time=expire,
            grants=tuple(rule.grant for rule in issuer.rules if rule.matches(claims)),
        )

    def confirm(self, kid: str, principal: Principal) -> None:
        """Raise TokenError unless the key and the token count now."""
        del kid
        if not self.keys.holds(self.issuer.name, self.key):
            raise TokenError(Refusal.KEY_UNKNOWN)
        if self.revocations.revoked(principal.token_id):
            raise TokenError(Refusal.REVOKED)


class ExternalTokens:
    """Tells which tokens are those of external issuers."""

    def __init__(
        self, issuers: Iterable[ExternalIssuer], keys: IssuerKeys, revocations: Revocations
    ) -> None:
        self._issuers = {issuer.url: issuer for issuer in issuers}
        self._keys = keys
        self._revocations = revocations

    def select(self, token: UnverifiedToken) -> ExternalToken | None:
        """Return the way to verify a token that names an external issuer, None for others.

        Raises TokenError for such a token that no key of the issuer can have signed, and
        OverloadedError while that cannot be told.
        """
        url = token.issuer_among(self._issuers)
        if url is None:
            return None
        issuer = self._issuers[url]
        if token.typ not in _TYPES:
            raise TokenError(Refusal.TYPE)
        if token.algorithm not in issuer.algorithms:
            raise TokenError(Refusal.ALGORITHM)
        key = self._keys.find(issuer.name, token.kid, token.algorithm)
        if key is None:
            raise TokenError(Refusal.KEY_UNKNOWN)
        return ExternalToken(issuer=issuer, key=key, keys=self._keys, revocations=self._revocations)


def _token_id(issuer: ExternalIssuer, claims: Claims, token: UnverifiedToken) -> str:
    """Return what the token is known by: never what a token of another issuer is known by."""
    token_id = claims.optional_text("jti")
    if token_id is None or len(token_id) > _LONGEST_ID:
        return token.token_id
    return f"{issuer.name}:{token_id}"
