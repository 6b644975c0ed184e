"""Keys that this server keeps for service accounts, to sign with for those who may (SPEC 6.5).

Each account gets an RSA key when it first needs one, and another two weeks later. Public halves
stay published for a month, so that what was signed can be verified for as long as it is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import jwt
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from ringback_server.auth.account_keys import self_signed
from ringback_server.auth.claims import strict_object
from ringback_server.auth.keys import (
    new_private_key,
    private_pem,
    public_jwk,
    public_pem,
    read_private_key,
    read_public_key,
    thumbprint,
)
from ringback_server.auth.recent import Recent
from ringback_server.auth.refusals import TokenError
from ringback_server.auth.sealing import Sealer
from ringback_server.auth.stores import ManagedKeyStore
from ringback_server.clock import Clock
from ringback_server.errors import FieldViolation, InvalidArgumentError
from ringback_server.model.resources import ManagedKey, ServiceAccount

#: how long a key signs, and how long it is published, in seconds
SIGNS: Final = 14 * 86_400.0
PUBLISHED: Final = 30 * 86_400.0
#: how far ahead the `exp` of a JWT may be, in seconds
MAX_LIFETIME: Final = 43_200
#: bytes of what is signed as a JWT
_LARGEST: Final = 64 * 1024
_REMEMBERED: Final = 256


class ManagedKeys:
    """Signs for accounts. Threads may share it."""

    def __init__(self, store: ManagedKeyStore, sealer: Sealer, clock: Clock) -> None:
        """Take the seams."""
        self._store = store
        self._sealer = sealer
        self._clock = clock
        self._private: Recent[str, RSAPrivateKey] = Recent(_REMEMBERED)

    def __repr__(self) -> str:
        return f"<ManagedKeys, {self._private}>"

    def sign(self, account: ServiceAccount, message: bytes) -> tuple[str, bytes]:
        """Return the id of the account's key and its signature: PKCS 1 v1.5 over SHA-256."""
        kid, key = self._signer(account)
        return kid, key.sign(message, PKCS1v15(), SHA256())

    def sign_jwt(self, account: ServiceAccount, payload: str) -> tuple[str, str]:
        """Return the id of the account's key and the RS256 JWT of a JSON object of claims.

        Raises InvalidArgumentError for anything else, and for an `exp` that is past or more than
        12 hours ahead.
        """
        claims = self._checked(payload)
        kid, key = self._signer(account)
        token = jwt.PyJWS().encode(claims, key, algorithm="RS256", headers={"kid": kid})
        return kid, token

    def jwks(self, email: str) -> dict[str, object]:
        """Return the JWK set of an account's keys; empty also if there is no such account."""
        found = self._published(email)
        return {"keys": [public_jwk(read_public_key(key.public_key), key.kid) for key in found]}

    def certificates(self, email: str) -> dict[str, object]:
        """Return the certificates of an account's keys in PEM, by key id."""
        return {key.kid: key.certificate for key in self._published(email)}

    def _published(self, email: str) -> Iterator[ManagedKey]:
        oldest = self._clock.now() - PUBLISHED
        return (key for key in self._store.managed_keys(email) if key.create_time > oldest)

    def _signer(self, account: ServiceAccount) -> tuple[str, RSAPrivateKey]:
        now = self._clock.now()
        for key in self._store.managed_keys(account.email):
            if key.unique_id == account.unique_id and key.create_time > now - SIGNS:
                opened = self._opened(key)
                if opened is not None:
                    return key.kid, opened
        return self._new(account, now)

    def _opened(self, key: ManagedKey) -> RSAPrivateKey | None:
        if key.sealed_key is None:
            return None
        private = self._private.get(key.kid)
        if private is None:
            pem = self._sealer.open(key.sealed_key, _context(key.kid))
            private = _rsa(read_private_key(pem))
            self._private.put(key.kid, private)
        return private

    def _new(self, account: ServiceAccount, now: float) -> tuple[str, RSAPrivateKey]:
        private = _rsa(new_private_key("RS256"))
        kid = thumbprint(private.public_key())
        key = ManagedKey(
            kid=kid,
            email=account.email,
            unique_id=account.unique_id,
            certificate=self_signed(private, account.unique_id, now, timedelta(seconds=PUBLISHED)),
            public_key=public_pem(private.public_key()),
            sealed_key=self._sealer.seal(private_pem(private).encode(), _context(kid)),
            create_time=now,
        )
        self._store.add_managed_key(key, forget=now - PUBLISHED)
        return kid, private

    def _checked(self, payload: str) -> bytes:
        data = payload.encode()
        if len(data) > _LARGEST:
            raise _invalid(f"payload has more than {_LARGEST} bytes")
        try:
            claims = strict_object(data)
        except TokenError:
            raise _invalid("payload must be the JSON of an object, each member once") from None
        if "exp" in claims:
            expire, now = claims["exp"], self._clock.now()
            if type(expire) is not int or not now < expire <= now + MAX_LIFETIME:
                raise _invalid("exp must be a whole second of the next 12 hours")
        return data


def _rsa(key: object) -> RSAPrivateKey:
    if not isinstance(key, RSAPrivateKey):
        raise TypeError(type(key).__name__)
    return key


def _context(kid: str) -> str:
    return f"managed_key.sealed_key/{kid}"


def _invalid(message: str) -> InvalidArgumentError:
    violation = FieldViolation(field="payload", description=message)
    return InvalidArgumentError(message, violations=(violation,))
