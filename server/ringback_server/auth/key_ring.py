"""The keys of this server's issuer: one signs, and those before it verify until they retire.

The private half of a key is destroyed when another takes over. Its public half verifies until the
last token that it signed has expired, or until it is revoked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import jwt

from ringback_server.auth.claims import LEEWAY
from ringback_server.auth.keys import (
    ALGORITHMS,
    PrivateKey,
    PublicKey,
    new_private_key,
    private_pem,
    public_jwk,
    public_pem,
    read_private_key,
    read_public_key,
    thumbprint,
)
from ringback_server.auth.sealing import Sealer
from ringback_server.auth.stores import SigningKeyStore
from ringback_server.clock import Clock
from ringback_server.errors import (
    FailedPreconditionError,
    FieldViolation,
    InvalidArgumentError,
    NotFoundError,
)
from ringback_server.model.names import resource
from ringback_server.model.resources import SigningKey
from ringback_server.model.signing_key_names import SigningKeyName

#: how much later than its last token expires a key may retire, in seconds: what it signed is
#: noted that much ahead, so that it is rarely written
AHEAD: Final = 86_400.0
#: seconds that a key may be asked to verify on after its rotation
MAX_OVERLAP: Final = 366 * 86_400.0


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read of the store, and the keys as they are used."""

    records: Sequence[SigningKey]
    public: Mapping[str, tuple[SigningKey, PublicKey]]


class KeyRing:
    """Signs with the key whose turn it is, and tells the keys that verify.

    Threads may share it. A change by this object counts from its return on.
    """

    def __init__(self, store: SigningKeyStore, sealer: Sealer, clock: Clock) -> None:
        """Take the seams; `begin` comes before anything else."""
        self._store = store
        self._sealer = sealer
        self._clock = clock
        # Both are replaced as a whole.
        self._known = _Known((), {})
        self._signer: tuple[str, PrivateKey] | None = None

    def __repr__(self) -> str:
        return f"<KeyRing of {len(self._known.records)}>"

    def begin(self) -> None:
        """Keep the public halves of keys that were made before this was done."""
        for key in self._store.signing_keys():
            if not key.public_key:
                private = self._private(key)
                self._store.describe_signing_key(key.kid, public_pem(private.public_key()))

    @property
    def empty(self) -> bool:
        """Whether there never was a key."""
        return not self._store.signing_keys()

    def add_first(self) -> None:
        """Make the first key."""
        self._store.add_signing_key(self._new("ES256"))

    def keys(self) -> Sequence[SigningKey]:
        """Return all keys, newest first, also those that retired."""
        return self._store.signing_keys()

    def verifying_keys(self, now: float) -> list[SigningKey]:
        """Return the keys whose signatures count at a time, in Unix seconds."""
        return [key for key in self._store.signing_keys() if key.verifies(now)]

    def sign(self, typ: str, claims: Mapping[str, object], *, expire_time: float) -> str:
        """Return a compact token of these claims, which expires at `expire_time`.

        That is noted first, so the key verifies for as long.
        """
        signer = self._signing()
        while signer.tokens_until < expire_time:
            if self._store.note_tokens(signer.kid, expire_time + AHEAD):
                break
            # Rotated meanwhile, and its retirement is fixed.
            signer = self._signing()
        headers = {"typ": typ, "kid": signer.kid}
        return jwt.encode(
            dict(claims), self._held(signer), algorithm=signer.algorithm, headers=headers
        )

    def verifying(self, kid: str) -> PublicKey | None:
        """Return the public half of a key whose signatures count now, None if `kid` names none."""
        found = self._read().public.get(kid)
        return found[1] if found and found[0].verifies(self._clock.now()) else None

    def jwks(self) -> dict[str, object]:
        """Return the JWK set (RFC 7517) of the keys whose signatures count now."""
        now = self._clock.now()
        known = self._read().public.items()
        return {
            "keys": [public_jwk(key, kid) for kid, (record, key) in known if record.verifies(now)]
        }

    def rotate(self, algorithm: str = "", *, overlap: float | None = None) -> SigningKey:
        """Have a new key sign from now on, and return it.

        `algorithm` is that of the present key unless it is named. What the present key signed
        counts for `overlap` seconds; by default until its last token has expired.
        Raises InvalidArgumentError.
        """
        algorithm = algorithm or self._signing().algorithm
        if algorithm not in ALGORITHMS:
            raise _invalid("algorithm", f"algorithm must be one of {', '.join(ALGORITHMS)}")
        if overlap is not None and not 0 <= overlap <= MAX_OVERLAP:
            raise _invalid("overlap", f"overlap must be from 0 to {MAX_OVERLAP:.0f} seconds")
        key = self._new(algorithm)
        retire = None if overlap is None else key.create_time + overlap
        self._store.rotate_signing_keys(key, retire=retire, leeway=float(LEEWAY))
        self._signer = None
        return key

    def revoke(self, kid: str) -> SigningKey:
        """End a key, and with it all that it signed, at once; return what became of it.

        If it signs, a new one of its algorithm takes over. Raises NotFoundError, and
        FailedPreconditionError for a key that retired before.
        """
        found = next((key for key in self._store.signing_keys() if key.kid == kid), None)
        if found is None:
            name = resource(SigningKeyName(kid))
            raise NotFoundError(f"There is no signing key {kid}.", resource=name)
        now = self._clock.now()
        if not found.verifies(now):
            raise FailedPreconditionError(f"The signing key {kid} has retired already.")
        successor = self._new(found.algorithm) if found.rotate_time is None else None
        self._store.revoke_signing_key(kid, now, successor)
        self._signer = None
        rotated = found.rotate_time if found.rotate_time is not None else now
        return replace(found, sealed_key=None, rotate_time=rotated, retire_time=now, revoked=True)

    def _new(self, algorithm: str) -> SigningKey:
        key = new_private_key(algorithm)
        kid = thumbprint(key.public_key())
        return SigningKey(
            kid=kid,
            algorithm=algorithm,
            public_key=public_pem(key.public_key()),
            sealed_key=self._sealer.seal(private_pem(key).encode(), context(kid)),
            create_time=self._clock.now(),
        )

    def _signing(self) -> SigningKey:
        """Return the newest key that was not rotated."""
        for key in self._store.signing_keys():
            if key.rotate_time is None:
                return key
        raise FailedPreconditionError("No key signs: rotate the signing keys.")

    def _held(self, key: SigningKey) -> PrivateKey:
        held = self._signer
        if held is None or held[0] != key.kid:
            held = self._signer = (key.kid, self._private(key))
        return held[1]

    def _private(self, key: SigningKey) -> PrivateKey:
        if key.sealed_key is None:
            raise FailedPreconditionError(f"The signing key {key.kid} signs no longer.")
        return read_private_key(self._sealer.open(key.sealed_key, context(key.kid)))

    def _read(self) -> _Known:
        records = self._store.signing_keys()
        known = self._known
        if known.records is not records:
            public = {key.kid: (key, read_public_key(key.public_key)) for key in records}
            known = self._known = _Known(records, public)
        return known


def context(kid: str) -> str:
    """Return what binds a sealed signing key to its place in the store."""
    return f"signing_key.sealed_key/{kid}"


def _invalid(field_name: str, message: str) -> InvalidArgumentError:
    violation = FieldViolation(field=field_name, description=message)
    return InvalidArgumentError(message, violations=(violation,))
