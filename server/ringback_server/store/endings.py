"""What ends with an execution, however it ends."""

from __future__ import annotations

from ringback_server.model.resources import ExecutionState
from ringback_server.store.database import Connection
from ringback_server.store.families import count_end, orphan

_DELETE_WAITERS = "DELETE FROM waiter WHERE execution = ?"

_TAKE_AWAY = """
UPDATE execution
   SET phase = 3, outcome = :outcome, detail = :detail, end_time = :now, wake = NULL,
       requests = 0, fence = fence + 1, state = CASE WHEN :keep_state THEN state END
 WHERE id = :key AND phase < 3
"""


def take_away(
    connection: Connection, key: int, outcome: ExecutionState, now: float, detail: str | None = None
) -> bool:
    """End an execution from outside; False if it has ended.

    Whoever drives it finds its fence gone.
    """
    parameters = {
        "key": key,
        "outcome": outcome.value,
        "detail": detail,
        "now": now,
        "keep_state": outcome is ExecutionState.UNAVAILABLE,
    }
    if not connection.execute(_TAKE_AWAY, parameters).rowcount:
        return False
    close(connection, key)
    return True


def close(connection: Connection, key: int) -> None:
    """End the waits of an execution that has ended, and tell the one that waits for it.

    Payloads that waits were given stay unconsumed.
    """
    connection.execute(_DELETE_WAITERS, (key,))
    orphan(connection, key)
    count_end(connection, key)
