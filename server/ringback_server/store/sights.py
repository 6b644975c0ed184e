"""What there is to see of an execution at one moment, for those who watch it."""

from __future__ import annotations

from dataclasses import dataclass

from ringback_server.model.names import CallbackName, ExecutionName
from ringback_server.model.resources import CallbackEndpoint, Execution
from ringback_server.store.database import Connection, Database
from ringback_server.store.executions import execution_named
from ringback_server.store.logs import LoggedRow, Position, entries_after

_ENTRIES = 200
#: characters of log entries; the last one may go beyond
_ENTRY_BYTES = 256 * 1024
_CALLBACKS = 100

_AWAITED = """
SELECT p.number, p.method, COUNT(*)
  FROM waiter w JOIN endpoint p ON p.execution = w.execution AND p.number = w.endpoint
 WHERE w.execution = ? AND w.payload IS NULL
 GROUP BY p.number ORDER BY p.number LIMIT ?
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """An execution, where it waits for callbacks, and what it logged beyond some position."""

    execution: Execution
    callbacks: tuple[CallbackEndpoint, ...]
    entries: tuple[LoggedRow, ...]
    #: whether there may be more entries
    more: bool


class Sights:
    """Reads, in one snapshot, what watching an execution shows."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def look(self, name: ExecutionName, *, after: Position | None, callbacks: bool = True) -> Sight:
        """Return what is to be seen; without a position no entries. Raise NotFoundError.

        There are at most 200 entries, and at most 100 endpoints: those at which steps wait.
        """

        def look(connection: Connection) -> Sight:
            execution = execution_named(connection, name)
            entries: list[LoggedRow] = []
            if after is not None:
                entries = entries_after(connection, name, after, limit=_ENTRIES, size=_ENTRY_BYTES)
            size = sum(len(entry.text or entry.json or "") for _, _, entry in entries)
            return Sight(
                execution=execution,
                callbacks=_awaited(connection, execution) if callbacks else (),
                entries=tuple(entries),
                more=len(entries) >= _ENTRIES or size >= _ENTRY_BYTES,
            )

        return self._database.read(look)


def _awaited(connection: Connection, execution: Execution) -> tuple[CallbackEndpoint, ...]:
    """Return the endpoints at which steps wait: none of these has payloads left."""
    rows = connection.execute(_AWAITED, (execution.key, _CALLBACKS)).fetchall()
    return tuple(
        CallbackEndpoint(
            name=str(CallbackName.of(execution.name, number)),
            method=method,
            waiters=waiters,
            available_payloads=(),
        )
        for number, method, waiters in rows
    )
