"""Whether one of some keys made a signature, in a time that tells little of the keys."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from typing import Final, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ringback_server.auth.webhooks.message import Claim
from ringback_server.auth.webhooks.secrets import Key

T = TypeVar("T")

#: how many keys of a kind are tried at least: as many as a signature may have
_TRIED: Final = 2
#: what is tried where there is no key; nobody knows it, and what it makes counts for nothing
_DECOY: Final = secrets.token_bytes(32)
_DECOY_PUBLIC: Final = Ed25519PrivateKey.from_private_bytes(_DECOY).public_key()


def verified_by(claim: Claim, keys: Sequence[Key]) -> int | None:
    """Return the place of the first key that made one of the claim's signatures, None if none did.

    All keys are tried with all signatures; with few keys, or none, so are keys that nobody has.
    """
    made = [
        (place, _is_mac(key, claim))
        for place, key in _padded(
            [(place, key) for place, key in enumerate(keys) if isinstance(key, bytes)], _DECOY
        )
    ]
    if claim.signatures:
        public = [(n, key) for n, key in enumerate(keys) if isinstance(key, Ed25519PublicKey)]
        made += [
            (place, _is_signature(key, claim)) for place, key in _padded(public, _DECOY_PUBLIC)
        ]
    return next((place for place, right in made if right and place is not None), None)


def _is_mac(key: bytes, claim: Claim) -> bool:
    made = hmac.digest(key, claim.content, claim.algorithm.value.lower())
    # A sum, so that the comparison does not end with the first that is right.
    return sum(hmac.compare_digest(made, mac) for mac in claim.macs) > 0


def _is_signature(key: Ed25519PublicKey, claim: Claim) -> bool:
    return sum(_signed(key, signature, claim.content) for signature in claim.signatures) > 0


def _padded(keys: Sequence[tuple[int, T]], decoy: T) -> list[tuple[int | None, T]]:
    return [*keys, *[(None, decoy)] * (_TRIED - len(keys))]


def _signed(key: Ed25519PublicKey, signature: bytes, content: bytes) -> bool:
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True
