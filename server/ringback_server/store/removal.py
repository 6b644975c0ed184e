"""Removes executions with all that belongs to them, in pieces that hold nobody up for long."""

from __future__ import annotations

from collections.abc import Callable

from ringback_server.model.names import ExecutionName
from ringback_server.store.database import Connection
from ringback_server.store.lookups import execution_id
from ringback_server.store.policies import remove_policies

#: how long one transaction removes rows: a large one takes as long as hundreds of small ones
_SECONDS = 0.001
#: rows of one statement: an execution may have more, and larger ones, than one should remove
_AT_ONCE = 4

_HISTORY = """
DELETE FROM history WHERE execution = :key AND number IN
  (SELECT number FROM history WHERE execution = :key LIMIT :limit)
"""
_PARTS = (
    """DELETE FROM waiter WHERE execution = :key AND number IN
       (SELECT number FROM waiter WHERE execution = :key LIMIT :limit)""",
    """DELETE FROM payload WHERE execution = :key AND seq IN
       (SELECT seq FROM payload WHERE execution = :key LIMIT :limit)""",
    """DELETE FROM endpoint WHERE execution = :key AND number IN
       (SELECT number FROM endpoint WHERE execution = :key LIMIT :limit)""",
    """DELETE FROM journal WHERE id IN
       (SELECT id FROM journal WHERE execution = :key LIMIT :limit)""",
    _HISTORY,
)
_EXECUTION = "DELETE FROM execution WHERE id = ?"
_NAME = """
SELECT w.project, w.location, w.name, e.uid
  FROM execution e JOIN workflow w ON w.id = e.workflow WHERE e.id = ?
"""


class Budget:
    """What one transaction may remove: at least a row, and no more once either bound is reached."""

    def __init__(self, rows: int, timer: Callable[[], float]) -> None:
        """Take a number of rows, and a monotonic clock in seconds; time passes from now on."""
        self._timer = timer
        self._rows = rows
        self._removed = 0
        self._until = timer() + _SECONDS

    def __repr__(self) -> str:
        return f"<Budget [{self._removed} of {self._rows} rows removed]>"

    @property
    def spent(self) -> bool:
        """Whether nothing more may be removed."""
        if not self._removed:
            # However slow the disk is, each transaction gets somewhere.
            return False
        return self._removed >= self._rows or self._timer() >= self._until

    @property
    def at_once(self) -> int:
        """How many rows the next statement may remove."""
        return min(self._rows - self._removed, _AT_ONCE)

    def pay(self, rows: int) -> None:
        """Note that rows were removed."""
        self._removed += rows


def remove_execution(connection: Connection, key: int, budget: Budget) -> bool:
    """Remove an execution; False if the budget was spent before: its parts go first."""
    if not all(_remove_part(connection, part, key, budget) for part in _PARTS):
        return False
    _remove_policies(connection, key)
    connection.execute(_EXECUTION, (key,))
    budget.pay(1)
    return True


def remove_history(connection: Connection, key: int, budget: Budget) -> bool:
    """Remove the step entries of an execution; False if the budget was spent before."""
    return _remove_part(connection, _HISTORY, key, budget)


def _remove_policies(connection: Connection, key: int) -> None:
    """Remove the policies of the callbacks of an execution.

    Whoever remembers them need not forget: no other execution gets the name.
    """
    row = connection.execute(_NAME, (key,)).fetchone()
    if row is not None:
        project, location, workflow, uid = row
        name = ExecutionName(project, location, workflow, execution_id(uid))
        remove_policies(connection, str(name))


def _remove_part(connection: Connection, statement: str, key: int, budget: Budget) -> bool:
    """Remove the rows of an execution from one table; False if some may be left."""
    while not budget.spent:
        limit = budget.at_once
        removed = connection.execute(statement, {"key": key, "limit": limit}).rowcount
        budget.pay(removed)
        if removed < limit:
            return not budget.spent
    return False
