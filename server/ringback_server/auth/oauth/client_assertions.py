"""private_key_jwt: an account that is a client shows who it is with a key (RFC 7523, 2.2 and 3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ringback_server.auth.assertions import MAX_LIFETIME, Assertions
from ringback_server.auth.claims import LEEWAY, Claims
from ringback_server.auth.jws import taken_apart
from ringback_server.auth.oauth.opaque import digest
from ringback_server.auth.oauth.stores import Accounts, ClientSecrets
from ringback_server.auth.refusals import Refusal, TokenError
from ringback_server.clock import Clock

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#: `typ` may be left out, and the one of the revision of RFC 7523 is taken
_TYPES: Final = frozenset({"", "JWT", "client-authentication+jwt"})


class ClientAssertions:
    """Verifies assertions, each of which counts once."""

    def __init__(
        self,
        accounts: Accounts,
        secrets: ClientSecrets,
        clock: Clock,
        *,
        audiences: Iterable[str],
    ) -> None:
        """Take the seams; `audiences` are the URLs of the token endpoint, and the issuer."""
        self._accounts = accounts
        self._secrets = secrets
        self._clock = clock
        self._assertions = Assertions(accounts, clock)
        self._audiences = frozenset(audiences)

    def verify(self, assertion: str) -> tuple[str, str]:
        """Return the client's id as it writes it, and the address of its account.

        Signed by a registered key of the account, `iss` and `sub` its address or unique id, `aud`
        nobody but this server, `jti` never seen before, and valid for an hour at most. Raises
        TokenError.
        """
        token = taken_apart(assertion)
        if token.typ not in _TYPES or token.thumbprints:
            raise TokenError(Refusal.TYPE)
        claims, email = self._assertions.signed(token)
        client_id = self._client_id(claims, email)
        audiences = claims.one_or_more("aud")
        if not audiences or not audiences <= self._audiences:
            raise TokenError(Refusal.AUDIENCE)
        now = self._clock.now()
        expire = claims.expiry(now)
        if expire - claims.second("iat") > MAX_LIFETIME + LEEWAY:
            raise TokenError(Refusal.LIFETIME)
        self._assertions.confirm(token.kid, email)
        self._spend(f"{email} {claims.text('jti')}", now, expire + LEEWAY)
        # It may look like a grant and, with a public URL, like a bearer token: from now on it is
        # neither.
        self._accounts.revoke(token.token_id, expire + LEEWAY)
        return client_id, email

    def _client_id(self, claims: Claims, email: str) -> str:
        issuer = claims.text("iss")
        if claims.text("sub") != issuer:
            raise TokenError(Refusal.SUBJECT)
        account = self._accounts.account(email)
        if account is None or issuer not in {email, account.unique_id}:
            raise TokenError(Refusal.ISSUER)
        return issuer

    def _spend(self, identity: str, now: float, until: float) -> None:
        if not self._secrets.spend(digest(identity), now=now, until=until):
            raise TokenError(Refusal.REVOKED)
