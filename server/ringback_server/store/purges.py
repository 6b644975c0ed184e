"""Removes what deleted workflows left behind, a little at a time."""

from __future__ import annotations

import time

from ringback_server.store.database import Connection
from ringback_server.store.removal import Budget, remove_execution

#: rows of one transaction
_BATCH = 200

_DELETED = "SELECT id FROM workflow WHERE delete_time IS NOT NULL ORDER BY id LIMIT 1"
_EXECUTIONS = "SELECT id FROM execution WHERE workflow = ? ORDER BY create_time LIMIT ?"

_OF_A_WORKFLOW = (
    "DELETE FROM revision WHERE workflow = ?",
    "DELETE FROM workflow WHERE id = ?",
)


def purge(connection: Connection) -> bool:
    """Remove some of a deleted workflow's executions, or it; False if there is nothing left.

    It takes a few milliseconds, so that the transactions of others get in between.
    """
    row = connection.execute(_DELETED).fetchone()
    if row is None:
        return False
    (workflow,) = row
    budget = Budget(_BATCH, time.perf_counter)
    while not budget.spent:
        executions = connection.execute(_EXECUTIONS, (workflow, budget.at_once)).fetchall()
        if not executions:
            for statement in _OF_A_WORKFLOW:
                connection.execute(statement, (workflow,))
            break
        for (execution,) in executions:
            if not remove_execution(connection, execution, budget):
                break
    return True
