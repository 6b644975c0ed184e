"""The owner that everything here, and each project, keeps: nobody is locked out by accident."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager

from ringback_server.errors import FailedPreconditionError
from ringback_server.model.account_emails import account_project
from ringback_server.model.names import ProjectName
from ringback_server.store.database import Connection

#: above every resource
_ROOT = "*"

# Whoever an external issuer knows is no owner of everything to rely on: it may fall silent.
_OWNED = """
SELECT 1 FROM binding b LEFT JOIN service_account a ON a.email = b.email
 WHERE b.resource = :resource AND b.role = 'roles/owner' AND b.expire_time IS NULL
   AND (a.disabled = 0 OR (b.email LIKE 'principal://%' AND :resource <> '*'))
 LIMIT 1
"""
_OWNS = """
SELECT resource FROM binding WHERE email = ? AND role = 'roles/owner' AND resource IN (?, ?)
"""


def owned_by(connection: Connection, email: str) -> list[str]:
    """Return what an account is bound to as an owner and is kept for: everything, its project.

    Not another project: whoever owns one could make any account the last owner of that, and so
    keep those whose account it is from deleting or disabling it.
    """
    its_own = str(ProjectName(account_project(email) or "-"))
    rows = connection.execute(_OWNS, (email, _ROOT, its_own)).fetchall()
    return [resource for (resource,) in rows]


@contextmanager
def owners_kept(
    connection: Connection, resources: Iterable[str], *, projects: bool
) -> Generator[None]:
    """Raise FailedPreconditionError when a change within leaves a resource without an owner.

    That is everything, `*`, if it is among `resources`, and with `projects` each project among
    them. An owner is one whose binding does not expire and whose account is enabled.
    """
    kept = [
        resource
        for resource in resources
        if (resource == _ROOT or (projects and _is_project(resource)))
        and _owned(connection, resource)
    ]
    yield
    for resource in kept:
        if not _owned(connection, resource):
            raise FailedPreconditionError(
                f"This would leave {resource} without an owner: grant roles/owner on {resource} "
                "to an enabled account first, without a condition.",
                reason="LAST_OWNER",
                facts={"resource": resource},
            )


def _owned(connection: Connection, resource: str) -> bool:
    return connection.execute(_OWNED, {"resource": resource}).fetchone() is not None


def _is_project(resource: str) -> bool:
    return resource.startswith("projects/") and resource.count("/") == 1
