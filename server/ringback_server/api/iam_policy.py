"""The IAMPolicy service, and what the IAM service has of it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ringback.v1 import iam_policy_pb2
from ringback_server.api import iam_messages
from ringback_server.control import policies
from ringback_server.control.caller import Caller
from ringback_server.control.policies import PolicyName
from ringback_server.control.refusals import refused
from ringback_server.model.names import (
    AccountKeyName,
    CallbackName,
    ExecutionName,
    LocationName,
    OperationName,
    ProjectName,
    ResourceName,
    RoleName,
    RootName,
    ServiceAccountName,
    StepEntryName,
    WorkflowName,
)

_ROOT: Final = "*"
#: what has a policy, by the collections in its name
_WITH_POLICY: Final[
    Mapping[tuple[str, ...], type[ProjectName | WorkflowName | CallbackName | ServiceAccountName]]
] = MappingProxyType(
    {
        ("projects",): ProjectName,
        ("projects", "locations", "workflows"): WorkflowName,
        ("projects", "locations", "workflows", "executions", "callbacks"): CallbackName,
        ("projects", "serviceAccounts"): ServiceAccountName,
    }
)
#: what else permissions are checked on
_OTHERS: Final[
    Mapping[
        tuple[str, ...],
        type[
            LocationName | ExecutionName | StepEntryName | OperationName | AccountKeyName | RoleName
        ],
    ]
] = MappingProxyType(
    {
        ("projects", "locations"): LocationName,
        ("projects", "locations", "workflows", "executions"): ExecutionName,
        ("projects", "locations", "workflows", "executions", "stepEntries"): StepEntryName,
        ("projects", "locations", "operations"): OperationName,
        ("projects", "serviceAccounts", "keys"): AccountKeyName,
        ("projects", "roles"): RoleName,
    }
)
#: the fields that SetIamPolicy changes
_CHANGEABLE: Final = frozenset({"bindings", "etag"})
_VERSIONS: Final = frozenset({0, 1, 2, 3})


def get_iam_policy(
    request: iam_policy_pb2.GetIamPolicyRequest, caller: Caller
) -> iam_policy_pb2.Policy:
    """Return the policy of a resource."""
    name = _policy_name(request.resource)
    if request.options.requested_policy_version not in _VERSIONS:
        raise refused(
            "options.requested_policy_version", "options.requested_policy_version must be 1 or 3"
        )
    return iam_messages.policy(policies.get(caller, name))


def set_iam_policy(
    request: iam_policy_pb2.SetIamPolicyRequest, caller: Caller
) -> iam_policy_pb2.Policy:
    """Replace the policy of a resource."""
    name = _policy_name(request.resource)
    if not request.HasField("policy"):
        raise refused("policy", "policy must be the whole policy, with its etag")
    masked = sorted(frozenset(request.update_mask.paths) - _CHANGEABLE)
    if masked or (request.update_mask.paths and "bindings" not in request.update_mask.paths):
        raise refused("update_mask", "update_mask must be empty, or bindings and etag")
    bindings = list(iam_messages.bindings(request.policy))
    return iam_messages.policy(policies.replace(caller, name, bindings, request.policy.etag))


def test_iam_permissions(
    request: iam_policy_pb2.TestIamPermissionsRequest, caller: Caller
) -> iam_policy_pb2.TestIamPermissionsResponse:
    """Tell what the caller may do with a resource."""
    having = policies.test(caller, _resource_name(request.resource), request.permissions)
    return iam_policy_pb2.TestIamPermissionsResponse(permissions=having)


def _policy_name(text: str) -> PolicyName:
    if text == _ROOT:
        return RootName()
    kind = _WITH_POLICY.get(_collections(text))
    if kind is None:
        raise refused(
            "resource",
            "resource must be *, or the name of a project, a workflow, a callback or a service "
            f"account, not {text[:200]!r}",
        )
    return kind.parse(text, "resource")


def _resource_name(text: str) -> ResourceName:
    kind = _OTHERS.get(_collections(text))
    return _policy_name(text) if kind is None else kind.parse(text, "resource")


def _collections(text: str) -> tuple[str, ...]:
    parts = text.split("/")
    return tuple(parts[::2]) if len(parts) % 2 == 0 else ()
