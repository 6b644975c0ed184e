"""Verbs on roles: those that are predefined, and those that projects make."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ringback_server.auth.permissions import ROLES, unknown_permission
from ringback_server.control.caller import Caller, Page, requires
from ringback_server.control.paging import PageRequest, PageSizes, page, position
from ringback_server.control.refusals import refused
from ringback_server.errors import NotFoundError
from ringback_server.model.names import ProjectName, RoleName
from ringback_server.model.roles import Role, RoleStage
from ringback_server.store.custom_roles import no_role

_PAGE = PageSizes(default=300, maximum=1_000)
_ID = re.compile(r"[A-Za-z0-9_.]{3,64}")
_LONGEST_TITLE = 100
_LONGEST_DESCRIPTION = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChanges:
    """What to change of a role; None stays as it is."""

    title: str | None = None
    description: str | None = None
    permissions: Sequence[str] | None = None
    stage: RoleStage | None = None


def list_predefined(request: PageRequest) -> Page[Role]:
    """Return a page of the predefined roles, by name; everybody may see them."""
    scope = "predefined roles"
    limit = _PAGE.limit(request.size)
    after = position(scope, request.token, str) or ""
    rows = [role for role in ROLES.values() if role.name > after][: limit + 1]
    return page(scope, rows, limit, place=lambda row: row.name, item=lambda row: row)


def get_predefined(name: str) -> Role:
    """Return a predefined role; or NotFoundError. Everybody may see it."""
    found = ROLES.get(name)
    if found is None:
        raise NotFoundError(f"There is no role {name[:100]}.", reason="ROLE_NOT_FOUND")
    return found


@requires("iam.roles.list")
def list_(caller: Caller, parent: ProjectName, request: PageRequest) -> Page[Role]:
    """Return a page of the roles that a project has made, by id."""
    limit = _PAGE.limit(request.size)
    scope = f"roles {parent}"
    after = position(scope, request.token, str) or ""
    rows = caller.backend.store.credentials.custom_roles(parent, after=after, limit=limit + 1)
    return page(
        scope, rows, limit, place=lambda row: row.name.rpartition("/")[2], item=lambda row: row
    )


@requires("iam.roles.get")
def get(caller: Caller, name: RoleName) -> Role:
    """Return a role of a project; or NotFoundError."""
    found = caller.backend.store.credentials.custom_role(str(name))
    if found is None:
        raise no_role(name)
    return found


@requires("iam.roles.create")
def create(caller: Caller, parent: ProjectName, role_id: str, role: RoleChanges) -> Role:
    """Make a role; or InvalidArgumentError, AlreadyExistsError."""
    if not _ID.fullmatch(role_id):
        rule = "3 to 64 letters, digits, underscores and periods"
        raise refused("role_id", f"role_id must be {rule}, not {role_id[:100]!r}")
    if parent.project == "-":
        raise refused("parent", "parent must be that of a project, projects/{project}")
    name = RoleName(parent.project, role_id)
    made = _changed(Role(name=str(name), permissions=frozenset(), stage=RoleStage.ALPHA), role)
    caller.backend.store.credentials.add_custom_role(made)
    return made


@requires("iam.roles.update")
def update(caller: Caller, name: RoleName, changes: RoleChanges, etag: bytes = b"") -> Role:
    """Change a role, at once for all who have it.

    Raise InvalidArgumentError, NotFoundError, and StaleEtagError if there is an etag and the role
    has changed since.
    """
    credentials = caller.backend.store.credentials
    return credentials.change_custom_role(name, lambda role: _changed(role, changes), etag=etag)


@requires("iam.roles.delete")
def delete(caller: Caller, name: RoleName, etag: bytes = b"") -> Role:
    """Delete a role and take it from all who have it; raises as `update`."""
    return caller.backend.store.credentials.delete_custom_role(name, etag=etag)


def _changed(role: Role, changes: RoleChanges) -> Role:
    """Return a role with changes; raise InvalidArgumentError."""
    if changes.title is not None:
        _check_length("role.title", changes.title, _LONGEST_TITLE)
        role = replace(role, title=changes.title)
    if changes.description is not None:
        _check_length("role.description", changes.description, _LONGEST_DESCRIPTION)
        role = replace(role, description=changes.description)
    if changes.permissions is not None:
        role = replace(role, permissions=_known(changes.permissions))
    if changes.stage is not None:
        role = replace(role, stage=changes.stage)
    return role


def _known(permissions: Iterable[str]) -> frozenset[str]:
    named = frozenset(permissions)
    unknown = unknown_permission(named)
    if unknown:
        raise refused("role.included_permissions", unknown)
    return named


def _check_length(field: str, text: str, most: int) -> None:
    if len(text.encode()) > most:
        raise refused(field, f"{field} may have at most {most} bytes")
