"""The one way from a bearer token to a principal."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from ringback_server.auth.access_tokens import TYPES, AccessTokens
from ringback_server.auth.assertions import Assertions, service_audiences
from ringback_server.auth.claims import LEEWAY
from ringback_server.auth.external_tokens import ExternalTokens
from ringback_server.auth.issuer import Issuer
from ringback_server.auth.jws import MAX_TOKEN, UnverifiedToken, taken_apart
from ringback_server.auth.recent import Recent
from ringback_server.auth.refusals import Refusal, TokenError
from ringback_server.auth.self_signed import SelfSignedTokens
from ringback_server.auth.stores import KeyStore, Revocations
from ringback_server.clock import Clock
from ringback_server.errors import UnauthenticatedError
from ringback_server.model.principals import Principal

_log = logging.getLogger(__name__)

# What the caller reads, whatever is wrong; its cause, a TokenError, is for logs.
_MISSING = "The request needs a bearer token."
_REFUSED = "The bearer token is not valid."
_REMEMBERED = 4096


class TokenKind(Protocol):
    """One kind of token that is accepted."""

    def verify(self, token: UnverifiedToken, now: float) -> Principal:
        """Return the principal after every check of the token itself, else TokenError."""
        ...

    def confirm(self, kid: str, principal: Principal) -> None:
        """Raise TokenError unless what the token rests on counts now: key, account, itself."""
        ...


@dataclass(frozen=True, slots=True)
class _Verified:
    """A token that was verified; what can change since is confirmed at each use."""

    kind: TokenKind
    kid: str
    principal: Principal


class Authenticator:
    """Turns bearer tokens into principals; nothing else leaves it.

    Verified tokens are remembered by their SHA-256. Expiry, revocation, and whether key and
    account still count are looked at on every call; for our own signing keys see Issuer.
    """

    def __init__(
        self,
        issuer: Issuer,
        keys: KeyStore,
        revocations: Revocations,
        clock: Clock,
        *,
        urls: Iterable[str] = (),
        external: ExternalTokens | None = None,
    ) -> None:
        """Take the seams, the `urls` that this server goes by as audiences, and other issuers."""
        self._clock = clock
        self._external = external
        self._seen: Recent[bytes, _Verified] = Recent(_REMEMBERED)
        self._access_tokens = AccessTokens(issuer, revocations)
        self._self_signed = SelfSignedTokens(
            Assertions(keys, clock), revocations, service_audiences(urls)
        )

    def authenticate(self, bearer: str) -> Principal:
        """Return whom a bearer token speaks for; "" is none.

        Raises UnauthenticatedError with one vague sentence and the reason TOKEN_MISSING,
        TOKEN_EXPIRED or TOKEN_INVALID; its `__cause__` is a TokenError, precise enough for logs.
        Raises OverloadedError for a token of an external issuer whose keys cannot be had.
        """
        try:
            verified = self._verified(bearer, self._clock.now())
            verified.kind.confirm(verified.kid, verified.principal)
        except TokenError as error:
            _log.debug("a bearer token is refused: %s", error)
            raise _unauthenticated(error) from error
        return verified.principal

    def knows(self, bearer: str) -> bool:
        """Tell whether a bearer token was verified lately, so that checking it takes no time."""
        return bearer.isascii() and self._seen.get(_digest(bearer)) is not None

    def _verified(self, bearer: str, now: float) -> _Verified:
        if not bearer:
            raise TokenError(Refusal.MISSING)
        if len(bearer) > MAX_TOKEN:
            raise TokenError(Refusal.TOO_LARGE)
        if not bearer.isascii():
            raise TokenError(Refusal.MALFORMED)
        digest = _digest(bearer)
        verified = self._seen.get(digest)
        if verified is None:
            token = taken_apart(bearer)
            kind = self._kind(token)
            verified = _Verified(kind, token.kid, kind.verify(token, now))
            self._seen.put(digest, verified)
        elif now >= verified.principal.expire_time + LEEWAY:
            raise TokenError(Refusal.EXPIRED)
        return verified

    def _kind(self, token: UnverifiedToken) -> TokenKind:
        """Choose by the external issuer that is named, else by `typ` alone.

        Each kind then insists on its own algorithms and keys.
        """
        external = self._external.select(token) if self._external else None
        if external is not None:
            return external
        return self._access_tokens if token.ours().typ in TYPES else self._self_signed


def _digest(bearer: str) -> bytes:
    return hashlib.sha256(bearer.encode()).digest()


def _unauthenticated(error: TokenError) -> UnauthenticatedError:
    sentence = _MISSING if error.refusal is Refusal.MISSING else _REFUSED
    return UnauthenticatedError(sentence, reason=error.refusal.public)
