"""Verbs on policies: who has which roles on a resource, until when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from ringback_server.auth.grantable import grantable
from ringback_server.auth.permissions import ROLES, unknown_permission
from ringback_server.control.accounts import may_set_everything, present
from ringback_server.control.caller import Caller, requires, resolved
from ringback_server.control.refusals import refused
from ringback_server.errors import InvalidArgumentError
from ringback_server.model.account_emails import account_project
from ringback_server.model.names import (
    CallbackName,
    ProjectName,
    ResourceName,
    RoleName,
    RootName,
    ServiceAccountName,
    WorkflowName,
)
from ringback_server.model.policies import Policy
from ringback_server.model.resources import Binding
from ringback_server.model.roles import Role

#: what has a policy
PolicyName = RootName | ProjectName | WorkflowName | CallbackName | ServiceAccountName

#: what the permissions to read and set the policy of a resource begin with
_COLLECTIONS: Final[Mapping[type[PolicyName], str]] = MappingProxyType(
    {
        RootName: "resourcemanager.projects",
        ProjectName: "resourcemanager.projects",
        WorkflowName: "workflows.workflows",
        CallbackName: "workflows.callbacks",
        ServiceAccountName: "iam.serviceAccounts",
    }
)
#: members of a policy, as with Google
_MOST = 1_500
_MOST_TESTED = 100


def get(caller: Caller, name: PolicyName) -> Policy:
    """Return the policy of a resource; or PermissionDeniedError, NotFoundError."""
    return _GET[type(name)](caller, name)


def replace(
    caller: Caller, name: PolicyName, bindings: Sequence[Binding], etag: bytes = b""
) -> Policy:
    """Replace the policy of a resource; the resource that bindings name is not looked at.

    Raise PermissionDeniedError, InvalidArgumentError for what cannot be granted there,
    NotFoundError, StaleEtagError if there is an etag and the policy has changed since, or what it
    names was deleted meanwhile, and FailedPreconditionError if the last owner would go.
    """
    return _REPLACE[type(name)](caller, name, bindings, etag)


def test(caller: Caller, name: ResourceName, permissions: Sequence[str]) -> list[str]:
    """Return those of some permissions that the caller has on a resource now.

    It needs no permission, and whether there is such a resource makes no difference.
    Raise InvalidArgumentError for what is no permission.
    """
    if len(permissions) > _MOST_TESTED:
        raise refused("permissions", f"permissions may be {_MOST_TESTED} at most")
    unknown = unknown_permission(permissions)
    if unknown:
        raise refused("permissions", unknown)
    resource = str(resolved(caller.backend, name))
    granted = caller.backend.access.granted(caller.principal, resource)
    return [one for one in permissions if one in granted]


def _get(caller: Caller, name: PolicyName) -> Policy:
    _check_present(caller, name)
    return caller.backend.store.credentials.policy(str(name))


def _replace(caller: Caller, name: PolicyName, bindings: Sequence[Binding], etag: bytes) -> Policy:
    _check_present(caller, name)
    if len(bindings) > _MOST:
        raise refused("policy.bindings", f"a policy may have at most {_MOST} members")
    wanted = [_checked(caller, name, binding) for binding in bindings]
    return caller.backend.store.credentials.set_policy(
        str(name), _merged(wanted), etag=etag, guard_projects=not may_set_everything(caller)
    )


_GET: Final[Mapping[type[PolicyName], Callable[[Caller, PolicyName], Policy]]] = MappingProxyType(
    {kind: requires(f"{begin}.getIamPolicy")(_get) for kind, begin in _COLLECTIONS.items()}
)
_REPLACE: Final[
    Mapping[type[PolicyName], Callable[[Caller, PolicyName, Sequence[Binding], bytes], Policy]]
] = MappingProxyType(
    {kind: requires(f"{begin}.setIamPolicy")(_replace) for kind, begin in _COLLECTIONS.items()}
)


def _check_present(caller: Caller, name: PolicyName) -> None:
    """Raise NotFoundError unless there is such a resource; projects need not be made."""
    store = caller.backend.store
    if isinstance(name, WorkflowName):
        store.workflows.get(name)
    elif isinstance(name, CallbackName):
        store.callbacks.expected_method(name)
    elif isinstance(name, ServiceAccountName):
        present(caller, name)
    elif name.project == "-":
        raise refused("resource", "resource must be that of a project, projects/{project}")


def _checked(caller: Caller, name: PolicyName, binding: Binding) -> Binding:
    """Return a binding as it is stored; raise InvalidArgumentError."""
    role = _role(caller, name, binding.role)
    if not grantable(role, name):
        raise refused(
            "policy.bindings.role", f"{role.name} permits nothing on {name}: grant it above"
        )
    _check_account(caller, name, binding.email)
    return Binding(
        email=binding.email,
        role=role.name,
        resource=str(name),
        expire_time=binding.expire_time,
        title=binding.title,
        description=binding.description,
    )


def _role(caller: Caller, name: PolicyName, role: str) -> Role:
    """Return a role that there is for a resource: a custom one is its project's alone."""
    found = ROLES.get(role)
    if found is None and not isinstance(name, RootName):
        found = _custom_role(caller, name.project, role)
    if found is None:
        raise refused(
            "policy.bindings.role",
            f"There is no role {role[:100]!r} to be granted on {name}: take a predefined "
            "one, or a role of the same project.",
        )
    return found


def _custom_role(caller: Caller, project: str, role: str) -> Role | None:
    try:
        name = resolved(caller.backend, RoleName.parse(role))
    except InvalidArgumentError:
        return None
    if name.project != project:
        return None
    return caller.backend.store.credentials.custom_role(str(name))


def _check_account(caller: Caller, name: PolicyName, email: str) -> None:
    """Raise InvalidArgumentError for an account of the project that is not there.

    Accounts of other projects are not looked at: who is there is for those projects to tell.
    """
    within = isinstance(name, RootName) or account_project(email) == name.project
    is_account = not email.startswith("principal://")
    if within and is_account and caller.backend.store.credentials.account(email) is None:
        raise refused(
            "policy.bindings.members", f"Service account {email} does not exist: create it first."
        )


def _merged(bindings: Iterable[Binding]) -> list[Binding]:
    """Return one binding for each member of a role: the one that lasts longest."""
    kept: dict[tuple[str, str], Binding] = {}
    for binding in bindings:
        key = (binding.role, binding.email)
        if key not in kept or _end(kept[key]) < _end(binding):
            kept[key] = binding
    return list(kept.values())


def _end(binding: Binding) -> float:
    return float("inf") if binding.expire_time is None else binding.expire_time
