"""Keys: making, reading and naming them, and their public halves as JWKs.

Three kinds, each with the one algorithm of its own: P-256 with ES256, RSA with RS256, and Ed25519
with EdDSA (RFC 8037).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
)
from cryptography.hazmat.primitives.asymmetric.rsa import (
    generate_private_key as generate_rsa_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from ringback_server.model.resources import AccountKey

PublicKey = EllipticCurvePublicKey | RSAPublicKey | Ed25519PublicKey
PrivateKey = EllipticCurvePrivateKey | RSAPrivateKey | Ed25519PrivateKey

#: bits of the RSA keys made here, and the least that a registered one has
RSA_BITS = 2048
#: the most: verifying with a larger one takes long, and tells nobody more
MAX_RSA_BITS = 8192
#: nobody uses a larger one, which would make verifying slow
_MAX_RSA_EXPONENT: Final = 2**32

# Signatures of these points fit any message or many: all of small order, in each encoding,
# with the sign taken away. They are y = 0, 1, -1, the two of order 8, and 0 and 1 plus the prime.
_SMALL_ORDER: Final = frozenset(
    bytes.fromhex(y)
    for y in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    )
)


def _new_p256(_bits: int) -> PrivateKey:
    return generate_private_key(SECP256R1())


def _new_rsa(bits: int) -> PrivateKey:
    return generate_rsa_key(public_exponent=65537, key_size=bits)


def _new_ed25519(_bits: int) -> PrivateKey:
    return Ed25519PrivateKey.generate()


_MAKERS: Final[Mapping[str, Callable[[int], PrivateKey]]] = MappingProxyType(
    {"ES256": _new_p256, "RS256": _new_rsa, "EdDSA": _new_ed25519}
)

#: every algorithm that a token may be signed with
ALGORITHMS: Final = tuple(_MAKERS)


def new_private_key(algorithm: str, *, bits: int = RSA_BITS) -> PrivateKey:
    """Make a key for one of ALGORITHMS; `bits` are those of an RSA key."""
    return _MAKERS[algorithm](bits)


def new_account_key(email: str, now: float) -> tuple[AccountKey, str]:
    """Make an RSA key for an account; return its record and its private half in PEM."""
    key = new_private_key("RS256")
    return account_key_of(email, key.public_key(), now), private_pem(key)


def account_key_of(email: str, key: PublicKey, now: float) -> AccountKey:
    """Return the record of a key of an account; `now` in Unix seconds."""
    return AccountKey(kid=thumbprint(key), email=email, public_key=public_pem(key), create_time=now)


def private_pem(key: PrivateKey) -> str:
    """Return the key in PEM (PKCS 8, not encrypted)."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(key: PublicKey) -> str:
    """Return the key in PEM."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def read_private_key(pem: bytes) -> PrivateKey:
    """Read the private half of a key that was made here; ValueError if it is anything else."""
    try:
        # Made here and sealed: checking an RSA key takes longer than all the rest.
        key = load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Without the cause: its text is not ours, and this is about a secret.
        raise ValueError("the private key cannot be read") from None
    if isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1):
        return key
    if isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        return key
    raise ValueError("the private key is of a kind that is not made here")


def read_public_key(pem: str) -> PublicKey:
    """Read a P-256 key, an Ed25519 key, or an RSA key of 2048 to 8192 bits.

    Raises ValueError for anything else, and for keys that signatures can be forged for.
    """
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("the public key cannot be read") from None
    if isinstance(key, RSAPublicKey) and _fit(key):
        return key
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key
    if isinstance(key, Ed25519PublicKey) and not _small_order(key):
        return key
    raise ValueError(
        "the public key is no P-256 key, no Ed25519 key, and no RSA key of "
        f"{RSA_BITS} to {MAX_RSA_BITS} bits"
    )


def algorithm_of(key: PublicKey) -> str:
    """Return the one algorithm that a key is for."""
    if isinstance(key, RSAPublicKey):
        return "RS256"
    return "ES256" if isinstance(key, EllipticCurvePublicKey) else "EdDSA"


def key_bits(key: PublicKey) -> int:
    """Return how long an RSA key is; RSA_BITS for keys of other kinds, which have one length."""
    return key.key_size if isinstance(key, RSAPublicKey) else RSA_BITS


def _fit(key: RSAPublicKey) -> bool:
    bits, exponent = key.key_size, key.public_numbers().e
    return RSA_BITS <= bits <= MAX_RSA_BITS and exponent <= _MAX_RSA_EXPONENT


def _small_order(key: Ed25519PublicKey) -> bool:
    raw = key.public_bytes_raw()
    return raw[:-1] + bytes((raw[-1] & 0x7F,)) in _SMALL_ORDER


def thumbprint(key: PublicKey) -> str:
    """Return the RFC 7638 SHA-256 thumbprint, the `kid` of every key made here."""
    members = json.dumps(_required_members(key), separators=(",", ":"), sort_keys=True)
    return _base64url(hashlib.sha256(members.encode()).digest())


def public_jwk(key: PublicKey, kid: str) -> dict[str, str]:
    """Return the JWK of a key for a key set: public members only."""
    return {**_required_members(key), "kid": kid, "use": "sig", "alg": algorithm_of(key)}


def _required_members(key: PublicKey) -> dict[str, str]:
    if isinstance(key, RSAPublicKey):
        rsa = key.public_numbers()
        return {"kty": "RSA", "n": _integer(rsa.n), "e": _integer(rsa.e)}
    if isinstance(key, Ed25519PublicKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": _base64url(key.public_bytes_raw())}
    point = key.public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": _integer(point.x, 32), "y": _integer(point.y, 32)}


def _integer(number: int, size: int | None = None) -> str:
    return _base64url(number.to_bytes(size or (number.bit_length() + 7) // 8, "big"))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
