"""JWTs that a service account signed with a key registered here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ringback_server.auth.claims import LEEWAY, Claims
from ringback_server.auth.jws import UnverifiedToken
from ringback_server.auth.keys import ALGORITHMS, PublicKey, read_public_key
from ringback_server.auth.recent import Recent
from ringback_server.auth.refusals import Refusal, TokenError
from ringback_server.auth.stores import KeyStore
from ringback_server.clock import Clock
from ringback_server.model.resources import AccountKey

#: longest validity of what an account signs itself, in seconds
MAX_LIFETIME = 3600

# Google's clients write these, wherever they were told to send their requests.
_GOOGLE_SERVICES: Final = (
    "https://workflowexecutions.googleapis.com",
    "https://workflows.googleapis.com",
    "https://iamcredentials.googleapis.com",
)
_GOOGLE_OAUTH: Final = "https://oauth2.googleapis.com/token"


def service_audiences(urls: Iterable[str]) -> frozenset[str]:
    """Return the audiences of a self-signed token for this service.

    `urls` are the addresses that this server goes by, such as `https://flows.example.org`.
    """
    bases = [url.rstrip("/") for url in (*_GOOGLE_SERVICES, *urls)]
    return frozenset(bases) | {f"{base}/" for base in bases}


def token_audiences(urls: Iterable[str]) -> frozenset[str]:
    """Return the audiences of an assertion for the token endpoint at any of `urls`."""
    return frozenset({_GOOGLE_OAUTH}) | {f"{url.rstrip('/')}/token" for url in urls}


class Assertions:
    """Verifies what all self-signed JWTs have in common; the audience is for their users."""

    def __init__(self, keys: KeyStore, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self._read_keys: Recent[str, PublicKey] = Recent(1024)

    def verify(self, token: UnverifiedToken, now: float) -> Claims:
        """Return the claims of a JWT that the account it names in `iss` has signed.

        `typ` JWT, a `kid` of this very account, the algorithm of that key, `sub` absent or the
        same, valid at `now` (Unix seconds) and for an hour at most. Raises TokenError.
        """
        if token.typ != "JWT":
            raise TokenError(Refusal.TYPE)
        claims, email = self.signed(token)
        if claims.text("iss") != email:
            raise TokenError(Refusal.ISSUER)
        if claims.optional_text("sub") not in {None, email}:
            raise TokenError(Refusal.SUBJECT)
        expire = claims.expiry(now)
        if expire - claims.second("iat") > MAX_LIFETIME + LEEWAY:
            raise TokenError(Refusal.LIFETIME)
        self.confirm(token.kid, email)
        return claims

    def signed(self, token: UnverifiedToken) -> tuple[Claims, str]:
        """Return the claims that a key registered here has signed, and the key's account.

        Nothing is said yet about what they claim. Raises TokenError.
        """
        if token.algorithm not in ALGORITHMS:
            raise TokenError(Refusal.ALGORITHM)
        record = self._keys.account_key(token.kid)
        if record is None:
            raise TokenError(Refusal.KEY_UNKNOWN)
        return token.claims(self._public_key(record)), record.email

    def confirm(self, kid: str, email: str) -> None:
        """Raise TokenError unless key and account count now."""
        record = self._keys.account_key(kid)
        if record is None:
            raise TokenError(Refusal.KEY_UNKNOWN)
        expired = record.expire_time is not None and self._clock.now() >= record.expire_time
        if record.disabled or expired or record.email != email:
            raise TokenError(Refusal.KEY_DISABLED)
        account = self._keys.account(email)
        if account is None or account.disabled:
            raise TokenError(Refusal.ACCOUNT)

    def _public_key(self, record: AccountKey) -> PublicKey:
        key = self._read_keys.get(record.public_key)
        if key is None:
            try:
                key = read_public_key(record.public_key)
            except ValueError:
                raise TokenError(Refusal.KEY_UNKNOWN) from None
            self._read_keys.put(record.public_key, key)
        return key
