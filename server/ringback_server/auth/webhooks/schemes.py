"""How each scheme says that a request is signed: its headers, and what they sign.

Each reader returns None for a request that is not signed by its scheme, or not as it should be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from ringback_server.auth.webhooks.message import (
    Claim,
    SignedMessage,
    from_base64,
    from_hex,
    seconds,
)
from ringback_server.auth.webhooks.templates import filled
from ringback_server.model.signatures import Encoding, HmacRules, Scheme

#: signatures of one request that are looked at: a rotation needs two of each kind
_MOST_SIGNATURES: Final = 8
_STANDARD: Final = ("webhook", "svix")
#: the header with the signature, by scheme; of HMAC, its rules name it
HEADERS: Final[Mapping[Scheme, frozenset[str]]] = MappingProxyType(
    {
        Scheme.STANDARD_WEBHOOKS: frozenset(f"{name}-signature" for name in _STANDARD),
        Scheme.GITHUB: frozenset({"x-hub-signature-256"}),
        Scheme.STRIPE: frozenset({"stripe-signature"}),
        Scheme.SLACK: frozenset({"x-slack-signature"}),
    }
)

#: headers that mean something else than a signature, a time or an id
RESERVED_HEADERS: Final = frozenset(
    {
        "accept",
        "authorization",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "cookie",
        "expect",
        "host",
        "idempotency-key",
        "proxy-authorization",
        "te",
        "traceparent",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "x-request-id",
    }
)


def signature_headers(scheme: Scheme, rules: HmacRules | None) -> frozenset[str]:
    """Return the headers, in lower case, that a request signed so has a signature in."""
    return HEADERS[scheme] if rules is None else frozenset({rules.header})


def read_claim(scheme: Scheme, rules: HmacRules | None, message: SignedMessage) -> Claim | None:
    """Return what a request says of its signature by a scheme."""
    return _READERS[scheme](message) if rules is None else _hmac(rules, message)


def _standard_webhooks(message: SignedMessage) -> Claim | None:
    """Read `webhook-id`, `-timestamp` and `-signature`, or what Svix calls them.

    Signed is `ID.TIMESTAMP.BODY`. See the specification 1.0.0 of Standard Webhooks.
    """
    for prefix in _STANDARD:
        id_ = message.header(f"{prefix}-id")
        sent = message.header(f"{prefix}-timestamp")
        signed = message.header(f"{prefix}-signature")
        timestamp = seconds(sent)
        # A dot in the id would leave open where it ends.
        if not id_ or "." in id_ or sent is None or timestamp is None or signed is None:
            continue
        pairs = [part.partition(",") for part in signed.split(" ")[:_MOST_SIGNATURES]]
        return Claim(
            content=_bytes(f"{id_}.{sent}.") + message.body,
            macs=_decoded((text for kind, _, text in pairs if kind == "v1"), from_base64),
            signatures=_decoded((text for kind, _, text in pairs if kind == "v1a"), from_base64),
            timestamp=timestamp,
            message_id=id_,
        )
    return None


def _github(message: SignedMessage) -> Claim | None:
    """Read `X-Hub-Signature-256`: `sha256=HEX`, over the body alone."""
    signed = message.header("x-hub-signature-256")
    if signed is None or not signed.startswith("sha256="):
        return None
    # X-GitHub-Delivery is not signed, so whoever repeats a request could change it.
    return Claim(content=message.body, macs=_decoded([signed.removeprefix("sha256=")], from_hex))


def _stripe(message: SignedMessage) -> Claim | None:
    """Read `Stripe-Signature`: `t=SECONDS,v1=HEX`, over `SECONDS.BODY`."""
    pairs = [part.partition("=") for part in (message.header("stripe-signature") or "").split(",")]
    times = [text for key, _, text in pairs if key == "t"]
    timestamp = seconds(times[0]) if len(times) == 1 else None
    if timestamp is None:
        return None
    signed = [text for key, _, text in pairs if key == "v1"][:_MOST_SIGNATURES]
    return Claim(
        content=_bytes(f"{times[0]}.") + message.body,
        macs=_decoded(signed, from_hex),
        timestamp=timestamp,
        id_field="id",
    )


def _slack(message: SignedMessage) -> Claim | None:
    """Read `X-Slack-Signature`: `v0=HEX`, over `v0:TIMESTAMP:BODY`."""
    sent = message.header("x-slack-request-timestamp")
    signed = message.header("x-slack-signature")
    timestamp = seconds(sent)
    if timestamp is None or signed is None or not signed.startswith("v0="):
        return None
    return Claim(
        content=_bytes(f"v0:{sent}:") + message.body,
        macs=_decoded([signed.removeprefix("v0=")], from_hex),
        timestamp=timestamp,
        id_field="event_id",
    )


def _hmac(rules: HmacRules, message: SignedMessage) -> Claim | None:
    signed = message.header(rules.header)
    sent = message.header(rules.timestamp_header) if rules.timestamp_header else None
    id_ = message.header(rules.id_header) if rules.id_header else None
    timestamp = seconds(sent)
    missing = (rules.timestamp_header and timestamp is None) or (rules.id_header and not id_)
    if missing or signed is None or not signed.startswith(rules.prefix):
        return None
    decode = from_hex if rules.encoding is Encoding.HEX else from_base64
    return Claim(
        content=filled(rules.signed_content, message, timestamp=sent or "", id_=id_ or ""),
        macs=_decoded([signed.removeprefix(rules.prefix)], decode),
        algorithm=rules.algorithm,
        timestamp=timestamp,
        message_id=id_,
    )


_READERS: Final[Mapping[Scheme, Callable[[SignedMessage], Claim | None]]] = MappingProxyType(
    {
        Scheme.STANDARD_WEBHOOKS: _standard_webhooks,
        Scheme.GITHUB: _github,
        Scheme.STRIPE: _stripe,
        Scheme.SLACK: _slack,
    }
)


def _decoded(texts: Iterable[str], decode: Callable[[str], bytes | None]) -> tuple[bytes, ...]:
    return tuple(found for text in texts if (found := decode(text)) is not None)


def _bytes(text: str) -> bytes:
    # As header values were read.
    return text.encode("latin-1")
