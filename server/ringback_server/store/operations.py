"""Operations: what was done to workflows; the transactions are those of `workflows`."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from ringback_server.errors import NotFoundError
from ringback_server.model.names import LocationName, OperationName, WorkflowName, resource
from ringback_server.model.resources import Operation
from ringback_server.model.uids import uid_text
from ringback_server.store.database import Connection, Row
from ringback_server.store.listing import Scope, Search
from ringback_server.store.workflow_lists import OPERATIONS

_INSERT = """
INSERT INTO operation (uid, project, location, verb, workflow, create_time, end_time)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""

_GET = """
SELECT verb, workflow, create_time, end_time FROM operation
 WHERE uid = ? AND project = ? AND location = ?
"""

_ONE = "SELECT uid, verb, workflow, create_time, end_time FROM operation WHERE id = ?"

_DELETE = "DELETE FROM operation WHERE uid = ? AND project = ? AND location = ?"


def add(
    connection: Connection, uid: bytes, verb: str, target: WorkflowName, now: float
) -> Operation:
    """Store an operation that is done."""
    row = (uid, target.project, target.location, verb, target.workflow, now, now)
    connection.execute(_INSERT, row)
    return _operation(target.parent, uid, verb, target.workflow, (now, now))


def get(connection: Connection, name: OperationName) -> Operation:
    """Return an operation; or NotFoundError."""
    uid = _uid(name)
    row = connection.execute(_GET, (uid, name.project, name.location)).fetchone()
    if uid is None or row is None:
        raise _not_found(name)
    verb, workflow, created, ended = row
    return _operation(name.parent, uid, verb, workflow, (created, ended))


def search(parent: LocationName) -> Search[Operation]:
    """Return how the operations of a location are found, newest first."""

    def fetch(connection: Connection, row: Row) -> Operation:
        (found,) = connection.execute(_ONE, row).fetchall()
        uid, verb, workflow, created, ended = found
        return _operation(parent, uid, verb, workflow, (created, ended))

    return Search(source=OPERATIONS, scope=scope_of(parent), fetch=fetch)


def scope_of(parent: LocationName) -> Callable[[Connection], Scope]:
    """Return what gives the parameters of lists of a location."""
    scope = {"project": parent.project, "location": parent.location}
    return lambda _connection: scope


def delete(connection: Connection, name: OperationName) -> None:
    """Forget an operation; or NotFoundError."""
    parameters = (_uid(name), name.project, name.location)
    if connection.execute(_DELETE, parameters).rowcount == 0:
        raise _not_found(name)


def _operation(
    parent: LocationName, uid: bytes, verb: str, workflow: str, times: tuple[float, float]
) -> Operation:
    return Operation(
        name=str(OperationName(parent.project, parent.location, uid_text(uid))),
        verb=verb,
        target=WorkflowName(parent.project, parent.location, workflow),
        create_time=times[0],
        end_time=times[1],
    )


def _uid(name: OperationName) -> bytes | None:
    try:
        return uuid.UUID(name.operation).bytes
    except ValueError:
        return None


def _not_found(name: OperationName) -> NotFoundError:
    return NotFoundError(
        f"{name} was not found.", reason="OPERATION_NOT_FOUND", resource=resource(name)
    )
