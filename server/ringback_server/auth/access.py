"""The one check of what a caller may do: claim and resource and binding."""

from __future__ import annotations

from ringback_server.auth.permissions import ROLES
from ringback_server.auth.stores import Roles, RoleStore
from ringback_server.clock import Clock
from ringback_server.errors import PermissionDeniedError
from ringback_server.model.principals import Principal


class Access:
    """Decides by a principal's token and by the bindings in force now."""

    def __init__(self, bindings: RoleStore, clock: Clock) -> None:
        self._bindings = bindings
        self._clock = clock

    def check(self, principal: Principal, permission: str, resource: str) -> None:
        """Raise PermissionDeniedError unless the principal has the permission on the resource.

        `resource` is a full resource name. All of these must hold: the token names the
        permission, if it names any; the resource is the token's resource or below it, if it has
        one; a binding in force, or a rule for the token, grants the permission there.
        """
        if permission not in self.granted(principal, resource):
            raise denied(permission, resource)

    def granted(self, principal: Principal, resource: str) -> frozenset[str]:
        """Return the permissions that the principal has on the resource now."""
        if principal.resource is not None and not under(resource, principal.resource):
            return frozenset()
        now = self._clock.now()
        bound: frozenset[str] = frozenset()
        for binding in self._bindings.roles_above(principal.email, resource):
            if binding.expire_time is None or now < binding.expire_time:
                bound |= role_permissions(self._bindings, binding.role)
        for grant in principal.grants:
            if under(resource, grant.resource):
                bound |= role_permissions(self._bindings, grant.role)
        return bound if principal.permissions is None else bound & principal.permissions


def denied(permission: str, resource: str) -> PermissionDeniedError:
    """Return what says that a permission is missing, whether or not there is such a resource."""
    return PermissionDeniedError(
        f"Permission '{permission}' denied on resource '{resource}' (or it may not exist).",
        reason="IAM_PERMISSION_DENIED",
        facts={"permission": permission, "resource": resource},
    )


def held_permissions(
    bindings: RoleStore, email: str, *, now: float, touching: str | None = None
) -> frozenset[str]:
    """Return what bindings in force at `now` (Unix seconds) grant an account on any resource.

    Or on any that is `touching`, above or below it.
    """
    roles = bindings.roles_held(email, now=now, touching=touching)
    return frozenset[str]().union(*(role_permissions(bindings, role) for role in roles))


def role_permissions(roles: Roles, name: str) -> frozenset[str]:
    """Return what a role permits now, predefined or custom; nothing if there is no such role."""
    role = ROLES.get(name) or roles.custom_role(name)
    return role.granted if role else frozenset()


def under(resource: str, root: str) -> bool:
    """Tell whether a resource is `root` or lies below it; "*" is above everything."""
    return root in {"*", resource} or resource.startswith(f"{root}/")
