"""Verbs on callback signatures: who may send callbacks to a workflow without a token."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ringback_server.auth.webhooks.schemes import RESERVED_HEADERS
from ringback_server.auth.webhooks.secrets import fingerprint_of, key_of
from ringback_server.auth.webhooks.senders import seal_context
from ringback_server.auth.webhooks.templates import check_template
from ringback_server.control.caller import Caller, Page, requires
from ringback_server.control.paging import PageRequest, PageSizes, page, position
from ringback_server.control.refusals import refused
from ringback_server.model.names import CallbackSignatureName, WorkflowName
from ringback_server.model.signatures import (
    CallbackSecret,
    CallbackSignature,
    HmacRules,
    Scheme,
    SignatureChanges,
)

_PAGE = PageSizes(default=100, maximum=100)
#: one, and one that replaces it
_MOST_SECRETS = 2
_ID = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_HEADER = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]{1,100}")
_LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenSecret:
    """A secret as a caller gives it, or, by its fingerprint, one to keep."""

    value: str = field(default="", repr=False)
    fingerprint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureSpec:
    """A callback signature as a caller describes it."""

    scheme: Scheme
    secrets: Sequence[GivenSecret]
    rules: HmacRules | None = None
    disabled: bool = False


@requires("ringback.callbackSignatures.create")
def create(
    caller: Caller, parent: WorkflowName, signature_id: str, spec: SignatureSpec
) -> CallbackSignature:
    """Let senders that know a secret send callbacks to a workflow's executions.

    Raise InvalidArgumentError for a bad field, NotFoundError, AlreadyExistsError, and
    QuotaExceededError for one too many.
    """
    if not _ID.fullmatch(signature_id):
        rule = "1 to 63 lower-case letters, digits and -, from a letter to a letter or digit"
        raise refused(
            "callback_signature_id",
            f"callback_signature_id must be {rule}, not {signature_id[:100]!r}",
        )
    name = CallbackSignatureName(parent.project, parent.location, parent.workflow, signature_id)
    if (spec.scheme is Scheme.HMAC) != (spec.rules is not None):
        raise refused(
            "callback_signature.hmac",
            "hmac is for the scheme HMAC, which needs it; no other has it",
        )
    now = caller.backend.clock.now()
    signature = CallbackSignature(
        name=name,
        scheme=spec.scheme,
        rules=_checked_rules(spec.rules),
        disabled=spec.disabled,
        secrets=tuple(
            secret
            for secret in _secrets(caller, name, spec.scheme, spec.secrets, now)
            if isinstance(secret, CallbackSecret)
        ),
        create_time=now,
        update_time=now,
    )
    if len(signature.secrets) != len(spec.secrets):
        raise refused("callback_signature.secrets", "a new signature needs the value of its secret")
    caller.backend.store.callback_signatures.create(signature)
    return signature


@requires("ringback.callbackSignatures.get")
def get(caller: Caller, name: CallbackSignatureName) -> CallbackSignature:
    """Return a signature; or NotFoundError."""
    return caller.backend.store.callback_signatures.get(name)


@requires("ringback.callbackSignatures.list")
def list_(caller: Caller, parent: WorkflowName, request: PageRequest) -> Page[CallbackSignature]:
    """Return a page of a workflow's signatures, by id; or NotFoundError."""
    limit = _PAGE.limit(request.size)
    scope = f"callback signatures {parent}"
    after = position(scope, request.token, str)
    rows = caller.backend.store.callback_signatures.list(parent, limit=limit + 1, after=after)
    return page(scope, rows, limit, place=lambda row: row.name.signature, item=lambda row: row)


@requires("ringback.callbackSignatures.update")
def update(
    caller: Caller,
    name: CallbackSignatureName,
    *,
    disabled: bool | None = None,
    rules: HmacRules | None = None,
    secrets: Sequence[GivenSecret] | None = None,
) -> CallbackSignature:
    """Change what is not None of a signature; it counts from the next request on.

    Raise InvalidArgumentError for a bad field, NotFoundError, and FailedPreconditionError for the
    fingerprint of a secret that the signature does not have.
    """
    store, now = caller.backend.store.callback_signatures, caller.backend.clock.now()
    found = store.get(name)
    if rules is not None and found.scheme is not Scheme.HMAC:
        raise refused("callback_signature.hmac", "hmac is for the scheme HMAC alone")
    changes = SignatureChanges(
        disabled=disabled,
        rules=_checked_rules(rules),
        secrets=None if secrets is None else _secrets(caller, name, found.scheme, secrets, now),
    )
    return store.update(name, changes, now)


@requires("ringback.callbackSignatures.delete")
def delete(caller: Caller, name: CallbackSignatureName) -> None:
    """Delete a signature with its secrets; or NotFoundError."""
    caller.backend.store.callback_signatures.delete(name)


def _secrets(
    caller: Caller,
    name: CallbackSignatureName,
    scheme: Scheme,
    given: Sequence[GivenSecret],
    now: float,
) -> tuple[CallbackSecret | str, ...]:
    """Return secrets as they are to be stored, and the fingerprints of those to keep."""
    if not 1 <= len(given) <= _MOST_SECRETS:
        raise refused(
            "callback_signature.secrets",
            "there must be one secret or, while one replaces the other, two",
        )
    if not all(secret.value or secret.fingerprint for secret in given):
        raise refused("callback_signature.secrets", "a secret has a value, or a fingerprint")
    secrets = tuple(
        _sealed(caller, name, scheme, secret.value, now) if secret.value else secret.fingerprint
        for secret in given
    )
    marks = {one if isinstance(one, str) else one.fingerprint for one in secrets}
    if len(marks) != len(secrets):
        raise refused("callback_signature.secrets", "the same secret is given twice")
    return secrets


def _sealed(
    caller: Caller, name: CallbackSignatureName, scheme: Scheme, value: str, now: float
) -> CallbackSecret:
    try:
        key_of(scheme, value)
    except ValueError as error:
        raise refused("callback_signature.secrets", str(error)) from None
    fingerprint = fingerprint_of(value)
    sealed = caller.backend.sealer.seal(value.encode(), seal_context(name, fingerprint))
    return CallbackSecret(fingerprint=fingerprint, sealed=sealed, create_time=now)


def _checked_rules(rules: HmacRules | None) -> HmacRules | None:
    """Return rules with names in lower case and with what is signed; or InvalidArgumentError."""
    if rules is None:
        return None
    checked = replace(
        rules,
        header=rules.header.lower(),
        timestamp_header=rules.timestamp_header.lower(),
        id_header=rules.id_header.lower(),
        signed_content=rules.signed_content or _default_content(rules),
    )
    _check_headers(checked)
    if len(checked.prefix) > _LONGEST_TEXT or not checked.prefix.isascii():
        raise refused("callback_signature.hmac.prefix", "prefix is a short ASCII text")
    content = checked.signed_content
    try:
        check_template(
            content, timestamp=bool(checked.timestamp_header), id_=bool(checked.id_header)
        )
    except ValueError as error:
        field_name = "callback_signature.hmac.signed_content"
        raise refused(field_name, f"signed_content: {error}") from None
    return checked


def _check_headers(rules: HmacRules) -> None:
    headers = [name for name in (rules.timestamp_header, rules.id_header) if name]
    for name in (rules.header, *headers):
        if not _HEADER.fullmatch(name) or name in RESERVED_HEADERS:
            raise refused(
                "callback_signature.hmac.header",
                f"{name[:100]!r} is no name of a header that can have a signature, a time or an id",
            )
    if len({rules.header, *headers}) != 1 + len(headers):
        raise refused(
            "callback_signature.hmac.header", "signature, time and id have a header of their own"
        )


def _default_content(rules: HmacRules) -> str:
    places = [("{id}", rules.id_header), ("{timestamp}", rules.timestamp_header)]
    return ".".join([*(place for place, header in places if header), "{body}"])
