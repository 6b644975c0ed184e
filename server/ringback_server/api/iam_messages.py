"""Accounts, keys, roles and policies as protobuf messages, and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from ringback.v1 import iam_pb2, iam_policy_pb2
from ringback_server.api import messages
from ringback_server.auth.keys import algorithm_of, key_bits, read_public_key
from ringback_server.control.account_keys import KINDS, KeyKind
from ringback_server.control.refusals import refused
from ringback_server.model.names import AccountKeyName, ServiceAccountName
from ringback_server.model.policies import Policy
from ringback_server.model.resources import AccountKey, Binding, ServiceAccount
from ringback_server.model.roles import Role

#: the version of a policy with conditions, and of one without
CONDITIONAL: Final = 3
_PLAIN: Final = 1

_NO_END: Final = Timestamp(seconds=253_402_300_799)  # 9999-12-31T23:59:59Z
_ACCOUNT: Final = "serviceAccount:"
_EMAIL: Final = re.compile(r"[A-Za-z0-9._~+-]{1,64}@[A-Za-z0-9.:_~-]{1,190}")
_PRINCIPAL: Final = re.compile(r"principal://[^/\s]{1,128}/subject/[\x21-\x7e]{1,512}")
_CONDITION: Final = re.compile(
    r"""\s*request\.time\s*<\s*timestamp\(\s*(["'])(.{1,40})\1\s*\)\s*"""
)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
_SUPPORTED: Final = 'request.time < timestamp("2027-01-01T00:00:00Z")'
_LONGEST_TITLE: Final = 100
_LONGEST_DESCRIPTION: Final = 256


def account(found: ServiceAccount) -> iam_pb2.ServiceAccount:
    """Show an account."""
    name = ServiceAccountName.of(found.email)
    created = found.create_time
    return iam_pb2.ServiceAccount(
        name=str(name),
        project_id=name.project,
        unique_id=found.unique_id,
        email=found.email,
        display_name=found.display_name,
        description=found.description,
        oauth2_client_id=found.unique_id,
        disabled=found.disabled,
        create_time=None if created is None else messages.timestamp(created),
    )


def key(found: AccountKey) -> iam_pb2.ServiceAccountKey:
    """Show what is public of a key, but for the key itself."""
    parent = ServiceAccountName.of(found.email)
    expires = found.expire_time
    made, sent = iam_pb2.GOOGLE_PROVIDED, iam_pb2.USER_PROVIDED
    return iam_pb2.ServiceAccountKey(
        name=str(AccountKeyName(parent.project, found.email, found.kid)),
        key_algorithm=_algorithm(found.public_key),
        valid_after_time=messages.timestamp(found.create_time),
        valid_before_time=_NO_END if expires is None else messages.timestamp(expires),
        key_origin=sent if found.uploaded else made,
        key_type=iam_pb2.ListServiceAccountKeysRequest.USER_MANAGED,
        disabled=found.disabled,
    )


def role(found: Role, *, full: bool = True) -> iam_pb2.Role:
    """Show a role, with its permissions if it is in full."""
    return iam_pb2.Role(
        name=found.name,
        title=found.title,
        description=found.description,
        included_permissions=sorted(found.permissions) if full else (),
        stage=iam_pb2.Role.RoleLaunchStage.Value(found.stage.name),
        etag=found.etag,
    )


def policy(found: Policy) -> iam_policy_pb2.Policy:
    """Show a policy, the members of a role with the same condition together."""
    conditional = any(binding.expire_time is not None for binding in found.bindings)
    bindings = sorted(found.bindings, key=_order)
    return iam_policy_pb2.Policy(
        version=CONDITIONAL if conditional else _PLAIN,
        bindings=(_binding(list(group)) for _, group in groupby(bindings, key=_together)),
        etag=found.etag,
    )


def bindings(sent: iam_policy_pb2.Policy) -> Iterator[Binding]:
    """Read the bindings of a policy; raise InvalidArgumentError. Their resource is left empty."""
    if sent.version not in {0, _PLAIN, CONDITIONAL}:
        raise refused("policy.version", f"policy.version must be {_PLAIN} or {CONDITIONAL}")
    for each in sent.bindings:
        conditional = each.HasField("condition")
        if conditional and sent.version != CONDITIONAL:
            raise refused(
                "policy.version", f"a policy with conditions must have version {CONDITIONAL}"
            )
        expires = _expire_time(each.condition) if conditional else None
        for member in each.members:
            yield Binding(
                email=_email(member),
                role=each.role,
                resource="",
                expire_time=expires,
                title=each.condition.title,
                description=each.condition.description,
            )


def member(email: str) -> str:
    """Return what a policy calls whoever an e-mail address, or a principal's name, is of."""
    return email if email.startswith("principal://") else f"{_ACCOUNT}{email}"


def _binding(together: Iterable[Binding]) -> iam_policy_pb2.Binding:
    first, *_ = together
    shown = iam_policy_pb2.Binding(
        role=first.role, members=(member(binding.email) for binding in together)
    )
    if first.expire_time is not None:
        shown.condition.expression = f'request.time < timestamp("{_rfc3339(first.expire_time)}")'
        shown.condition.title = first.title
        shown.condition.description = first.description
    return shown


def _together(binding: Binding) -> tuple[str, float, str, str]:
    expires = float("inf") if binding.expire_time is None else binding.expire_time
    return (binding.role, expires, binding.title, binding.description)


def _order(binding: Binding) -> tuple[tuple[str, float, str, str], str]:
    return (_together(binding), member(binding.email))


def _email(sent: str) -> str:
    """Return what is stored of a member; raise InvalidArgumentError for a kind there is not."""
    kind, _, value = sent.partition(":")
    if f"{kind}:" == _ACCOUNT and _EMAIL.fullmatch(value):
        return value
    if _PRINCIPAL.fullmatch(sent):
        return sent
    known = f"{_ACCOUNT}EMAIL or principal://ISSUER/subject/SUBJECT"
    if kind in {"user", "group", "domain", "allUsers", "allAuthenticatedUsers", "principalSet"}:
        message = f"members of the kind {kind} do not exist here: name {known}"
    else:
        message = f"a member must be {known}, not {sent[:200]!r}"
    raise refused("policy.bindings.members", message)


def _expire_time(condition: iam_policy_pb2.Expr) -> float:
    field = "policy.bindings.condition"
    for name, text, most in (
        ("title", condition.title, _LONGEST_TITLE),
        ("description", condition.description, _LONGEST_DESCRIPTION),
    ):
        if len(text.encode()) > most:
            raise refused(f"{field}.{name}", f"{field}.{name} may have at most {most} bytes")
    match = _CONDITION.fullmatch(condition.expression)
    moment = _moment(match[2]) if match else None
    if moment is None:
        said = condition.expression[:200]
        raise refused(
            f"{field}.expression", f"the one condition there is is {_SUPPORTED}, not {said!r}"
        )
    return moment


def _moment(text: str) -> float | None:
    """Return the Unix time of a text as in RFC 3339, None if it is none."""
    if not _TIME.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text.upper()).timestamp()
    except (ValueError, OverflowError):
        return None
    return moment if 0 <= moment <= _NO_END.seconds else None


def _rfc3339(moment: float) -> str:
    shown = datetime.fromtimestamp(moment, UTC).isoformat()
    return f"{shown.removesuffix('+00:00')}Z"


def _algorithm(public_key: str) -> iam_pb2.ServiceAccountKeyAlgorithm.ValueType:
    read = read_public_key(public_key)
    kind = KeyKind(algorithm_of(read), key_bits(read))
    named = [name for name, known in KINDS.items() if known == kind]
    return iam_pb2.ServiceAccountKeyAlgorithm.Value(named[0] if named else "KEY_ALG_UNSPECIFIED")
