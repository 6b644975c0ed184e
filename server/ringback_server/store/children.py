"""Executions that others wait for: what became of them, and the end of those left behind.

The rows are told of in `families`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

from ringback_server.model.names import WorkflowName
from ringback_server.model.resources import Execution, ExecutionState
from ringback_server.store.database import Connection, Database, Row
from ringback_server.store.endings import take_away
from ringback_server.store.execution_rows import execution_of
from ringback_server.store.families import end_wait

# Of a wait that is orphaned, some executions may be forgotten already.
_READY_WAITS = """
SELECT number FROM child_wait WHERE execution = ? AND open = 0 AND NOT orphaned ORDER BY number
"""

_SIZES = """
SELECT COALESCE(LENGTH(e.argument) + COALESCE(LENGTH(e.result), 0)
                + COALESCE(LENGTH(e.failure), 0), 0)
  FROM child c LEFT JOIN execution e ON e.id = c.execution
 WHERE c.parent = ? AND c.wait = ? ORDER BY c.position
"""

# Executions of a deleted workflow are gone, whether or not their rows are still there.
_CHILDREN = """
SELECT c.uid, w.project, w.location, w.name, e.id, e.uid, r.revision_id, e.phase, e.outcome,
       e.create_time, e.start_time, e.end_time, e.call_log_level, e.history_level, e.buffered,
       e.labels, e.steps, e.detail, e.argument, CASE WHEN c.position < :room THEN e.result END,
       CASE WHEN c.position < :room THEN e.failure END
  FROM child c
  LEFT JOIN execution e ON e.id = c.execution
  LEFT JOIN workflow w ON w.id = e.workflow AND w.delete_time IS NULL
  LEFT JOIN revision r ON r.id = e.revision
 WHERE c.parent = :parent AND c.wait = :wait ORDER BY c.position
"""

_READY_PARENT = """
SELECT c.parent FROM child c JOIN child_wait w ON w.execution = c.parent AND w.number = c.wait
 WHERE c.execution = ? AND w.open = 0 AND NOT w.orphaned
"""
_ORPHANED = "SELECT execution, number FROM child_wait WHERE orphaned LIMIT 1"
_LEFT = "SELECT position, execution FROM child WHERE parent = ? AND wait = ? LIMIT ?"
_DELETE_CHILD = "DELETE FROM child WHERE parent = ? AND wait = ? AND position = ?"

_Keys = list[int]


@dataclass(frozen=True, slots=True)
class Gone:
    """An execution that was deleted with its workflow."""

    #: UUIDv7, 16 bytes
    uid: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """A wait that is over, and the executions it was for, in order."""

    wait: int
    executions: tuple[Execution | Gone, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """What the end of an execution led to."""

    #: the execution whose wait is over by it
    parent: int | None
    #: whether there are executions to be cancelled
    orphans: bool


class Children:
    """What executions that created executions wait for. Keys are the store's integers."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def over(self, key: int, room: int) -> tuple[Over, ...]:
        """Return the waits of an execution that are over and that no advance has ended.

        From where their texts have more than `room` bytes, results and failures are left out.
        """

        def over(connection: Connection) -> tuple[Over, ...]:
            waits = connection.execute(_READY_WAITS, (key,)).fetchall()
            return tuple(
                Over(wait=number, executions=_executions(connection, key, number, room))
                for (number,) in waits
            )

        return self._database.read(over)

    def aftermath(self, key: int) -> Aftermath:
        """Return what the end of an execution, which is stored, led to."""

        def aftermath(connection: Connection) -> Aftermath:
            row = connection.execute(_READY_PARENT, (key,)).fetchone()
            orphans = connection.execute(_ORPHANED).fetchone() is not None
            return Aftermath(parent=None if row is None else row[0], orphans=orphans)

        return self._database.read(aftermath)

    def orphans(self) -> bool:
        """Tell whether an execution has ended that waited for others, which are to be cancelled."""
        return self._database.read(lambda c: c.execute(_ORPHANED).fetchone() is not None)

    def cancel_orphans(self, now: float, limit: int) -> _Keys:
        """Cancel up to `limit` executions whose parents have ended; return whom that ended.

        Those that they wait for are among the next ones.
        """

        def cancel(connection: Connection) -> _Keys:
            ended: list[int] = []
            left = limit
            while left > 0 and (wait := connection.execute(_ORPHANED).fetchone()) is not None:
                rows = connection.execute(_LEFT, (*wait, left)).fetchall()
                left -= len(rows) + 1
                for position, child in rows:
                    connection.execute(_DELETE_CHILD, (*wait, position))
                    if take_away(connection, child, ExecutionState.CANCELLED, now):
                        ended.append(child)
                if left >= 0:
                    end_wait(connection, *wait)
            return ended

        return self._database.write(cancel)


def _executions(
    connection: Connection, parent: int, wait: int, room: int
) -> tuple[Execution | Gone, ...]:
    sizes = connection.execute(_SIZES, (parent, wait)).fetchall()
    sums = accumulate(size for (size,) in sizes)
    parameters = {
        "parent": parent,
        "wait": wait,
        "room": sum(1 for total in sums if total <= room),
    }
    rows = connection.execute(_CHILDREN, parameters).fetchall()
    return tuple(_execution(row) for row in rows)


def _execution(row: Row) -> Execution | Gone:
    uid, project, location, workflow = row[:4]
    if project is None:
        return Gone(uid)
    return execution_of(WorkflowName(project, location, workflow), row[4:])
