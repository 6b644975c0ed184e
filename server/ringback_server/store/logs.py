"""What workflows wrote to their logs; writing is part of `Executions.commit`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from ringback_server.errors import CorruptDataError
from ringback_server.model.names import ExecutionName, LocationName, WorkflowName
from ringback_server.model.resources import SEVERITIES, LogEntry
from ringback_server.store.database import Connection, Database
from ringback_server.store.lookups import execution_id, execution_row, workflow_key
from ringback_server.store.packing import unpack_entries

Position = tuple[int, int]
#: where an entry is (the key of its row and its place there), its execution's name, the entry
LoggedRow = tuple[Position, str, LogEntry]

#: characters of entries that are read at once
READ_BYTES = 4 * 1024 * 1024

_BY_UID = "SELECT id FROM execution WHERE uid = ?"

_ALL_OLDEST_FIRST = """
SELECT j.id, j.time, j.entries, w.name, e.uid
  FROM journal j JOIN execution e ON e.id = j.execution JOIN workflow w ON w.id = e.workflow
 WHERE j.id >= :start AND j.time >= :since
   AND w.project = :project AND w.location = :location AND w.delete_time IS NULL
   AND (:workflow IS NULL OR w.name = :workflow)
 ORDER BY j.id LIMIT :rows
"""
_ALL_NEWEST_FIRST = """
SELECT j.id, j.time, j.entries, w.name, e.uid
  FROM journal j JOIN execution e ON e.id = j.execution JOIN workflow w ON w.id = e.workflow
 WHERE j.id <= :start AND j.time >= :since
   AND w.project = :project AND w.location = :location AND w.delete_time IS NULL
   AND (:workflow IS NULL OR w.name = :workflow)
 ORDER BY j.id DESC LIMIT :rows
"""
_ONE_OLDEST_FIRST = """
SELECT j.id, j.time, j.entries, w.name, e.uid
  FROM journal j JOIN execution e ON e.id = j.execution JOIN workflow w ON w.id = e.workflow
 WHERE j.execution = :execution AND j.id >= :start AND j.time >= :since
   AND w.project = :project AND w.location = :location AND w.delete_time IS NULL
   AND (:workflow IS NULL OR w.name = :workflow)
 ORDER BY j.id LIMIT :rows
"""
_ONE_NEWEST_FIRST = """
SELECT j.id, j.time, j.entries, w.name, e.uid
  FROM journal j JOIN execution e ON e.id = j.execution JOIN workflow w ON w.id = e.workflow
 WHERE j.execution = :execution AND j.id <= :start AND j.time >= :since
   AND w.project = :project AND w.location = :location AND w.delete_time IS NULL
   AND (:workflow IS NULL OR w.name = :workflow)
 ORDER BY j.id DESC LIMIT :rows
"""
#: (one execution, newest first) -> statement
_STATEMENTS = {
    (False, False): _ALL_OLDEST_FIRST,
    (False, True): _ALL_NEWEST_FIRST,
    (True, False): _ONE_OLDEST_FIRST,
    (True, True): _ONE_NEWEST_FIRST,
}

_ROWS = 100
_LARGEST_KEY = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """Which entries are wanted: those to which everything applies that is not None."""

    #: occurs in the text or the JSON, in upper or lower case
    text: str | None = None
    #: names of severities, as Google spells them
    min_severity: str | None = None
    severity: str | None = None
    #: Unix seconds, both inclusive
    since: float | None = None
    until: float | None = None
    #: ids as in names
    workflow: str | None = None
    execution: str | None = None

    def admits(self, entry: LogEntry) -> bool:
        """Tell whether what an entry says is wanted, wherever it comes from."""
        if self.since is not None and entry.time < self.since:
            return False
        if self.until is not None and entry.time > self.until:
            return False
        if self.severity is not None and entry.severity != self.severity:
            return False
        if self.min_severity is not None and _rank(entry.severity) < _rank(self.min_severity):
            return False
        content = entry.text if entry.json is None else entry.json
        return self.text is None or self.text.casefold() in (content or "").casefold()


class Logs:
    """The log entries of all executions that are not deleted."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def list(
        self,
        scope: ExecutionName | WorkflowName | LocationName,
        wanted: LogFilter,
        *,
        limit: int,
        after: Position | None,
        newest_first: bool = False,
    ) -> list[LoggedRow]:
        """Return the entries in `scope` that are wanted, beyond the position `after`.

        They are at most `limit`, and no more once they hold READ_BYTES.
        Raise NotFoundError for an unknown workflow or execution. In place of damaged entries
        stands one that says so.
        """

        def find(connection: Connection) -> list[LoggedRow]:
            narrowed = _narrow(connection, scope, wanted)
            if narrowed is None:
                return []
            rows = _rows(connection, scope, narrowed, after=after, newest_first=newest_first)
            return _first(rows, limit, READ_BYTES)

        return self._database.read(find)


def entries_after(
    connection: Connection, name: ExecutionName, after: Position, *, limit: int, size: int
) -> list[LoggedRow]:
    """Return the entries of an execution that is there, beyond a position, oldest first.

    They are at most `limit`, and no more once they hold `size` characters.
    """
    rows = _rows(
        connection,
        name,
        _narrowed_to(connection, name),
        after=after,
        newest_first=False,
    )
    return _first(rows, limit, size)


def _first(rows: Iterable[LoggedRow], limit: int, most: int) -> list[LoggedRow]:
    found: list[LoggedRow] = []
    size = 0
    for row in rows:
        found.append(row)
        size += len(row[2].text or row[2].json or "")
        if len(found) == limit or size >= most:
            break
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Narrowed:
    """A filter within a scope, with the scope's own ids in it."""

    wanted: LogFilter
    workflow: str | None
    execution_key: int | None


def _narrow(
    connection: Connection, scope: ExecutionName | WorkflowName | LocationName, wanted: LogFilter
) -> _Narrowed | None:
    """Join a filter with its scope; None if they exclude one another."""
    workflow, execution, key = wanted.workflow, wanted.execution, None
    if isinstance(scope, ExecutionName):
        key, _ = execution_row(connection, scope)
        if execution not in {None, scope.execution}:
            return None
    elif execution is not None:
        key = _execution_key(connection, execution)
        if key is None:
            return None
    if isinstance(scope, WorkflowName):
        workflow_key(connection, scope)
    if not isinstance(scope, LocationName):
        if workflow not in {None, scope.workflow}:
            return None
        workflow = scope.workflow
    return _Narrowed(wanted=wanted, workflow=workflow, execution_key=key)


def _narrowed_to(connection: Connection, name: ExecutionName) -> _Narrowed:
    key, _ = execution_row(connection, name)
    return _Narrowed(wanted=LogFilter(), workflow=name.workflow, execution_key=key)


def _execution_key(connection: Connection, text: str) -> int | None:
    try:
        uid = UUID(text).bytes
    except ValueError:
        return None
    row = connection.execute(_BY_UID, (uid,)).fetchone()
    return None if row is None else int(row[0])


def _rows(
    connection: Connection,
    scope: ExecutionName | WorkflowName | LocationName,
    narrowed: _Narrowed,
    *,
    after: Position | None,
    newest_first: bool,
) -> Iterator[LoggedRow]:
    """Yield wanted entries in order, reading the journal some rows at a time."""
    statement = _STATEMENTS[narrowed.execution_key is not None, newest_first]
    wanted = narrowed.wanted
    parameters: dict[str, object] = {
        "project": scope.project,
        "location": scope.location,
        "workflow": narrowed.workflow,
        "execution": narrowed.execution_key,
        "since": float("-inf") if wanted.since is None else wanted.since,
        "rows": _ROWS,
    }
    start = after[0] if after else (_LARGEST_KEY if newest_first else 0)
    rows: list[tuple[int, float, bytes, str, bytes]] | None = None
    while rows is None or len(rows) == _ROWS:
        rows = connection.execute(statement, parameters | {"start": start}).fetchall()
        for key, time, packed, workflow, uid in rows:
            name = ExecutionName(scope.project, scope.location, workflow, execution_id(uid))
            for place, entry in _entries(packed, time, newest_first=newest_first):
                position = (key, place)
                beyond = after is None or (position < after if newest_first else position > after)
                if beyond and wanted.admits(entry):
                    yield position, str(name), entry
            start = key - 1 if newest_first else key + 1


def _entries(packed: bytes, time: float, *, newest_first: bool) -> list[tuple[int, LogEntry]]:
    try:
        entries = unpack_entries(packed)
    except CorruptDataError as error:
        damage = LogEntry(time=time, severity="ERROR", text=error.message, step="", routine="")
        entries = [damage]
    places = list(enumerate(entries))
    return places[::-1] if newest_first else places


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else 0
