"""The key set of an external issuer (RFC 7517), of which only what is beyond doubt is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers

from ringback_server.auth.claims import printable, strict_object
from ringback_server.auth.jws import decoded
from ringback_server.auth.keys import RSA_BITS, PublicKey
from ringback_server.auth.refusals import TokenError

#: the most keys that a set may have
MAX_KEYS = 64
# A larger modulus costs more to verify with than it can be worth.
_MOST_RSA_BITS = 8192
# The usual one is 65537, and a huge one makes verifying slow.
_MOST_EXPONENT = 2**32
_COORDINATE = 32
_PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class KeySetError(Exception):
    """What an issuer answers is not what it must be; the message has words for the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalKey:
    """A public key of an issuer, good for one algorithm."""

    #: "" if the set gives it none
    kid: str
    algorithm: str
    #: what tells it from another key under the same `kid`
    members: tuple[str, ...]
    public_key: PublicKey = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys of one issuer at one time."""

    keys: tuple[ExternalKey, ...] = ()

    def find(self, kid: str, algorithm: str) -> ExternalKey | None:
        """Return the key that `kid` names for an algorithm, None unless there is exactly one.

        A token without a `kid`, "", has the key of a set that has no other.
        """
        if not kid and len(self.keys) > 1:
            return None
        matching = [
            key for key in self.keys if key.algorithm == algorithm and (not kid or key.kid == kid)
        ]
        return matching[0] if len(matching) == 1 else None

    def __contains__(self, key: ExternalKey) -> bool:
        return key in self.keys


def read_key_set(content: bytes) -> KeySet:
    """Read a JWK set; keys for other uses and of other kinds are left out, as RFC 7517 asks.

    Raises KeySetError if it is no key set or has too many keys.
    """
    try:
        members = strict_object(content)
    except TokenError:
        raise KeySetError("the key set is not JSON, or has a member twice") from None
    entries = members.get("keys")
    if not isinstance(entries, list):
        raise KeySetError("the key set has no list of keys")
    entries = cast("list[object]", entries)
    if len(entries) > MAX_KEYS:
        raise KeySetError(f"the key set has more than {MAX_KEYS} keys")
    keys = (_key(cast("Mapping[str, object]", it)) for it in entries if isinstance(it, dict))
    return KeySet(tuple(key for key in keys if key is not None))


def _key(jwk: Mapping[str, object]) -> ExternalKey | None:
    """Return a key that verifies signatures, None for any other."""
    if not _verifies(jwk) or not _PRIVATE_MEMBERS.isdisjoint(jwk):
        return None
    kid = jwk.get("kid", "")
    read = _READERS.get((str(jwk.get("kty")), str(jwk.get("crv", ""))))
    if read is None or not isinstance(kid, str) or (kid and not printable(kid)):
        return None
    algorithm, names, build = read
    if jwk.get("alg", algorithm) != algorithm:
        return None
    try:
        members = tuple(_text(jwk, name) for name in names)
        key = build(*map(decoded, members))
    except (ValueError, TokenError, UnsupportedAlgorithm):
        return None
    return ExternalKey(kid=kid, algorithm=algorithm, members=members, public_key=key)


def _verifies(jwk: Mapping[str, object]) -> bool:
    """Tell whether a key says that it verifies signatures, or says nothing about its use."""
    if jwk.get("use", "sig") != "sig":
        return False
    operations = jwk.get("key_ops", ["verify"])
    return isinstance(operations, list) and "verify" in operations


def _text(jwk: Mapping[str, object], name: str) -> str:
    value = jwk.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(name)
    return value


def _rsa(modulus: bytes, exponent: bytes) -> RSAPublicKey:
    n, e = int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big")
    if not RSA_BITS <= n.bit_length() <= _MOST_RSA_BITS or e > _MOST_EXPONENT:
        raise ValueError("size")
    return RSAPublicNumbers(e, n).public_key()


def _p256(x: bytes, y: bytes) -> EllipticCurvePublicKey:
    if len(x) != _COORDINATE or len(y) != _COORDINATE:
        raise ValueError("size")
    point = int.from_bytes(x, "big"), int.from_bytes(y, "big")
    return EllipticCurvePublicNumbers(*point, SECP256R1()).public_key()


def _ed25519(x: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(x)


#: by `kty` and `crv`: the algorithm, the members that make the key, and what makes it
_READERS: Final[Mapping[tuple[str, str], tuple[str, tuple[str, ...], Callable[..., PublicKey]]]] = (
    MappingProxyType(
        {
            ("RSA", ""): ("RS256", ("n", "e"), _rsa),
            ("EC", "P-256"): ("ES256", ("x", "y"), _p256),
            ("OKP", "Ed25519"): ("EdDSA", ("x",), _ed25519),
        }
    )
)
