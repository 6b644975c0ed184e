"""Roles, of the IAM service."""

from __future__ import annotations

from ringback.v1 import iam_pb2
from ringback_server.api import iam_messages
from ringback_server.control import roles
from ringback_server.control.caller import Caller
from ringback_server.control.paging import PageRequest
from ringback_server.control.refusals import refused
from ringback_server.control.roles import RoleChanges
from ringback_server.model.names import ProjectName, RoleName
from ringback_server.model.roles import RoleStage

_CHANGEABLE = ("title", "description", "included_permissions", "stage")
_PREDEFINED = "roles/"


def list_roles(request: iam_pb2.ListRolesRequest, caller: Caller) -> iam_pb2.ListRolesResponse:
    """List the roles of a project, or those that are predefined."""
    wanted = PageRequest(size=request.page_size, token=request.page_token)
    if request.parent:
        page = roles.list_(caller, ProjectName.parse(request.parent, "parent"), wanted)
    else:
        page = roles.list_predefined(wanted)
    full = request.view == iam_pb2.ListRolesRequest.FULL
    return iam_pb2.ListRolesResponse(
        roles=(iam_messages.role(found, full=full) for found in page.items),
        next_page_token=page.next_token,
    )


def get_role(request: iam_pb2.GetRoleRequest, caller: Caller) -> iam_pb2.Role:
    """Return a role."""
    if request.name.startswith(_PREDEFINED):
        return iam_messages.role(roles.get_predefined(request.name))
    return iam_messages.role(roles.get(caller, RoleName.parse(request.name)))


def create_role(request: iam_pb2.CreateRoleRequest, caller: Caller) -> iam_pb2.Role:
    """Create a custom role."""
    parent = ProjectName.parse(request.parent, "parent")
    changes = _changes(request.role, frozenset(_CHANGEABLE))
    return iam_messages.role(roles.create(caller, parent, request.role_id, changes))


def update_role(request: iam_pb2.UpdateRoleRequest, caller: Caller) -> iam_pb2.Role:
    """Change a custom role."""
    paths = frozenset(request.update_mask.paths)
    unknown = sorted(paths - {*_CHANGEABLE, "etag"})
    if unknown:
        known = ", ".join(_CHANGEABLE)
        raise refused("update_mask", f"{unknown[0][:80]!r} cannot be changed; {known} can")
    if not paths:
        paths = frozenset(field.name for field, _ in request.role.ListFields())
    changes = _changes(request.role, paths)
    name = RoleName.parse(request.name)
    return iam_messages.role(roles.update(caller, name, changes, request.role.etag))


def delete_role(request: iam_pb2.DeleteRoleRequest, caller: Caller) -> iam_pb2.Role:
    """Delete a custom role."""
    return iam_messages.role(roles.delete(caller, RoleName.parse(request.name), request.etag))


def _changes(sent: iam_pb2.Role, paths: frozenset[str]) -> RoleChanges:
    try:
        stage = RoleStage(sent.stage)
    except ValueError:
        raise refused("role.stage", f"role.stage {sent.stage} is not known") from None
    return RoleChanges(
        title=sent.title if "title" in paths else None,
        description=sent.description if "description" in paths else None,
        permissions=tuple(sent.included_permissions) if "included_permissions" in paths else None,
        stage=stage if "stage" in paths else None,
    )
