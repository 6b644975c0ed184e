"""Google's tokeninfo, in the shapes that its versions have (SPEC 6.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ringback_server.auth.grants import OAuthError
from ringback_server.auth.oauth.requests import OFFLINE, OAuthRequest
from ringback_server.auth.oauth.stores import OAuthStore
from ringback_server.auth.oauth.told_tokens import Tokens
from ringback_server.clock import Clock

_PARAMETERS: Final = ("access_token", "id_token")


class TokenInfo:
    """Tells whoever has a token what it says; no other credentials are asked for, as Google."""

    def __init__(self, tokens: Tokens, store: OAuthStore, clock: Clock) -> None:
        """Take the seams."""
        self._tokens = tokens
        self._store = store
        self._clock = clock

    def answer(self, request: OAuthRequest, *, legacy: bool = False) -> dict[str, object]:
        """Return what is told of `access_token` or `id_token`; raises OAuthError.

        The present version writes numbers and booleans as text; `legacy` is the shape of
        versions 1 and 2.
        """
        given = [name for name in _PARAMETERS if request.text(name)]
        if len(given) != 1:
            raise OAuthError("invalid_request", "Give either access_token or id_token.")
        token = request.text(given[0])
        told = self._access(token) if given == ["access_token"] else self._identity(token)
        if told is None:
            raise OAuthError("invalid_token", "Invalid Value")
        return _legacy(told) if legacy else _text(told)

    def _access(self, token: str) -> dict[str, object] | None:
        claims = self._tokens.access(token)
        if claims is None:
            return None
        client = self._unique_id(str(claims["client_id"]))
        session = self._store.sessions.of_token(str(claims["jti"]))
        offline = session is not None and OFFLINE in session.scope.split(" ")
        return {
            "azp": client,
            "aud": client,
            "sub": self._unique_id(str(claims["sub"])),
            "scope": claims["scope"],
            "exp": claims["exp"],
            "expires_in": self._left(claims),
            "email": claims["sub"],
            "email_verified": True,
            "access_type": "offline" if offline else "online",
        }

    def _identity(self, token: str) -> dict[str, object] | None:
        found = self._tokens.identity(token)
        if found is None:
            return None
        unverified, claims = found
        header = {"alg": unverified.algorithm, "kid": unverified.kid, "typ": unverified.typ}
        return {**claims, "expires_in": self._left(claims), **header}

    def _left(self, claims: Mapping[str, object]) -> int:
        expire = claims["exp"]
        return max(0, expire - int(self._clock.now())) if isinstance(expire, int) else 0

    def _unique_id(self, client_id: str) -> str:
        """Return the unique id of an account, or the id of a client that is none."""
        account = self._store.credentials.account(client_id)
        return client_id if account is None else account.unique_id


def _text(told: Mapping[str, object]) -> dict[str, object]:
    written = {name: str(value) for name, value in told.items() if not isinstance(value, bool)}
    flags = {name: str(value).lower() for name, value in told.items() if isinstance(value, bool)}
    return {name: (written | flags)[name] for name in told if name != "jti"}


def _legacy(told: Mapping[str, object]) -> dict[str, object]:
    names = {
        "iss": "issuer",
        "azp": "issued_to",
        "aud": "audience",
        "sub": "user_id",
        "scope": "scope",
        "expires_in": "expires_in",
        "iat": "issued_at",
        "email": "email",
        "email_verified": "email_verified" if "iss" in told else "verified_email",
        "access_type": "access_type",
    }
    return {new: told[old] for old, new in names.items() if old in told}
