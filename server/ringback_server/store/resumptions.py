"""A callback and what its execution does with it, in one transaction.

Whoever sends a callback may look first for the wait that it will end, have the execution advance,
and store both. The advance was made before the payload is stored, so it is stored only if the
payload then goes to that wait, and if the execution is still as it was.
"""

from __future__ import annotations

from dataclasses import dataclass

from ringback_server.store.advances import apply_advance
from ringback_server.store.database import Connection, Parameters
from ringback_server.store.endpoints import Endpoint, find
from ringback_server.store.loading import load_execution
from ringback_server.store.records import Advance, Committed, Loaded

_END_WAIT = "DELETE FROM waiter WHERE execution = ? AND number = ?"


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
    #: what it does beside consuming the payload
    advance: Advance

    def follows(self, found: Endpoint) -> bool:
        """Tell whether this is what follows from a payload to an endpoint as it is now."""
        mine = (self.execution_key, self.fence, self.wait)
        return mine == (found.execution, found.fence, found.wait)


def awaited(connection: Connection, place: Parameters, method: str) -> Awaited | None:
    """Return the wait that a callback to the endpoint at `place` would end; None if there is none.

    Raise CorruptDataError if the state of its execution is damaged.
    """
    found = find(connection, place)
    if found is None or found.wait is None or found.method != method or found.ended:
        return None
    loaded = load_execution(connection, found.execution)
    return Awaited(wait=found.wait, workflow_key=found.workflow, loaded=loaded)


def resume(connection: Connection, resumption: Resumption) -> Committed:
    """Store the advance that follows a payload, which ends its wait."""
    key = resumption.execution_key
    connection.execute(_END_WAIT, (key, resumption.wait))
    return apply_advance(connection, key, resumption.advance)
