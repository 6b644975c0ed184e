"""Takes an execution out of the store, to be driven on."""

from __future__ import annotations

from ringback_server.errors import CorruptDataError
from ringback_server.model.names import ExecutionName
from ringback_server.model.resources import HistoryLevel
from ringback_server.store.advances import given_waits
from ringback_server.store.database import Connection
from ringback_server.store.lookups import execution_id
from ringback_server.store.packing import unseal
from ringback_server.store.records import Loaded, Phase, Superseded

_LOAD = """
SELECT w.project, w.location, w.name, e.uid, e.revision, e.argument, e.state, e.fence, e.phase,
       e.trace, e.depth, CASE WHEN e.history_level THEN e.history_level ELSE w.history_level END
  FROM execution e JOIN workflow w ON w.id = e.workflow
 WHERE e.id = ? AND e.phase < 3
"""


def load_execution(connection: Connection, key: int) -> Loaded:
    """Return what is needed to drive an execution on.

    Raise Superseded if it has ended or is gone, CorruptDataError if its state is damaged.
    """
    row = connection.execute(_LOAD, (key,)).fetchone()
    if row is None:
        raise Superseded
    project, location, workflow, uid, revision, argument, state, fence, phase = row[:9]
    return Loaded(
        key=key,
        name=ExecutionName(project, location, workflow, execution_id(uid)),
        revision_key=revision,
        argument=argument,
        state=None if state is None else _unseal_state(state),
        fence=fence,
        deliveries=given_waits(connection, key),
        phase=Phase(phase),
        trace=row[9],
        depth=row[10],
        history_level=HistoryLevel(row[11]),
    )


def _unseal_state(sealed: bytes) -> bytes:
    try:
        return unseal(sealed)
    except CorruptDataError:
        raise CorruptDataError("The stored state of this execution is damaged.") from None
