"""Signatures that are kept in memory, and messages for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ringback_server.auth.sealing import Sealer
from ringback_server.auth.webhooks.message import SignedMessage
from ringback_server.auth.webhooks.secrets import fingerprint_of
from ringback_server.auth.webhooks.senders import Sender, Senders, seal_context
from ringback_server.model.names import CallbackSignatureName, WorkflowName
from ringback_server.model.signatures import (
    CallbackSecret,
    CallbackSignature,
    HmacRules,
    Scheme,
)
from tests.clocks import FakeClock

WORKFLOW = WorkflowName("local", "us-central1", "w")
SEALER = Sealer(bytes(32))
#: for what `tests.signing.generic` signs
RULES = HmacRules(
    header="x-acme-signature",
    prefix="sha256=",
    timestamp_header="x-acme-time",
    signed_content="{timestamp}.{body}",
)


@dataclass(frozen=True)
class Known:
    """Signatures of one workflow."""

    signatures: Sequence[CallbackSignature]

    def enabled(self, workflow: WorkflowName) -> Sequence[CallbackSignature]:
        """Return them for it, and nothing for others."""
        return self.signatures if workflow == WORKFLOW else ()

    def kinds(self) -> frozenset[tuple[Scheme, HmacRules | None]]:
        """Return what they are."""
        return frozenset((one.scheme, one.rules) for one in self.signatures)


def signature(
    scheme: str, *secrets: str, rules: HmacRules | None = None, id_: str = "it"
) -> CallbackSignature:
    """Return a signature with secrets."""
    name = CallbackSignatureName("local", "us-central1", "w", id_)
    return CallbackSignature(
        name=name,
        scheme=Scheme(scheme),
        rules=RULES if scheme == "HMAC" and rules is None else rules,
        secrets=tuple(_sealed(name, secret) for secret in secrets),
        create_time=0.0,
        update_time=0.0,
    )


def _sealed(name: CallbackSignatureName, secret: str) -> CallbackSecret:
    fingerprint = fingerprint_of(secret)
    sealed = SEALER.seal(secret.encode(), seal_context(name, fingerprint))
    return CallbackSecret(fingerprint=fingerprint, sealed=sealed, create_time=0.0)


def senders(clock: FakeClock, *signatures: CallbackSignature) -> Senders:
    """Return who knows these."""
    return Senders(Known(signatures), SEALER, clock)


def message(
    headers: Mapping[str, str] | Sequence[tuple[str, str]],
    body: bytes,
    *,
    method: str = "POST",
    target: str = "/v1/x",
) -> SignedMessage:
    """Return a request, whose header names are in lower case as the edge has them."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return SignedMessage(
        method=method,
        target=target,
        headers=[(name.lower(), value) for name, value in pairs],
        body=body,
    )


def identify(
    clock: FakeClock,
    known: CallbackSignature,
    headers: Mapping[str, str] | Sequence[tuple[str, str]],
    body: bytes,
) -> Sender | None:
    """Return who signed a request."""
    return senders(clock, known).identify(WORKFLOW, message(headers, body))
