"""The step entries of executions; writing is part of `Executions.commit`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ringback_server.errors import CorruptDataError
from ringback_server.model.names import ExecutionName
from ringback_server.model.steps import StepHistory
from ringback_server.store.database import Connection, Database
from ringback_server.store.lookups import execution_row
from ringback_server.store.packed_history import pack_history, unpack_history
from ringback_server.store.removal import Budget, remove_history

_INSERT_FIRST = "INSERT INTO history (execution, number, entries) VALUES (:key, 1, :entries)"
_INSERT = """
INSERT INTO history (execution, number, entries)
SELECT :key, COALESCE(MAX(number), 0) + 1, :entries FROM history WHERE execution = :key
"""
# Long loops that wait in every turn would have a row for each of them.
_COUNT = """
INSERT INTO history (execution, number, entries) VALUES (:key, 0, :entries)
ON CONFLICT (execution, number) DO UPDATE SET entries = excluded.entries
"""
_READ = "SELECT entries FROM history WHERE execution = ? ORDER BY number"
_ENDED = "SELECT outcome, end_time FROM execution WHERE id = ?"

#: rows that one transaction removes at most
_ROWS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredHistory:
    """What was recorded of an execution, and how that ended."""

    history: StepHistory
    #: the public state, and Unix seconds, once it has ended
    outcome: str | None
    end_time: float | None


def add_history(connection: Connection, key: int, history: StepHistory) -> None:
    """Store what an advance adds to the history of its execution."""
    if history.begun and history.begun[0].id == 1:
        # Most executions have one row, and need no look for others.
        statement = _INSERT_FIRST
    else:
        statement = _INSERT if history.begun or history.ended else _COUNT
    connection.execute(statement, {"key": key, "entries": pack_history(history)})


class Histories:
    """The step entries of all executions that are not deleted."""

    def __init__(
        self, database: Database, *, timer: Callable[[], float] = time.perf_counter
    ) -> None:
        """Take the database, and the seconds by which each transaction is kept short."""
        self._database = database
        self._timer = timer

    def read(self, name: ExecutionName) -> StoredHistory:
        """Return all that was recorded of an execution; or NotFoundError.

        Raise CorruptDataError if it is damaged.
        """

        def read(connection: Connection) -> tuple[list[bytes], str | None, float | None]:
            key, _ = execution_row(connection, name)
            outcome, end_time = connection.execute(_ENDED, (key,)).fetchone() or (None, None)
            rows = connection.execute(_READ, (key,)).fetchall()
            return [entries for (entries,) in rows], outcome, end_time

        rows, outcome, end_time = self._database.read(read)
        try:
            histories = [unpack_history(row) for row in rows]
        except CorruptDataError:
            raise CorruptDataError("The step entries of this execution are damaged.") from None
        history = StepHistory(
            begun=tuple(each for one in histories for each in one.begun),
            ended=tuple(each for one in histories for each in one.ended),
            unrecorded=max((one.unrecorded for one in histories), default=0),
        )
        return StoredHistory(history=history, outcome=outcome, end_time=end_time)

    def forget(self, name: ExecutionName) -> None:
        """Remove the entries of an execution, in transactions that hold nobody up; NotFoundError.

        What an execution that goes on records later stays.
        """

        def forget(connection: Connection) -> bool:
            key, _ = execution_row(connection, name)
            return remove_history(connection, key, Budget(_ROWS, self._timer))

        while not self._database.write(forget):
            pass
