"""Requests signed as vendors sign them, by their own libraries where they have one."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from slack_sdk.signature import SignatureVerifier
from standardwebhooks.webhooks import Webhook
from stripe import WebhookSignature

#: a secret for each scheme
SECRETS: Mapping[str, str] = {
    "STANDARD_WEBHOOKS": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "GITHUB": "It's a Secret to Everybody",
    "STRIPE": "whsec_3f2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d",
    "SLACK": "8f742231b10e8888abcd99yyyzzz85a5",
    "HMAC": "a secret of a vendor of its own",
}
#: other ones
OTHERS: Mapping[str, str] = {
    "STANDARD_WEBHOOKS": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
    "GITHUB": "another one that is long",
    "STRIPE": "whsec_00000000000000000000000000000000",
    "SLACK": "00000000000000000000000000000000",
    "HMAC": "another secret of the vendor",
}

Headers = dict[str, str]


def standard_webhooks(secret: str, body: bytes, now: float, id_: str = "msg_1") -> Headers:
    """Sign as Standard Webhooks say."""
    moment = datetime.fromtimestamp(int(now), UTC)
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(int(now)),
        "webhook-signature": Webhook(secret).sign(id_, moment, body.decode()),
    }


def asymmetric(key: Ed25519PrivateKey, body: bytes, now: float, id_: str = "msg_1") -> Headers:
    """Sign as Standard Webhooks say for key pairs."""
    signed = key.sign(f"{id_}.{int(now)}.".encode() + body)
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(int(now)),
        "webhook-signature": f"v1a,{base64.b64encode(signed).decode()}",
    }


def public_secret(key: Ed25519PrivateKey) -> str:
    """Return a public key as Standard Webhooks write it."""
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return f"whpk_{base64.b64encode(raw).decode()}"


def github(secret: str, body: bytes, _now: float) -> Headers:
    """Sign as GitHub does."""
    return {"X-Hub-Signature-256": f"sha256={mac(secret, body)}"}


def stripe(secret: str, body: bytes, now: float) -> Headers:
    """Sign as Stripe does."""
    signature: Any = WebhookSignature  # its types are partly unknown
    header = signature.generate_signature_header(
        payload=body.decode(), secret=secret, timestamp=int(now)
    )
    return {"Stripe-Signature": str(header)}


def slack(secret: str, body: bytes, now: float) -> Headers:
    """Sign as Slack does."""
    timestamp = str(int(now))
    signature = SignatureVerifier(secret).generate_signature(timestamp=timestamp, body=body)
    return {"X-Slack-Signature": str(signature), "X-Slack-Request-Timestamp": timestamp}


def generic(secret: str, body: bytes, now: float) -> Headers:
    """Sign `TIMESTAMP.BODY`, for rules with the headers X-Acme-Signature and X-Acme-Time."""
    signature = mac(secret, f"{int(now)}.".encode() + body)
    return {"X-Acme-Signature": f"sha256={signature}", "X-Acme-Time": str(int(now))}


def mac(secret: str, content: bytes, algorithm: str = "sha256") -> str:
    """Return an HMAC in hexadecimal."""
    return hmac.new(secret.encode(), content, getattr(hashlib, algorithm)).hexdigest()


#: how to sign, by scheme
SIGN: Mapping[str, Callable[[str, bytes, float], Headers]] = {
    "STANDARD_WEBHOOKS": standard_webhooks,
    "GITHUB": github,
    "STRIPE": stripe,
    "SLACK": slack,
    "HMAC": generic,
}
