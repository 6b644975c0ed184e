"""Roles that projects have made."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from ringback_server.errors import AlreadyExistsError, NotFoundError, StaleEtagError
from ringback_server.model.names import ProjectName, RoleName, resource
from ringback_server.model.roles import Role, RoleStage
from ringback_server.store.credential_rows import CredentialRows
from ringback_server.store.database import Connection, Row

_NAME = re.compile("projects/([^/]+)/roles/([^/]+)")

_ROLE = """
SELECT project, id, title, description, stage, permissions
  FROM role WHERE project = ? AND id = ?
"""
_ROLES = """
SELECT project, id, title, description, stage, permissions
  FROM role WHERE project = ? AND id > ? ORDER BY id LIMIT ?
"""
_ADD = """
INSERT INTO role (project, id, title, description, stage, permissions) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (project, id) DO NOTHING
"""
_CHANGE = """
UPDATE role SET title = ?, description = ?, stage = ?, permissions = ? WHERE project = ? AND id = ?
"""
_DELETE = "DELETE FROM role WHERE project = ? AND id = ?"
_TAKE_AWAY = "DELETE FROM binding WHERE role = ?"


class CustomRoleRows(CredentialRows):
    """Remembers custom roles."""

    def custom_role(self, name: str) -> Role | None:
        """Return the custom role with a full name, None if there is none."""
        match = _NAME.fullmatch(name)
        found = self._remembered(_role, _ROLE, *match.groups()) if match else ()
        return found[0] if found else None

    def custom_roles(self, parent: ProjectName, *, after: str = "", limit: int = -1) -> list[Role]:
        """Return the roles of a project by id, those after an id, at most `limit`."""
        return [_role(row) for row in self._rows(_ROLES, (parent.project, after, limit))]

    def add_custom_role(self, role: Role) -> None:
        """Add a role; or AlreadyExistsError."""
        name = RoleName.parse(role.name)

        def add(connection: Connection) -> None:
            if connection.execute(_ADD, (name.project, name.role, *_said(role))).rowcount == 0:
                raise AlreadyExistsError(
                    f"The role {name} exists already.", resource=resource(name)
                )

        self._change(add)

    def change_custom_role(
        self, name: RoleName, change: Callable[[Role], Role], *, etag: bytes = b""
    ) -> Role:
        """Replace a role by what `change` makes of it.

        Or NotFoundError, or StaleEtagError if there is an etag and it is not that of the role.
        """

        def replace(connection: Connection) -> Role:
            changed = change(_present(connection, name, etag))
            connection.execute(_CHANGE, (*_said(changed), name.project, name.role))
            return changed

        return self._change(replace)

    def delete_custom_role(self, name: RoleName, *, etag: bytes = b"") -> Role:
        """Delete a role with the bindings that grant it; raises as `change_custom_role`."""

        def delete(connection: Connection) -> Role:
            found = _present(connection, name, etag)
            connection.execute(_DELETE, (name.project, name.role))
            connection.execute(_TAKE_AWAY, (str(name),))
            return found

        return self._change(delete)


def _present(connection: Connection, name: RoleName, etag: bytes) -> Role:
    row = connection.execute(_ROLE, (name.project, name.role)).fetchone()
    if row is None:
        raise no_role(name)
    found = _role(row)
    if etag and etag != found.etag:
        raise StaleEtagError(
            f"{name} has changed since it was read: read it again, and repeat the change."
        )
    return found


def no_role(name: RoleName) -> NotFoundError:
    """Make the error for a role that is not there."""
    return NotFoundError(
        f"There is no role {name}.", reason="ROLE_NOT_FOUND", resource=resource(name)
    )


def _said(role: Role) -> tuple[object, ...]:
    return (role.title, role.description, int(role.stage), json.dumps(sorted(role.permissions)))


def _role(row: Row) -> Role:
    project, role, title, description, stage, permissions = row
    return Role(
        name=str(RoleName(project, role)),
        title=title,
        description=description,
        stage=RoleStage(stage),
        permissions=frozenset(json.loads(permissions)),
    )
