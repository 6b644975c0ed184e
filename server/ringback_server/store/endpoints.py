"""A callback endpoint as a callback finds it, in one look."""

from __future__ import annotations

import msgspec

from ringback_server.model.names import CallbackName
from ringback_server.store.database import Connection, Parameters
from ringback_server.store.lookups import execution_parameters
from ringback_server.store.records import Phase

# Payloads that are free are few, at most the limit of the inbox.
_FIND = """
SELECT w.id, e.id, e.phase, e.fence, p.number, p.method,
       (SELECT MIN(number) FROM waiter
         WHERE execution = e.id AND endpoint = p.number AND payload IS NULL),
       (SELECT COUNT(*) FROM payload
         WHERE execution = e.id AND endpoint = p.number AND consumed_time IS NULL)
     - (SELECT COUNT(*) FROM waiter
         WHERE execution = e.id AND endpoint = p.number AND payload IS NOT NULL),
       (SELECT COALESCE(MAX(seq), 0) + 1 FROM payload WHERE execution = e.id)
  FROM execution e
  JOIN workflow w ON w.id = e.workflow
  JOIN endpoint p ON p.execution = e.id AND p.number = ?
 WHERE e.uid = ? AND w.project = ? AND w.location = ? AND w.name = ? AND w.delete_time IS NULL
"""


class Endpoint(msgspec.Struct, frozen=True):
    """An endpoint, with the keys of its workflow and its execution, and its own number."""

    workflow: int
    execution: int
    phase: Phase
    #: of the execution, which grows whenever it goes on
    fence: int
    number: int
    method: str
    #: the oldest wait that was given no payload, None if there is none
    wait: int | None
    #: payloads that no wait was given
    kept: int
    #: of the next payload that the execution is sent
    next_seq: int

    @property
    def ended(self) -> bool:
        """Whether its execution has ended."""
        return self.phase is Phase.ENDED


def place_of(name: CallbackName) -> Parameters:
    """Return where an endpoint is; worked out before the writer, which all have to wait for."""
    return (name.number, *execution_parameters(name.parent))


def find(connection: Connection, place: Parameters) -> Endpoint | None:
    """Return the endpoint at a place, None if there is none."""
    row = connection.execute(_FIND, place).fetchone()
    if row is None:
        return None
    workflow, execution, phase, *rest = row
    return Endpoint(workflow, execution, Phase(phase), *rest)
