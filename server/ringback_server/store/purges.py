"""Removes what deleted workflows left behind, a few executions at a time."""

from __future__ import annotations

from ringback_server.store.database import Connection

_DELETED = "SELECT id FROM workflow WHERE delete_time IS NOT NULL ORDER BY id LIMIT 1"
_EXECUTIONS = "SELECT id FROM execution WHERE workflow = ? ORDER BY id LIMIT ?"

_OF_AN_EXECUTION = (
    "DELETE FROM waiter WHERE execution = ?",
    "DELETE FROM payload WHERE execution = ?",
    "DELETE FROM endpoint WHERE execution = ?",
    "DELETE FROM journal WHERE execution = ?",
    "DELETE FROM execution WHERE id = ?",
)
_OF_A_WORKFLOW = (
    "DELETE FROM revision WHERE workflow = ?",
    "DELETE FROM workflow WHERE id = ?",
)


def purge(connection: Connection, limit: int) -> bool:
    """Remove up to `limit` executions of a deleted workflow; False if there is nothing left."""
    row = connection.execute(_DELETED).fetchone()
    if row is None:
        return False
    (workflow,) = row
    executions = connection.execute(_EXECUTIONS, (workflow, limit)).fetchall()
    for (execution,) in executions:
        for statement in _OF_AN_EXECUTION:
            connection.execute(statement, (execution,))
    if len(executions) < limit:
        for statement in _OF_A_WORKFLOW:
            connection.execute(statement, (workflow,))
    return True
