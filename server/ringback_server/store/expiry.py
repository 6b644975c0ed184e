"""Removes what is older than it is to be kept, a little at a time.

Each call is one short transaction and finds its rows by an index or by key order, so that others
hardly notice. A call that returns as many as it was allowed to is worth another.
"""

from __future__ import annotations

from ringback_server.store.database import Connection, Database

# One that another still waits for, together with others, stays until that wait ends.
_ENDED = """
SELECT id FROM execution
 WHERE phase = 3 AND end_time < ?
   AND NOT EXISTS (SELECT 1 FROM child WHERE child.execution = execution.id)
 ORDER BY end_time LIMIT ?
"""
# By key, since an execution may have more of these than one transaction should remove.
_PARTS = (
    """DELETE FROM waiter WHERE execution = :key AND number IN
       (SELECT number FROM waiter WHERE execution = :key LIMIT :limit)""",
    """DELETE FROM payload WHERE execution = :key AND seq IN
       (SELECT seq FROM payload WHERE execution = :key LIMIT :limit)""",
    """DELETE FROM endpoint WHERE execution = :key AND number IN
       (SELECT number FROM endpoint WHERE execution = :key LIMIT :limit)""",
    """DELETE FROM journal WHERE id IN
       (SELECT id FROM journal WHERE execution = :key LIMIT :limit)""",
)
_EXECUTION = "DELETE FROM execution WHERE id = ?"

# Operations end in the order of their keys, but for a clock that was set back.
_OPERATIONS = """
DELETE FROM operation WHERE end_time < ?
   AND id IN (SELECT id FROM operation ORDER BY id LIMIT ?)
"""
_TOKENS = """
DELETE FROM revoked_token WHERE token_id IN
  (SELECT token_id FROM revoked_token WHERE until < ? ORDER BY until LIMIT ?)
"""


class Expiry:
    """Removes old rows. Times are Unix seconds, limits in rows of any table."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def executions(self, before: float, limit: int) -> tuple[int, int]:
        """Remove executions that ended before a time, with all that belongs to them.

        Return how many are gone, and how many rows that took; one with many parts loses its
        parts first, over several calls.
        """

        def remove(connection: Connection) -> tuple[int, int]:
            gone, left = 0, limit
            for (key,) in connection.execute(_ENDED, (before, limit)).fetchall():
                left -= _remove_parts(connection, key, left)
                if left <= 0:
                    break
                left -= connection.execute(_EXECUTION, (key,)).rowcount
                gone += 1
                if left <= 0:
                    break
            return gone, limit - left

        return self._database.write(remove)

    def operations(self, before: float, limit: int) -> int:
        """Forget operations that ended before a time; return how many."""
        return self._database.write(lambda c: c.execute(_OPERATIONS, (before, limit)).rowcount)

    def revoked_tokens(self, now: float, limit: int) -> int:
        """Forget revoked tokens that have expired by themselves; return how many."""
        return self._database.write(lambda c: c.execute(_TOKENS, (now, limit)).rowcount)


def _remove_parts(connection: Connection, key: int, limit: int) -> int:
    """Remove up to `limit` rows that belong to an execution; return how many."""
    removed = 0
    for statement in _PARTS:
        parameters = {"key": key, "limit": limit - removed}
        removed += connection.execute(statement, parameters).rowcount
    return removed
