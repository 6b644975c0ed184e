"""The list of a workflow's executions: what it can be filtered and ordered by, in SQL."""

from __future__ import annotations

from ringback_server.model.names import WorkflowName
from ringback_server.model.resources import Execution
from ringback_server.store.conditions import Column, micros, moment
from ringback_server.store.database import Connection, Row
from ringback_server.store.execution_rows import execution_of
from ringback_server.store.listing import Scope, Search, Source
from ringback_server.store.lookups import workflow_key

# What only the full view shows is not even read for the other.
_ONE = """
SELECT e.id, e.uid, r.revision_id, e.phase, e.outcome, e.create_time, e.start_time, e.end_time,
       e.call_log_level, e.history_level, e.buffered, e.labels, e.steps, e.detail,
       CASE WHEN :full THEN e.argument ELSE '' END, CASE WHEN :full THEN e.result END,
       CASE WHEN :full THEN e.failure END
  FROM execution e JOIN revision r ON r.id = e.revision
 WHERE e.id = :key
"""

_STATE = """
CASE WHEN e.phase = 0 THEN 'QUEUED' WHEN e.phase < 3 THEN 'ACTIVE' ELSE e.outcome END
"""


def _without_dashes(text: str) -> str:
    return text.replace("-", "").lower()


_ENDED = micros("IFNULL(e.end_time, :now)")
_STARTED = micros("e.start_time")

COLUMNS = {
    "executionId": Column(sql="LOWER(HEX(e.uid))", adapt=_without_dashes),
    "state": Column(sql=_STATE.strip()),
    "createTime": moment("e.create_time"),
    "startTime": moment("e.start_time"),
    "endTime": moment("e.end_time"),
    "duration": Column(sql=f"MAX(0, {_ENDED} - {_STARTED})"),
    "workflowRevisionId": Column(
        sql="(SELECT r.revision_id FROM revision r WHERE r.id = e.revision)"
    ),
    "stepName": Column(sql="step_names(e.steps)"),
    "labels": Column(sql="CASE WHEN JSON_VALID(e.labels) THEN e.labels END"),
    "disableConcurrencyQuotaOverflowBuffering": Column(sql="(NOT e.buffered)"),
}

_SOURCE = Source(
    rows="execution e",
    scope="e.workflow = :workflow",
    identity="e.id",
    keys=("e.create_time", "e.id"),
    descending=True,
    timed="createTime",
    columns=COLUMNS,
)


def executions_of(parent: WorkflowName, *, full: bool) -> Search[Execution]:
    """Return how the executions of a workflow are found."""

    def scope(connection: Connection) -> Scope:
        return {"workflow": workflow_key(connection, parent)}

    def fetch(connection: Connection, row: Row) -> Execution:
        (found,) = connection.execute(_ONE, {"key": row[0], "full": full}).fetchall()
        return execution_of(parent, found)

    return Search(source=_SOURCE, scope=scope, fetch=fetch)
