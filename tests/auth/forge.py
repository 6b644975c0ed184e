"""Tokens of any shape, made without the product and without a library's second thoughts."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

Part = Mapping[str, object] | bytes


def base64url(data: bytes) -> str:
    """Encode without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signing_input(header: Part, claims: Part) -> str:
    """Join the first two segments; a part is an object, or bytes to be taken as they are."""
    return ".".join(base64url(_bytes(part)) for part in (header, claims))


def forge(header: Part, claims: Part, private_key: str) -> str:
    """Sign a token with a key in PEM, as is its kind, whatever the header says."""
    signed = signing_input(header, claims)
    # Keys of ours: checking an RSA key takes longer than all the rest.
    key = load_pem_private_key(
        private_key.encode(), password=None, unsafe_skip_rsa_key_validation=True
    )
    if isinstance(key, EllipticCurvePrivateKey):
        signature = ECAlgorithm(ECAlgorithm.SHA256).sign(signed.encode(), key)
    elif isinstance(key, Ed25519PrivateKey):
        signature = key.sign(signed.encode())
    else:
        assert isinstance(key, RSAPrivateKey)
        signature = RSAAlgorithm(RSAAlgorithm.SHA256).sign(signed.encode(), key)
    return f"{signed}.{base64url(signature)}"


def opened(token: str) -> tuple[dict[str, object], dict[str, object]]:
    """Return header and claims of a token, unverified."""
    header, claims, _ = token.split(".")
    return _object(header), _object(claims)


def _bytes(part: Part) -> bytes:
    return part if isinstance(part, bytes) else json.dumps(part).encode()


def _object(segment: str) -> dict[str, object]:
    value: dict[str, object] = json.loads(base64.urlsafe_b64decode(segment + "=="))
    return value
