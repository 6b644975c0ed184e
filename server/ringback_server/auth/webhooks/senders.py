"""From a signed request to the principal that sent it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ringback_server.auth.sealing import Sealer
from ringback_server.auth.stores import CallbackSignatures
from ringback_server.auth.webhooks.handshakes import handshake, json_fields
from ringback_server.auth.webhooks.message import Claim, SignedMessage
from ringback_server.auth.webhooks.schemes import HEADERS, read_claim, signature_headers
from ringback_server.auth.webhooks.secrets import Key, key_of
from ringback_server.auth.webhooks.verification import verified_by
from ringback_server.clock import Clock
from ringback_server.model.names import CallbackSignatureName, WorkflowName
from ringback_server.model.principals import Grant, Principal
from ringback_server.model.signatures import CallbackSecret, CallbackSignature

#: seconds by which a signed time may differ from ours, either way
WINDOW: Final = 300.0
SEND: Final = "workflows.callbacks.send"
_ROLE: Final = "roles/workflows.invoker"
#: characters of an idempotency key
_LONGEST_KEY: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who signed a request, and what follows from that."""

    principal: Principal
    #: the same for every repetition of the message, whatever in it is not signed
    message_key: str
    #: headers, in lower case, that are not to be stored
    secret_headers: frozenset[str] = frozenset()
    #: what to answer a message that is none for the workflow
    handshake: Mapping[str, object] | None = None


class Senders:
    """Knows senders by their signatures."""

    def __init__(self, signatures: CallbackSignatures, sealer: Sealer, clock: Clock) -> None:
        """Take the signatures that count, and what opens their secrets."""
        self._signatures = signatures
        self._sealer = sealer
        self._clock = clock

    def may_be_signed(self, headers: Iterable[tuple[str, str]]) -> bool:
        """Tell whether a request has a header with a signature that any workflow here takes.

        Names are in lower case. It does not depend on which workflow the request is for.
        """
        wanted = [signature_headers(*kind) for kind in self._signatures.kinds()]
        names = {name for name, _ in headers}
        return any(names & each for each in wanted)

    def identify(self, workflow: WorkflowName | None, message: SignedMessage) -> Sender | None:
        """Return who signed a request to a callback URL of a workflow; None if nobody did.

        Nobody did, either, if the signed time is over 300 s from now. What it costs does not tell
        whether there is such a workflow, and whether it takes signatures.
        """
        found = () if workflow is None else self._signatures.enabled(workflow)
        claims = [
            (signature, claim)
            for signature in found
            if (claim := read_claim(signature.scheme, signature.rules, message)) is not None
        ]
        if not claims:
            _pretend(message)
        senders = [self._sender(signature, claim, message) for signature, claim in claims]
        known = next((sender for sender in senders if sender is not None), None)
        if known is None:
            return None
        headers = [signature_headers(one.scheme, one.rules) for one in found]
        return replace(known, secret_headers=frozenset[str]().union(*headers))

    def _sender(
        self, signature: CallbackSignature, claim: Claim, message: SignedMessage
    ) -> Sender | None:
        keys = [self._key(signature, secret) for secret in signature.secrets]
        place = verified_by(claim, keys)
        now = self._clock.now()
        sent = now if claim.timestamp is None else float(claim.timestamp)
        if place is None or abs(now - sent) > WINDOW:
            return None
        return Sender(
            principal=_principal(signature, signature.secrets[place], sent + WINDOW),
            message_key=_message_key(signature.name.signature, claim, message),
            handshake=handshake(signature.scheme, message),
        )

    def _key(self, signature: CallbackSignature, secret: CallbackSecret) -> Key:
        return key_of(signature.scheme, opened(self._sealer, signature.name, secret))


def seal_context(name: CallbackSignatureName, fingerprint: str) -> str:
    """Return what a secret is sealed as."""
    return f"callback_secret.sealed/{name}/{fingerprint}"


def opened(sealer: Sealer, name: CallbackSignatureName, secret: CallbackSecret) -> str:
    """Return the text of a secret; or CorruptDataError."""
    return sealer.open(secret.sealed, seal_context(name, secret.fingerprint)).decode()


def _pretend(message: SignedMessage) -> None:
    """Do what a workflow with the fitting signatures would cost."""
    claims = [claim for scheme in HEADERS if (claim := read_claim(scheme, None, message))]
    for claim in claims or [Claim(content=message.body)]:
        verified_by(claim, ())


def _principal(
    signature: CallbackSignature, secret: CallbackSecret, expire_time: float
) -> Principal:
    """Return who may send callbacks to one workflow, and do nothing else."""
    workflow = str(signature.name.parent)
    return Principal(
        email=f"signature://{workflow}/{signature.name.signature}",
        permissions=frozenset({SEND}),
        resource=workflow,
        grants=(Grant(role=_ROLE, resource=workflow),),
        token_id=secret.fingerprint,
        expire_time=expire_time,
    )


def _message_key(signature: str, claim: Claim, message: SignedMessage) -> str:
    """Return what tells a message from others of its sender, by what is signed alone.

    That is the vendor's id of it, or else a hash of what is signed: the signature itself differs
    between two secrets.
    """
    id_ = claim.message_id
    if id_ is None and claim.id_field is not None:
        found = json_fields(message.body).get(claim.id_field)
        id_ = found if isinstance(found, str) else None
    key = f"{signature}:{id_}"
    if id_ and len(key) <= _LONGEST_KEY:
        return key
    return f"{signature}:sha256={hashlib.sha256(claim.content).hexdigest()}"
