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
# So are audit entries stored: nearly in the order of their times. The newest stays, so that its
# number is not used again.
_AUDIT = """
DELETE FROM audit_entry WHERE time < ? AND id < (SELECT MAX(id) FROM audit_entry)
   AND id IN (SELECT id FROM audit_entry ORDER BY id LIMIT ?)
"""
# Entries that are kept came after the word was used last, see `audit_words`.
_AUDIT_WORDS = """
DELETE FROM audit_word WHERE id IN
  (SELECT id FROM audit_word
    WHERE used < (SELECT MAX(used) FROM audit_word
                   WHERE used <= (SELECT MIN(id) FROM audit_entry))
    ORDER BY used LIMIT ?)
"""
# Of a table of ours those that have expired, the oldest first: their times have an index.
_OLDEST = """
DELETE FROM {table} WHERE {key} IN
  (SELECT {key} FROM {table} WHERE {time} < ? ORDER BY {time} LIMIT ?)
"""
_TOKENS = _OLDEST.format(table="revoked_token", key="token_id", time="until")
_ASSERTIONS = _OLDEST.format(table="spent_assertion", key="digest", time="until")
_LOGINS = _OLDEST.format(table="login", key="id", time="expire_time")
_SESSIONS = _OLDEST.format(table="session", key="id", time="expire_time")
_REFRESH_TOKENS = _OLDEST.format(table="refresh_token", key="digest", time="expire_time")
_SESSION_TOKENS = _OLDEST.format(table="session_token", key="token_id", time="until")

# A login stays for a while after its end, so that a code of it that is used again is noticed.
_LOGIN_KEPT = 3_600.0


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
        """Forget audit entries from before a time, and words that none refers to any more."""

        def forget(connection: Connection) -> tuple[int, int]:
            gone = connection.execute(_AUDIT, (before, limit)).rowcount
            return gone, connection.execute(_AUDIT_WORDS, (limit,)).rowcount

        entries, words = self._database.write(forget)
        return entries, max(entries, words) >= limit

    def spent_assertions(self, now: float, limit: int) -> tuple[int, bool]:
        """Forget assertions of clients that have expired."""
        return self._forget(_ASSERTIONS, now, limit)

    def logins(self, now: float, limit: int) -> tuple[int, bool]:
        """Forget logins that ended an hour ago."""
        return self._forget(_LOGINS, now - _LOGIN_KEPT, limit)

    def sessions(self, now: float, limit: int) -> tuple[int, bool]:
        """Forget sessions that have ended, and tokens of sessions that have expired."""
        parts = [
            self._forget(statement, now, limit)
            for statement in (_SESSIONS, _REFRESH_TOKENS, _SESSION_TOKENS)
        ]
        return sum(gone for gone, _ in parts), any(more for _, more in parts)

    def _forget(self, statement: str, before: float, limit: int) -> tuple[int, bool]:
        gone = self._database.write(lambda c: c.execute(statement, (before, limit)).rowcount)
        return gone, gone >= limit
