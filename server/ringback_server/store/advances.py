"""What one advance of an execution changes around its row: endpoints, waits, payloads, logs.

Here advances meet callbacks. The writer runs one transaction after the other, so each rule
holds by looking first: a payload goes to the oldest waiter of its endpoint if there is one
(`callbacks`), a new waiter takes the oldest payload of its endpoint if there is one, and a wait
expires only if it was given none. Waits for executions (`families`) expire only if they are not
over.
"""

from __future__ import annotations

from ringback_server.store.database import Connection
from ringback_server.store.endings import close
from ringback_server.store.execution_columns import update
from ringback_server.store.families import end_wait, has_ready_waits, is_over, open_waits
from ringback_server.store.histories import add_history
from ringback_server.store.packing import pack_entries
from ringback_server.store.records import (
    Advance,
    Committed,
    Delivery,
    NewWait,
    Overtaken,
    Phase,
    Superseded,
)

_FENCE = "SELECT fence FROM execution WHERE id = ? AND phase < 3"
_GIVEN_PAYLOAD = "SELECT payload FROM waiter WHERE execution = ? AND number = ?"
_CONSUME = """
UPDATE payload SET consumed_time = ?, request = NULL WHERE execution = ? AND seq = ?
"""
_DELETE_WAITER = "DELETE FROM waiter WHERE execution = ? AND number = ?"
_INSERT_ENDPOINT = "INSERT INTO endpoint (execution, number, method) VALUES (?, ?, ?)"
_INSERT_WAITER = "INSERT INTO waiter (execution, number, endpoint, payload) VALUES (?, ?, ?, ?)"
_INSERT_ENTRIES = "INSERT INTO journal (execution, time, entries) VALUES (?, ?, ?)"

# Open payloads are few, at most the limit of the inbox and one per waiter.
_OLDEST_FREE_PAYLOAD = """
SELECT seq, request FROM payload p
 WHERE execution = :execution AND endpoint = :endpoint AND consumed_time IS NULL
   AND NOT EXISTS (SELECT 1 FROM waiter w
                    WHERE w.execution = p.execution AND w.payload = p.seq)
 ORDER BY seq LIMIT 1
"""

_HAS_GIVEN_WAITS = """
SELECT 1 FROM waiter WHERE execution = ? AND payload IS NOT NULL LIMIT 1
"""

_GIVEN_WAITS = """
SELECT w.number, p.request, p.receive_time
  FROM waiter w JOIN payload p ON p.execution = w.execution AND p.seq = w.payload
 WHERE w.execution = ? ORDER BY w.number
"""


def commit_advance(connection: Connection, key: int, fence: int, advance: Advance) -> Committed:
    """Store an advance of an execution as it was loaded with `fence`, which grows by one.

    Raise Overtaken if something came before it that it does not know of, and Superseded if the
    execution has ended, is gone or was taken over; nothing is stored then.
    """
    if connection.execute(_FENCE, (key,)).fetchone() != (fence,):
        raise Superseded
    _check_expired(connection, key, advance)
    return apply_advance(connection, key, advance)


def apply_advance(connection: Connection, key: int, advance: Advance) -> Committed:
    """Store an advance of an execution that is as it was when it was made.

    Raise Overtaken as `store_advance` does.
    """
    committed = store_advance(connection, key, advance)
    if advance.end is not None:
        close(connection, key)
    phase = advance.phase
    if phase is Phase.WAITING and (
        _has_given_waits(connection, key) or has_ready_waits(connection, key)
    ):
        # Found just now, or given to another wait while the advance was being made.
        phase = Phase.RUNNABLE
    update(connection, key, advance, phase)
    return committed


def store_advance(connection: Connection, key: int, advance: Advance) -> Committed:
    """Store what the advance did around the execution's row; return what new waits led to.

    Raise Overtaken if the workflow of an execution to be created was deleted meanwhile.
    """
    for number in advance.consumed:
        _consume(connection, key, number, advance.time)
    for number in advance.expired:
        connection.execute(_DELETE_WAITER, (key, number))
    for number in (*advance.finished, *advance.expired):
        end_wait(connection, key, number)
    for endpoint in advance.endpoints:
        connection.execute(_INSERT_ENDPOINT, (key, endpoint.number, endpoint.method))
    if advance.entries:
        latest = max(entry.time for entry in advance.entries)
        connection.execute(_INSERT_ENTRIES, (key, latest, pack_entries(advance.entries)))
    if advance.history:
        add_history(connection, key, advance.history)
    if advance.end is not None:
        return Committed()
    new = {endpoint.number for endpoint in advance.endpoints}
    found = [
        _open_wait(connection, key, wait, empty=wait.endpoint in new)
        for wait in sorted(advance.opened, key=lambda wait: wait.number)
    ]
    return Committed(
        deliveries=tuple(delivery for delivery in found if delivery is not None),
        children=open_waits(connection, key, advance.children),
    )


def given_waits(connection: Connection, key: int) -> tuple[Delivery, ...]:
    """Return the open waits that were given a payload, and the payloads."""
    rows = connection.execute(_GIVEN_WAITS, (key,)).fetchall()
    return tuple(
        Delivery(wait=number, payload=request, received=received)
        for number, request, received in rows
    )


def _check_expired(connection: Connection, key: int, advance: Advance) -> None:
    """Raise Overtaken if a wait that the advance let expire was given a payload, or is over."""
    for number in advance.expired:
        given = _given_payload(connection, key, number) is not None
        if given or is_over(connection, key, number):
            raise Overtaken


def _has_given_waits(connection: Connection, key: int) -> bool:
    """Tell whether an open wait was given a payload that no advance has consumed yet."""
    return connection.execute(_HAS_GIVEN_WAITS, (key,)).fetchone() is not None


def _given_payload(connection: Connection, key: int, number: int) -> int | None:
    row = connection.execute(_GIVEN_PAYLOAD, (key, number)).fetchone()
    return None if row is None else row[0]


def _consume(connection: Connection, key: int, number: int, time: float) -> None:
    seq = _given_payload(connection, key, number)
    if seq is None:
        raise LookupError(f"wait {number} of execution {key} was given no payload")
    connection.execute(_CONSUME, (time, key, seq))
    connection.execute(_DELETE_WAITER, (key, number))


def _open_wait(connection: Connection, key: int, wait: NewWait, *, empty: bool) -> Delivery | None:
    """Store a wait, with the oldest payload that its endpoint has for it, if any."""
    row = None
    if not empty:
        parameters = {"execution": key, "endpoint": wait.endpoint}
        row = connection.execute(_OLDEST_FREE_PAYLOAD, parameters).fetchone()
    seq, request = row or (None, None)
    connection.execute(_INSERT_WAITER, (key, wait.number, wait.endpoint, seq))
    return None if request is None else Delivery(wait=wait.number, payload=request)
