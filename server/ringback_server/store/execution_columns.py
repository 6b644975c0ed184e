"""From new executions and advances to rows."""

from __future__ import annotations

import msgspec

from ringback_server.store.database import Connection
from ringback_server.store.packing import pack_failure, pack_steps, seal
from ringback_server.store.records import Advance, NewExecution, Phase

_WORKFLOW_EXISTS = "SELECT 1 FROM workflow WHERE id = ? AND delete_time IS NULL"

_INSERT = """
INSERT INTO execution (uid, workflow, revision, fence, call_log_level, history_level, buffered,
                       create_time, labels, argument, phase, outcome, wake, requests,
                       start_time, end_time, steps, result, failure, state, trace, depth,
                       request_id, request_hash)
VALUES (:uid, :workflow, :revision, 0, :call_log_level, :history_level, :buffered,
        :create_time, :labels, :argument, :phase, :outcome, :wake, :requests, :began, :end_time,
        :steps, :result, :failure, :state, :trace, :depth, :request_id, :request_hash)
"""

_UPDATE = """
UPDATE execution
   SET phase = :phase, outcome = :outcome, wake = :wake, requests = :requests,
       end_time = :end_time, steps = :steps, result = :result, failure = :failure, state = :state,
       start_time = COALESCE(start_time, :began), fence = fence + 1
 WHERE id = :key
"""
_SET_PHASE = "UPDATE execution SET phase = ? WHERE id = ?"


def insert(connection: Connection, new: NewExecution, advance: Advance | None) -> int | None:
    """Store an execution, with its first advance or queued; return its key.

    None if the workflow was deleted.
    """
    if not is_deployed(connection, new.workflow_key):
        return None
    phase = Phase.QUEUED if advance is None else advance.phase
    columns = _new_columns(new) | _columns(advance, phase)
    return connection.execute(_INSERT, columns).lastrowid or 0


def is_deployed(connection: Connection, workflow_key: int) -> bool:
    """Tell whether a workflow is there and was not deleted."""
    return connection.execute(_WORKFLOW_EXISTS, (workflow_key,)).fetchone() is not None


def update(connection: Connection, key: int, advance: Advance, phase: Phase) -> None:
    """Store an advance in the row of its execution."""
    connection.execute(_UPDATE, _columns(advance, phase) | {"key": key})


def set_phase(connection: Connection, key: int, phase: Phase) -> None:
    """Say who may move an execution on."""
    connection.execute(_SET_PHASE, (int(phase), key))


def _new_columns(new: NewExecution) -> dict[str, object]:
    labels = msgspec.json.encode(dict(new.labels)).decode() if new.labels else None
    return {
        "uid": new.uid,
        "workflow": new.workflow_key,
        "revision": new.revision_key,
        "call_log_level": int(new.call_log_level),
        "history_level": int(new.history_level),
        "buffered": new.buffered,
        "create_time": new.create_time,
        "labels": labels,
        "argument": new.argument,
        "trace": new.trace,
        "depth": new.depth,
        "request_id": new.request and new.request.id,
        "request_hash": new.request and new.request.digest,
    }


def _columns(advance: Advance | None, phase: Phase) -> dict[str, object]:
    """Return the columns that an advance sets; without one the execution is queued."""
    end = None if advance is None else advance.end
    state = None if advance is None or end is not None else advance.state
    return {
        "phase": int(phase) if end is None else int(Phase.ENDED),
        "outcome": end and end.state.value,
        "wake": None if advance is None or end is not None else advance.wake,
        "requests": 0 if advance is None or end is not None else advance.requests,
        "began": advance and advance.began,
        "end_time": end and end.time,
        "steps": advance and pack_steps(advance.current_steps),
        "result": end and end.result,
        "failure": end and pack_failure(end.failure),
        "state": None if state is None else seal(state),
    }
