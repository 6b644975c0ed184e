"""From names to rows; look-ups see nothing of deleted workflows."""

from __future__ import annotations

from ringback_server.errors import NotFoundError
from ringback_server.model.names import ExecutionName, WorkflowName, resource
from ringback_server.model.uids import uid_text
from ringback_server.store.database import Connection
from ringback_server.store.records import Phase

_WORKFLOW = """
SELECT id FROM workflow
 WHERE project = ? AND location = ? AND name = ? AND delete_time IS NULL
"""

_EXECUTION = """
SELECT e.id, e.phase
  FROM execution e JOIN workflow w ON w.id = e.workflow
 WHERE e.uid = ? AND w.project = ? AND w.location = ? AND w.name = ? AND w.delete_time IS NULL
"""


def workflow_key(connection: Connection, name: WorkflowName) -> int:
    """Return the key of a workflow; or NotFoundError."""
    row = connection.execute(_WORKFLOW, (name.project, name.location, name.workflow)).fetchone()
    if row is None:
        raise workflow_not_found(name)
    return int(row[0])


def execution_row(connection: Connection, name: ExecutionName) -> tuple[int, Phase]:
    """Return key and phase of an execution; or NotFoundError."""
    row = connection.execute(_EXECUTION, execution_parameters(name)).fetchone()
    if row is None:
        raise execution_not_found(name)
    return int(row[0]), Phase(row[1])


def execution_parameters(name: ExecutionName) -> tuple[object, ...]:
    """Return uid, project, location and workflow id; an id that is no UUID matches nothing."""
    return (name.uid, name.project, name.location, name.workflow)


def execution_id(uid: bytes) -> str:
    """Return the id in names of an execution."""
    return uid_text(uid)


def workflow_not_found(name: WorkflowName) -> NotFoundError:
    """Return the error for a workflow that is not there."""
    return NotFoundError(
        f"{name} was not found.", reason="WORKFLOW_NOT_FOUND", resource=resource(name)
    )


def revision_not_found(name: WorkflowName, revision_id: str) -> NotFoundError:
    """Return the error for a workflow that is there, but has no such revision."""
    return NotFoundError(
        f"{name} has no revision {revision_id[:80]}.",
        reason="REVISION_NOT_FOUND",
        resource=resource(name),
    )


def execution_not_found(name: ExecutionName) -> NotFoundError:
    """Return the error for an execution that is not there."""
    return NotFoundError(
        f"{name} was not found.", reason="EXECUTION_NOT_FOUND", resource=resource(name)
    )
