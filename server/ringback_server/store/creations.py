"""Many executions created in one transaction, each with an outcome of its own.

Nothing here fails after it has written: what can be wrong is looked for first, so that one
creation that is refused takes nothing back of the others.
"""

from __future__ import annotations

import msgspec

from ringback_server.errors import (
    IdempotencyConflictError,
    NotFoundError,
    QuotaExceededError,
    RingbackError,
)
from ringback_server.model.names import WorkflowName
from ringback_server.model.resources import Execution
from ringback_server.store.advances import store_advance
from ringback_server.store.database import Connection
from ringback_server.store.execution_columns import insert, set_phase
from ringback_server.store.execution_rows import execution_of
from ringback_server.store.families import can_open, has_ready_waits
from ringback_server.store.records import Advance, Committed, NewExecution, Phase

_BY_REQUEST = """
SELECT e.request_hash, w.project, w.location, w.name, e.id, e.uid, r.revision_id, e.phase,
       e.outcome, e.create_time, e.start_time, e.end_time, e.call_log_level, e.history_level,
       e.buffered, e.labels, e.steps, e.detail, e.argument, e.result, e.failure
  FROM execution e JOIN workflow w ON w.id = e.workflow JOIN revision r ON r.id = e.revision
 WHERE e.workflow = ? AND e.request_id = ?
"""

_QUEUED = "SELECT executions FROM census WHERE state = 'QUEUED'"


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """An execution that was stored; `begun` tells whether with its first advance, or queued."""

    key: int
    uid: bytes
    workflow_key: int
    begun: bool
    committed: Committed


class Known(msgspec.Struct, frozen=True):
    """An execution that an earlier request with the same id created."""

    execution: Execution


Outcome = Stored | Known | RingbackError


def store_execution(connection: Connection, new: NewExecution, advance: Advance | None) -> Outcome:
    """Store an execution, with its first advance if that was made and still holds.

    Return an IdempotencyConflictError, NotFoundError or QuotaExceededError in place of raising it.
    """
    known = _known(connection, new)
    if known is not None:
        return known
    if advance is not None and not can_open(connection, advance.children):
        advance = None
    if advance is None and not _may_be_queued(connection, new):
        return QuotaExceededError(reason="TOO_MANY_QUEUED")
    key = insert(connection, new, advance)
    if key is None:
        return NotFoundError("The workflow was deleted.", reason="WORKFLOW_NOT_FOUND")
    committed = Committed() if advance is None else store_advance(connection, key, advance)
    if advance is not None and advance.phase is Phase.WAITING and has_ready_waits(connection, key):
        set_phase(connection, key, Phase.RUNNABLE)
    return Stored(
        key=key,
        uid=new.uid,
        workflow_key=new.workflow_key,
        begun=advance is not None,
        committed=committed,
    )


def _may_be_queued(connection: Connection, new: NewExecution) -> bool:
    if new.max_queued is None:
        return True
    row = connection.execute(_QUEUED).fetchone()
    return row is None or row[0] < new.max_queued


def _known(connection: Connection, new: NewExecution) -> Known | RingbackError | None:
    if new.request is None:
        return None
    row = connection.execute(_BY_REQUEST, (new.workflow_key, new.request.id)).fetchone()
    if row is None:
        return None
    digest, project, location, workflow = row[:4]
    if digest != new.request.digest:
        return IdempotencyConflictError()
    return Known(execution_of(WorkflowName(project, location, workflow), row[4:]))
