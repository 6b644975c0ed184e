"""A callback and what its execution does with it, in one transaction.

Whoever sends a callback may look first for the wait that it will end, have the execution advance,
and store both. The advance was made before the payload is stored, so it is stored only if the
payload then goes to that wait, and if the execution is still as it was.
"""

from __future__ import annotations

from dataclasses import dataclass

from ringback_server.store.advances import commit_advance
from ringback_server.store.database import Connection, Parameters
from ringback_server.store.loading import load_execution
from ringback_server.store.records import Advance, Committed, Delivery, Loaded, Superseded

_OLDEST_WAIT = """
SELECT e.id, w.id, v.number
  FROM execution e
  JOIN workflow w ON w.id = e.workflow
  JOIN endpoint p ON p.execution = e.id AND p.number = ? AND p.method = ?
  JOIN waiter v ON v.execution = e.id AND v.endpoint = p.number AND v.payload IS NULL
 WHERE e.uid = ? AND w.project = ? AND w.location = ? AND w.name = ? AND w.delete_time IS NULL
 ORDER BY v.number LIMIT 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """A wait that a callback would end, and its execution as it is stored."""

    wait: int
    workflow_key: int
    loaded: Loaded


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumption:
    """What an execution does once a wait of it is given a payload."""

    execution_key: int
    #: of the execution as it was loaded
    fence: int
    wait: int
    advance: Advance


def awaited(connection: Connection, place: Parameters, method: str) -> Awaited | None:
    """Return the wait that a callback to the endpoint at `place` would end; None if there is none.

    Raise CorruptDataError if the state of its execution is damaged.
    """
    number, *names = place
    row = connection.execute(_OLDEST_WAIT, (number, method, *names)).fetchone()
    if row is None:
        return None
    execution, workflow, wait = row
    return Awaited(wait=wait, workflow_key=workflow, loaded=load_execution(connection, execution))


def resume(
    connection: Connection, resumption: Resumption, execution: int, delivery: Delivery
) -> Committed | None:
    """Store the advance that follows a delivery; None if it does not follow from this one."""
    if (execution, delivery.wait) != (resumption.execution_key, resumption.wait):
        return None
    try:
        return commit_advance(connection, execution, resumption.fence, resumption.advance)
    except Superseded:
        return None
