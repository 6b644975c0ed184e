"""Secrets of callback signatures: what they must look like, and the keys that they stand for."""

from __future__ import annotations

import hashlib
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ringback_server.auth.webhooks.message import from_base64
from ringback_server.model.signatures import Scheme

#: an HMAC's key, or what verifies Ed25519
Key = bytes | Ed25519PublicKey

_SHORTEST: Final = 16
_LONGEST: Final = 512
_FINGERPRINT_DIGITS: Final = 12
_PUBLIC_BYTES: Final = 32
_HMAC_KEY: Final = "whsec_"
_PUBLIC: Final = "whpk_"
_PRIVATE: Final = "whsk_"


def fingerprint_of(text: str) -> str:
    """Return what a secret is known by: the first 12 digits of its SHA-256 hash."""
    return hashlib.sha256(text.encode()).hexdigest()[:_FINGERPRINT_DIGITS]


def key_of(scheme: Scheme, text: str) -> Key:
    """Return the key that a secret stands for.

    Raise ValueError, which says what is wanted and never shows the secret, for one that will not
    do.
    """
    if not _SHORTEST <= len(text) <= _LONGEST or not text.isprintable() or text != text.strip():
        raise ValueError(
            f"a secret has {_SHORTEST} to {_LONGEST} printable characters, and no space around "
            "them; `openssl rand -hex 32` makes a good one"
        )
    if scheme is Scheme.STANDARD_WEBHOOKS:
        return _standard_key(text)
    if scheme is Scheme.STRIPE and not text.startswith(_HMAC_KEY):
        raise ValueError("the signing secret of a Stripe endpoint begins with whsec_")
    return text.encode()


def _standard_key(text: str) -> Key:
    """Return the key in a secret of Standard Webhooks, or in the sender's public key."""
    if text.startswith(_PRIVATE):
        raise ValueError("whsk_ begins the sender's private key: give the public one, whpk_…")
    public = text.startswith(_PUBLIC)
    digits = text.removeprefix(_PUBLIC if public else _HMAC_KEY)
    # Some vendors show them without their padding.
    decoded = from_base64(digits + "=" * (-len(digits) % 4))
    if public and decoded is not None and len(decoded) == _PUBLIC_BYTES:
        return Ed25519PublicKey.from_public_bytes(decoded)
    if public or decoded is None or len(decoded) < _SHORTEST or not text.startswith(_HMAC_KEY):
        raise ValueError(
            "a secret of Standard Webhooks is whsec_ and base64 of 16 bytes or more, or whpk_ and "
            "base64 of an Ed25519 public key"
        )
    return decoded
