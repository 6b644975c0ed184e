"""Executions: created, advanced, ended, found again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from ringback_server.errors import FailedPreconditionError
from ringback_server.model.names import ExecutionName, WorkflowName
from ringback_server.model.resources import Execution, ExecutionState
from ringback_server.store.advances import commit_advance
from ringback_server.store.creations import Outcome, store_execution
from ringback_server.store.database import Connection, Database
from ringback_server.store.endings import take_away
from ringback_server.store.execution_lists import executions_of
from ringback_server.store.execution_rows import execution_of
from ringback_server.store.listing import Found, Query
from ringback_server.store.loading import load_execution
from ringback_server.store.lookups import (
    execution_not_found,
    execution_parameters,
)
from ringback_server.store.records import (
    Advance,
    Committed,
    Loaded,
    NewExecution,
)

# Within the class, `list` is its method.
_Keys = list[int]
_Wakes = list[tuple[float, int]]
_Outcomes = list[Outcome]

_AT_REST = "SELECT 1 FROM execution WHERE id = ? AND fence = ? AND phase = 2"

_GET = """
SELECT e.id, e.uid, r.revision_id, e.phase, e.outcome, e.create_time, e.start_time, e.end_time,
       e.call_log_level, e.history_level, e.buffered, e.labels, e.steps, e.detail,
       e.argument, e.result, e.failure
  FROM execution e JOIN workflow w ON w.id = e.workflow JOIN revision r ON r.id = e.revision
 WHERE e.uid = ? AND w.project = ? AND w.location = ? AND w.name = ? AND w.delete_time IS NULL
"""

_DUE = """
SELECT wake, id FROM execution WHERE wake <= ? AND (wake, id) > (?, ?) ORDER BY wake, id LIMIT ?
"""
_NEXT_WAKE = "SELECT MIN(wake) FROM execution WHERE wake > ?"
_RUNNABLE = """
SELECT id FROM execution WHERE phase = 1 AND id > :after
UNION SELECT id FROM execution WHERE requests > 0 AND id > :after
ORDER BY id LIMIT :limit
"""

_QUEUED = """
SELECT id FROM execution WHERE phase = 0 AND workflow = ? AND id > ? ORDER BY id LIMIT ?
"""
# One look at the index for each workflow, whatever it has queued.
_QUEUED_WORKFLOWS = """
WITH RECURSIVE behind(id) AS (
  SELECT MIN(workflow) FROM execution WHERE phase = 0
  UNION ALL
  SELECT (SELECT MIN(workflow) FROM execution WHERE phase = 0 AND workflow > behind.id)
    FROM behind WHERE behind.id IS NOT NULL
)
SELECT id FROM behind WHERE id IS NOT NULL
"""
_WORKFLOWS = """
SELECT e.id, e.workflow FROM json_each(?) wanted JOIN execution e ON e.id = wanted.value
"""


class Executions:
    """The executions of all workflows. Keys are the store's integers, times Unix seconds."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def create(self, creations: Sequence[tuple[NewExecution, Advance | None]]) -> _Outcomes:
        """Store executions, each with its first advance if that was made, in one transaction.

        An execution is queued without its advance if a workflow that the advance executes was
        deleted meanwhile. Errors that concern one of them alone are among the outcomes.
        """
        return self._database.write(
            lambda connection: [store_execution(connection, *each) for each in creations]
        )

    def commit(self, key: int, fence: int, advance: Advance) -> Committed:
        """Store an advance of an execution as it was loaded with `fence`, which grows by one.

        Raise Overtaken if something came before it that it does not know of, and Superseded if
        the execution has ended, is gone or was taken over; nothing is stored then.
        """
        return self._database.write(
            lambda connection: commit_advance(connection, key, fence, advance)
        )

    def load(self, key: int) -> Loaded:
        """Return what is needed to drive an execution on.

        Raise Superseded if it has ended or is gone, CorruptDataError if its state is damaged.
        """
        return self._database.read(lambda connection: load_execution(connection, key))

    def still_waits(self, key: int, fence: int) -> bool:
        """Tell whether an execution waits as it was stored with `fence`, and nothing came since."""

        def still_waits(connection: Connection) -> bool:
            return connection.execute(_AT_REST, (key, fence)).fetchone() is not None

        return self._database.read(still_waits)

    def get(self, name: ExecutionName) -> Execution:
        """Return an execution; or NotFoundError."""
        return self._database.read(lambda connection: execution_named(connection, name))

    def cancel(self, name: ExecutionName, now: float) -> tuple[int, Execution]:
        """End an execution that has not ended; return its key and what it is then.

        Raise NotFoundError, or FailedPreconditionError if it has ended.
        """

        def cancel(connection: Connection) -> tuple[int, Execution]:
            execution = execution_named(connection, name)
            if execution.state.ended:
                raise FailedPreconditionError(
                    f"{name} has ended: it is {execution.state}.", reason="EXECUTION_ENDED"
                )
            take_away(connection, execution.key, ExecutionState.CANCELLED, now)
            return execution.key, execution_named(connection, name)

        return self._database.write(cancel)

    def mark_unavailable(self, key: int, detail: str, now: float) -> None:
        """End an execution whose stored data is damaged; what is left of it is kept."""

        def mark(connection: Connection) -> None:
            take_away(connection, key, ExecutionState.UNAVAILABLE, now, detail)

        self._database.write(mark)

    def due(self, now: float, *, after: tuple[float, int] | None, limit: int) -> _Wakes:
        """Return (wake, key) of executions to be woken by `now`, ascending, beyond `after`."""
        wake, key = after or (float("-inf"), 0)

        def due(connection: Connection) -> _Wakes:
            return connection.execute(_DUE, (now, wake, key, limit)).fetchall()

        return self._database.read(due)

    def next_wake(self, after: float) -> float | None:
        """Return the earliest wake later than `after`."""

        def next_wake(connection: Connection) -> float | None:
            row = connection.execute(_NEXT_WAKE, (after,)).fetchone()
            return None if row is None else row[0]

        return self._database.read(next_wake)

    def runnable(self, *, after: int, limit: int) -> _Keys:
        """Return keys of executions that a thread should have, ascending, beyond `after`.

        They are runnable, or have requests that this process may not know of.
        """
        bounds = {"after": after, "limit": limit}

        def runnable(connection: Connection) -> _Keys:
            return [key for (key,) in connection.execute(_RUNNABLE, bounds).fetchall()]

        return self._database.read(runnable)

    def queued(self, workflow: int, *, after: int, limit: int) -> _Keys:
        """Return keys of queued executions of a workflow, the oldest first, beyond `after`."""

        def queued(connection: Connection) -> _Keys:
            rows = connection.execute(_QUEUED, (workflow, after, limit)).fetchall()
            return [key for (key,) in rows]

        return self._database.read(queued)

    def queued_workflows(self) -> _Keys:
        """Return keys of the workflows that have queued executions."""

        def workflows(connection: Connection) -> _Keys:
            return [key for (key,) in connection.execute(_QUEUED_WORKFLOWS).fetchall()]

        return self._database.read(workflows)

    def workflows(self, keys: Sequence[int]) -> Mapping[int, int]:
        """Return the key of the workflow of each execution that is there."""

        def workflows(connection: Connection) -> Mapping[int, int]:
            wanted = json.dumps([*keys])
            return dict(connection.execute(_WORKFLOWS, (wanted,)).fetchall())

        return self._database.read(workflows)

    def list(self, parent: WorkflowName, query: Query, *, full: bool) -> Found[Execution]:
        """Return a page of the executions of a workflow, newest first unless ordered otherwise.

        Without `full` they lack argument, result and failure. Raise NotFoundError, and what
        `Search.run` raises.
        """
        return executions_of(parent, full=full).run(self._database, query)


def execution_named(connection: Connection, name: ExecutionName) -> Execution:
    """Return an execution; or NotFoundError."""
    row = connection.execute(_GET, execution_parameters(name)).fetchone()
    if row is None:
        raise execution_not_found(name)
    return execution_of(name.parent, row)
