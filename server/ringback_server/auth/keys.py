"""Keys: making, reading and naming them, and their public halves as JWKs."""

from __future__ import annotations

import base64
import hashlib
import json

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
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

from ringback_server.model.resources import AccountKey, SigningKey

PublicKey = EllipticCurvePublicKey | RSAPublicKey
PrivateKey = EllipticCurvePrivateKey | RSAPrivateKey

#: bits of the account keys made here, and the least that a registered RSA key has
RSA_BITS = 2048


def new_signing_key(now: float) -> SigningKey:
    """Make an ES256 key for this server's tokens; `now` in Unix seconds."""
    key = generate_private_key(SECP256R1())
    return SigningKey(
        kid=thumbprint(key.public_key()),
        algorithm="ES256",
        private_key=private_pem(key),
        create_time=now,
    )


def new_account_key(email: str, now: float) -> tuple[AccountKey, str]:
    """Make an RSA key for an account; return its record and its private half in PEM."""
    key = generate_rsa_key(public_exponent=65537, key_size=RSA_BITS)
    record = AccountKey(
        kid=thumbprint(key.public_key()),
        email=email,
        public_key=public_pem(key.public_key()),
        create_time=now,
    )
    return record, private_pem(key)


def private_pem(key: PrivateKey) -> str:
    """Return the key in PEM (PKCS 8, not encrypted)."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(key: PublicKey) -> str:
    """Return the key in PEM."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def read_signing_key(pem: str) -> EllipticCurvePrivateKey:
    """Read a P-256 private key; ValueError if it is anything else."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Without the cause: its text is not ours, and this is about a secret.
        raise ValueError("the signing key cannot be read") from None
    if isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1):
        return key
    raise ValueError("the signing key is not a P-256 key")


def read_public_key(pem: str) -> PublicKey:
    """Read a P-256 key or an RSA key of at least 2048 bits; ValueError if it is anything else."""
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("the public key cannot be read") from None
    if isinstance(key, RSAPublicKey) and key.key_size >= RSA_BITS:
        return key
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key
    raise ValueError("the public key is neither a P-256 key nor an RSA key of 2048 bits or more")


def thumbprint(key: PublicKey) -> str:
    """Return the RFC 7638 SHA-256 thumbprint, the `kid` of every key made here."""
    members = json.dumps(_required_members(key), separators=(",", ":"), sort_keys=True)
    return _base64url(hashlib.sha256(members.encode()).digest())


def public_jwk(key: PublicKey, kid: str) -> dict[str, str]:
    """Return the JWK of a key for a key set: public members only."""
    algorithm = "RS256" if isinstance(key, RSAPublicKey) else "ES256"
    return {**_required_members(key), "kid": kid, "use": "sig", "alg": algorithm}


def _required_members(key: PublicKey) -> dict[str, str]:
    if isinstance(key, RSAPublicKey):
        rsa = key.public_numbers()
        return {"kty": "RSA", "n": _integer(rsa.n), "e": _integer(rsa.e)}
    point = key.public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": _integer(point.x, 32), "y": _integer(point.y, 32)}


def _integer(number: int, size: int | None = None) -> str:
    return _base64url(number.to_bytes(size or (number.bit_length() + 7) // 8, "big"))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
