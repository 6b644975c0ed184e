"""The CallbackSignatures service."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.empty_pb2 import Empty

from ringback.v1 import callback_signatures_pb2 as signatures_pb2
from ringback_server.api import messages
from ringback_server.control import callback_signatures
from ringback_server.control.callback_signatures import GivenSecret, SignatureSpec
from ringback_server.control.caller import Caller
from ringback_server.control.paging import PageRequest
from ringback_server.control.refusals import refused
from ringback_server.model.names import CallbackSignatureName, WorkflowName
from ringback_server.model.signatures import (
    Algorithm,
    CallbackSignature,
    Encoding,
    HmacRules,
    Scheme,
)

_CHANGEABLE = ("disabled", "hmac", "secrets")
_FIELD = "callback_signature"


def create_callback_signature(
    request: signatures_pb2.CreateCallbackSignatureRequest, caller: Caller
) -> signatures_pb2.CallbackSignature:
    """Let senders that know a secret send callbacks."""
    sent = request.callback_signature
    created = callback_signatures.create(
        caller,
        WorkflowName.parse(request.parent, "parent"),
        request.callback_signature_id,
        SignatureSpec(
            scheme=_scheme(sent.scheme),
            secrets=_secrets(sent.secrets),
            rules=_rules(sent.hmac) if sent.HasField("hmac") else None,
            disabled=sent.disabled,
        ),
    )
    return _shown(created)


def get_callback_signature(
    request: signatures_pb2.GetCallbackSignatureRequest, caller: Caller
) -> signatures_pb2.CallbackSignature:
    """Return a callback signature."""
    return _shown(callback_signatures.get(caller, CallbackSignatureName.parse(request.name)))


def list_callback_signatures(
    request: signatures_pb2.ListCallbackSignaturesRequest, caller: Caller
) -> signatures_pb2.ListCallbackSignaturesResponse:
    """List the callback signatures of a workflow."""
    page = callback_signatures.list_(
        caller,
        WorkflowName.parse(request.parent, "parent"),
        PageRequest(size=request.page_size, token=request.page_token),
    )
    return signatures_pb2.ListCallbackSignaturesResponse(
        callback_signatures=map(_shown, page.items), next_page_token=page.next_token
    )


def update_callback_signature(
    request: signatures_pb2.UpdateCallbackSignatureRequest, caller: Caller
) -> signatures_pb2.CallbackSignature:
    """Change a callback signature."""
    sent = request.callback_signature
    paths = _paths(request)
    updated = callback_signatures.update(
        caller,
        CallbackSignatureName.parse(sent.name, f"{_FIELD}.name"),
        disabled=sent.disabled if "disabled" in paths else None,
        rules=_rules(sent.hmac) if "hmac" in paths else None,
        secrets=_secrets(sent.secrets) if "secrets" in paths else None,
    )
    return _shown(updated)


def delete_callback_signature(
    request: signatures_pb2.DeleteCallbackSignatureRequest, caller: Caller
) -> Empty:
    """Delete a callback signature."""
    callback_signatures.delete(caller, CallbackSignatureName.parse(request.name))
    return Empty()


def _paths(request: signatures_pb2.UpdateCallbackSignatureRequest) -> frozenset[str]:
    """Return what is to be changed: what the mask names, or without one what is set."""
    set_fields = {field.name for field, _ in request.callback_signature.ListFields()}
    asked = frozenset(request.update_mask.paths)
    unknown = sorted(asked - {*_CHANGEABLE, "*"})
    if unknown:
        known = ", ".join(_CHANGEABLE)
        raise refused("update_mask", f"{unknown[0][:80]!r} cannot be changed; {known} can")
    if "*" in asked:
        # `hmac` is of one scheme alone, and cannot be cleared.
        asked = frozenset({"disabled", "secrets", *({"hmac"} & set_fields)})
    return asked or frozenset(set_fields & set(_CHANGEABLE))


def _scheme(number: int) -> Scheme:
    names = {value: name for name, value in signatures_pb2.CallbackSignature.Scheme.items()}
    found = names.get(signatures_pb2.CallbackSignature.Scheme.ValueType(number))
    if found is None or not number:
        known = ", ".join(Scheme)
        raise refused(f"{_FIELD}.scheme", f"scheme must be one of {known}")
    return Scheme(found)


def _secrets(sent: Sequence[signatures_pb2.CallbackSecret]) -> tuple[GivenSecret, ...]:
    return tuple(GivenSecret(value=one.value, fingerprint=one.fingerprint) for one in sent)


def _rules(sent: signatures_pb2.HmacRules) -> HmacRules:
    try:
        algorithm = signatures_pb2.HmacRules.Algorithm.Name(sent.algorithm or sent.SHA256)
        encoding = signatures_pb2.HmacRules.Encoding.Name(sent.encoding or sent.HEX)
    except ValueError:
        raise refused(f"{_FIELD}.hmac", "algorithm or encoding has no such value") from None
    return HmacRules(
        header=sent.header,
        algorithm=Algorithm(algorithm),
        encoding=Encoding(encoding),
        prefix=sent.prefix,
        timestamp_header=sent.timestamp_header,
        id_header=sent.id_header,
        signed_content=sent.signed_content,
    )


def _shown(found: CallbackSignature) -> signatures_pb2.CallbackSignature:
    """Show a signature, without its secrets."""
    secrets = [
        signatures_pb2.CallbackSecret(
            fingerprint=secret.fingerprint, create_time=messages.timestamp(secret.create_time)
        )
        for secret in found.secrets
    ]
    return signatures_pb2.CallbackSignature(
        name=str(found.name),
        scheme=signatures_pb2.CallbackSignature.Scheme.Value(found.scheme.value),
        secrets=secrets,
        disabled=found.disabled,
        hmac=None if found.rules is None else _shown_rules(found.rules),
        create_time=messages.timestamp(found.create_time),
        update_time=messages.timestamp(found.update_time),
    )


def _shown_rules(rules: HmacRules) -> signatures_pb2.HmacRules:
    return signatures_pb2.HmacRules(
        header=rules.header,
        algorithm=signatures_pb2.HmacRules.Algorithm.Value(rules.algorithm.value),
        encoding=signatures_pb2.HmacRules.Encoding.Value(rules.encoding.value),
        prefix=rules.prefix,
        timestamp_header=rules.timestamp_header,
        id_header=rules.id_header,
        signed_content=rules.signed_content,
    )
