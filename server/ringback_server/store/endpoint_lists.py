"""The list of an execution's callback endpoints: what it can be filtered by, in SQL."""

from __future__ import annotations

from ringback_server.model.names import CallbackName, ExecutionName
from ringback_server.model.resources import CallbackEndpoint
from ringback_server.model.uids import uid_text
from ringback_server.store.conditions import Column
from ringback_server.store.database import Connection, Row
from ringback_server.store.listing import Scope, Search, Source
from ringback_server.store.lookups import execution_row
from ringback_server.store.records import Phase

_WAITERS = """
(SELECT COUNT(*) FROM waiter w
  WHERE w.execution = p.execution AND w.endpoint = p.number AND w.payload IS NULL)
"""
_PAYLOADS = """
(SELECT COUNT(*) FROM payload q
  WHERE q.execution = p.execution AND q.endpoint = p.number AND q.consumed_time IS NULL)
"""

_ONE = """
SELECT p.number, p.method,
       (SELECT COUNT(*) FROM waiter w
         WHERE w.execution = p.execution AND w.endpoint = p.number AND w.payload IS NULL)
  FROM endpoint p
 WHERE p.execution = ? AND p.number = ?
"""

_OPEN_PAYLOADS = """
SELECT uid FROM payload
 WHERE execution = ? AND endpoint = ? AND consumed_time IS NULL ORDER BY seq
"""

ENDPOINTS = Source(
    rows="endpoint p",
    scope=f"p.execution = :execution AND (NOT :ended OR {_PAYLOADS.strip()} > 0)",
    identity="p.number",
    keys=("p.number",),
    columns={
        "name": Column(sql="p.number"),
        "method": Column(sql="p.method", adapt=str.upper),
        "waiters": Column(sql=f"CASE WHEN :ended THEN 0 ELSE {_WAITERS.strip()} END"),
        "availablePayloads": Column(sql=_PAYLOADS.strip()),
        "state": Column(sql="CASE WHEN :ended THEN 'LATE' ELSE 'OPEN' END"),
    },
)


def endpoints_of(parent: ExecutionName) -> Search[CallbackEndpoint]:
    """Return how the endpoints of an execution are found."""

    def scope(connection: Connection) -> Scope:
        key, phase = execution_row(connection, parent)
        return {"execution": key, "ended": phase is Phase.ENDED}

    def fetch(connection: Connection, row: Row) -> CallbackEndpoint:
        key, phase = execution_row(connection, parent)
        ((number, method, waiters),) = connection.execute(_ONE, (key, *row)).fetchall()
        rows = connection.execute(_OPEN_PAYLOADS, (key, number)).fetchall()
        return CallbackEndpoint(
            name=str(CallbackName.of(parent, number)),
            method=method,
            waiters=0 if phase is Phase.ENDED else waiters,
            available_payloads=tuple(uid_text(uid) for (uid,) in rows),
        )

    return Search(source=ENDPOINTS, scope=scope, fetch=fetch)
