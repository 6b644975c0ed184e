"""Who has which role on what."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Final, cast

from ringback_server.errors import StaleEtagError
from ringback_server.model.policies import Policy
from ringback_server.model.resources import Binding
from ringback_server.store.credential_rows import CredentialRows
from ringback_server.store.database import Connection, Row
from ringback_server.store.owners import owners_kept
from ringback_server.store.policies import check_named

_ROLES = """
SELECT email, role, resource, expire_time, title, description
  FROM binding WHERE email = ? ORDER BY role, resource
"""
_AT = """
SELECT email, role, resource, expire_time, title, description
  FROM binding WHERE email = ? AND resource IN (?, ?, ?, ?, ?, ?, ?) ORDER BY role, resource
"""
_ANY_BELOW = "SELECT 1 FROM binding WHERE email = ? AND resource > ? AND resource < ? LIMIT 1"
_HELD = """
SELECT DISTINCT role FROM binding
 WHERE email = :email AND (expire_time IS NULL OR expire_time > :now)
"""
# The character after a slash: what is in between begins with the name and a slash.
_TOUCHING = """
SELECT DISTINCT role FROM binding
 WHERE email = :email AND (expire_time IS NULL OR expire_time > :now)
   AND (resource IN (SELECT value FROM json_each(:above))
        OR (resource > :name || '/' AND resource < :name || '0'))
"""
_POLICY = """
SELECT email, role, resource, expire_time, title, description
  FROM binding WHERE resource = ? ORDER BY role, email
"""
_ADD = """
INSERT INTO binding (email, role, resource, expire_time, title, description)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (email, role, resource) DO UPDATE
   SET expire_time = excluded.expire_time, title = excluded.title,
       description = excluded.description
"""
#: above every resource
_ROOT: Final = "*"
#: what is below something whose name has six parts, and that name
_LIKE_WORKFLOW: Final = re.compile(r"((?:[^/]+/){5}[^/]+)/")
#: everything, and the six parts that the name of a workflow has
_AT_ONCE: Final = 7
_CLEAR = "DELETE FROM binding WHERE resource = ?"


class BindingRows(CredentialRows):
    """Remembers bindings. Times are Unix seconds."""

    def roles(self, email: str) -> list[Binding]:
        """Return the bindings of an account, expired ones or not."""
        return self._remembered(_binding, _ROLES, email)

    def roles_above(self, email: str, resource: str) -> list[Binding]:
        """Return the bindings of an account on a resource and above it, expired ones or not."""
        root = _LIKE_WORKFLOW.match(resource)
        if root is None:
            return self._at(email, resource)
        # Names of executions are too many to be remembered, and few of them have a policy.
        above = self._at(email, root[1])
        if not self._remembered(bool, _ANY_BELOW, email, f"{root[1]}/", f"{root[1]}0"):
            return above
        deep = _line(resource)[_AT_ONCE:]
        rows = self._rows(_AT, (email, *_filled(deep)))
        return [*above, *map(_binding, rows)]

    def _at(self, email: str, resource: str) -> list[Binding]:
        """Return the bindings on what has a name of six parts at most, and above it."""

        def found() -> list[Binding]:
            return [*map(_binding, self._rows(_AT, (email, *_filled(_line(resource)))))]

        return cast("list[Binding]", self._known.get((_AT, email, resource), found))

    def roles_held(self, email: str, *, now: float, touching: str | None) -> list[str]:
        """Return the roles that an account has at `now`, each once.

        Those that it has anywhere, or on anything that is `touching`, above or below it.
        """
        known: dict[str, object] = {"email": email, "now": now}
        if touching is None or touching == _ROOT:
            return [role for (role,) in self._rows(_HELD, known)]
        known |= {"name": touching, "above": json.dumps(_line(touching))}
        return [role for (role,) in self._rows(_TOUCHING, known)]

    def add_binding(self, binding: Binding) -> None:
        """Grant a role on a resource; granted again, it gets the new expiry."""
        self._write(_ADD, _row(binding))

    def policy(self, resource: str) -> Policy:
        """Return the bindings on a resource itself, expired ones or not."""
        return self._database.read(lambda connection: _policy(connection, resource))

    def set_policy(
        self,
        resource: str,
        bindings: Iterable[Binding],
        *,
        etag: bytes = b"",
        guard_projects: bool,
    ) -> Policy:
        """Replace the bindings on a resource.

        Or StaleEtagError if there is an etag and it is not that of the policy now, or if an
        account or a role that they name is gone; NotFoundError if the resource is; or
        FailedPreconditionError if everything or, with `guard_projects`, a project would lose
        its last owner.
        """
        bindings = list(bindings)
        rows = [_row(binding) for binding in bindings]

        def change(connection: Connection) -> Policy:
            if etag and etag != _policy(connection, resource).etag:
                raise StaleEtagError(
                    f"The policy of {resource} has changed since it was read: "
                    "read it again, and repeat the change."
                )
            check_named(connection, resource, bindings)
            with owners_kept(connection, [resource], projects=guard_projects):
                connection.execute(_CLEAR, (resource,))
                for row in rows:
                    connection.execute(_ADD, row)
            return _policy(connection, resource)

        return self._change(change)

    def forget(self) -> None:
        """Forget what is remembered, since bindings were written elsewhere."""
        self._known.forget()


def _line(resource: str) -> list[str]:
    """Return everything, the parts that a name begins with, from the shortest, and itself."""
    parts = resource.split("/") if resource != _ROOT else []
    return [_ROOT, *("/".join(parts[:length]) for length in range(1, len(parts) + 1))]


def _filled(line: list[str]) -> list[str]:
    """Return as many names as are looked up at once."""
    return [*line, *[line[-1]] * (_AT_ONCE - len(line))]


def _policy(connection: Connection, resource: str) -> Policy:
    rows = connection.execute(_POLICY, (resource,)).fetchall()
    return Policy(resource=resource, bindings=tuple(map(_binding, rows)))


def _row(binding: Binding) -> tuple[object, ...]:
    return (
        binding.email,
        binding.role,
        binding.resource,
        binding.expire_time,
        binding.title,
        binding.description,
    )


def _binding(row: Row) -> Binding:
    email, role, resource, expires, title, description = row
    return Binding(
        email=email,
        role=role,
        resource=resource,
        expire_time=expires,
        title=title,
        description=description,
    )
