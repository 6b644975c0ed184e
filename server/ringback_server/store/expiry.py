"""Removes what is older than it is to be kept, a little at a time.

Each call is one short transaction and finds its rows by an index or by key order, so that others
hardly notice.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from ringback_server.store.database import Connection, Database
from ringback_server.store.removal import Budget, remove_execution

# One that another still waits for, together with others, stays until that wait ends.
_ENDED = """
SELECT id FROM execution
 WHERE phase = 3 AND end_time < ?
   AND NOT EXISTS (SELECT 1 FROM child WHERE child.execution = execution.id)
 ORDER BY end_time LIMIT ?
"""

# Operations end in the order of their keys, but for a clock that was set back.
_OPERATIONS = """
DELETE FROM operation WHERE end_time < ?
   AND id IN (SELECT id FROM operation ORDER BY id LIMIT ?)
"""
# So are audit entries stored: nearly in the order of their times.
_AUDIT = """
DELETE FROM audit_entry WHERE time < ?
   AND id IN (SELECT id FROM audit_entry ORDER BY id LIMIT ?)
"""
_TOKENS = """
DELETE FROM revoked_token WHERE token_id IN
  (SELECT token_id FROM revoked_token WHERE until < ? ORDER BY until LIMIT ?)
"""


class Expiry:
    """Removes old rows. Times are Unix seconds, limits in rows of any table.

    Each call returns how many are gone, and whether another call is worth it.
    """

    def __init__(
        self, database: Database, *, timer: Callable[[], float] = time.perf_counter
    ) -> None:
        """Take the database, and the seconds by which each call is kept short."""
        self._database = database
        self._timer = timer

    def executions(self, before: float, limit: int) -> tuple[int, bool]:
        """Remove executions that ended before a time, with all that belongs to them.

        One with many or large parts loses these first, over several calls.
        """

        def remove(connection: Connection) -> tuple[int, bool]:
            gone, budget = 0, Budget(limit, self._timer)
            for (key,) in connection.execute(_ENDED, (before, limit)).fetchall():
                if not remove_execution(connection, key, budget):
                    break
                gone += 1
                if budget.spent:
                    break
            return gone, budget.spent

        return self._database.write(remove)

    def operations(self, before: float, limit: int) -> tuple[int, bool]:
        """Forget operations that ended before a time."""
        return self._forget(_OPERATIONS, before, limit)

    def revoked_tokens(self, now: float, limit: int) -> tuple[int, bool]:
        """Forget revoked tokens that have expired by themselves."""
        return self._forget(_TOKENS, now, limit)

    def audit_entries(self, before: float, limit: int) -> tuple[int, bool]:
        """Forget audit entries from before a time."""
        return self._forget(_AUDIT, before, limit)

    def _forget(self, statement: str, before: float, limit: int) -> tuple[int, bool]:
        gone = self._database.write(lambda c: c.execute(statement, (before, limit)).rowcount)
        return gone, gone >= limit
