"""What a policy names is there with it, and it goes with what it is on and what it names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ringback_server.errors import StaleEtagError
from ringback_server.model.account_emails import account_project
from ringback_server.model.names import RoleName, ServiceAccountName, WorkflowName
from ringback_server.model.principals import EXTERNAL
from ringback_server.model.resources import Binding
from ringback_server.store.database import Connection
from ringback_server.store.lookups import workflow_key

_ACCOUNT = "SELECT 1 FROM service_account WHERE email = ?"
_ROLE = "SELECT 1 FROM role WHERE project = ? AND id = ?"
# The character after a slash: what is in between begins with the name and a slash.
_REMOVE = """
DELETE FROM binding
 WHERE resource = :name OR (resource >= :name || '/' AND resource < :name || '0')
"""
_CUSTOM = "projects/"


def check_named(connection: Connection, resource: str, bindings: Sequence[Binding]) -> None:
    """Raise StaleEtagError or NotFoundError unless all that a policy names is there.

    It was when the policy was checked. What has gone since may be made again, perhaps by others,
    and is then not to have what this policy gives. Accounts of other projects may be absent, and
    ids of executions do not come again.
    """
    if not bindings:
        return
    _check_resource(connection, resource)
    project = resource.partition("/")[2].partition("/")[0]
    for email in _accounts(bindings, project):
        if connection.execute(_ACCOUNT, (email,)).fetchone() is None:
            raise _gone(f"Service account {email}")
    for role in {binding.role for binding in bindings if binding.role.startswith(_CUSTOM)}:
        name = RoleName.parse(role)
        if connection.execute(_ROLE, (name.project, name.role)).fetchone() is None:
            raise _gone(role)


def remove_policies(connection: Connection, name: str) -> None:
    """Remove the bindings on a resource and all that is below it.

    So that they do not count for another that gets its name later. Whoever calls it has the
    credentials forget what they remember.
    """
    connection.execute(_REMOVE, {"name": name})


def _check_resource(connection: Connection, resource: str) -> None:
    match resource.split("/"):
        case ["projects", _, "locations", _, "workflows", _]:
            workflow_key(connection, WorkflowName.parse(resource))
        case ["projects", _, "serviceAccounts", email]:
            if connection.execute(_ACCOUNT, (email,)).fetchone() is None:
                raise _gone(str(ServiceAccountName.parse(resource)))
        case _:
            pass


def _accounts(bindings: Iterable[Binding], project: str) -> set[str]:
    """Return the accounts that must be there: of the project, or all without one."""
    return {
        binding.email
        for binding in bindings
        if not binding.email.startswith(EXTERNAL)
        and (not project or account_project(binding.email) == project)
    }


def _gone(what: str) -> StaleEtagError:
    return StaleEtagError(f"{what} was deleted meanwhile: read the policy again, and repeat.")
