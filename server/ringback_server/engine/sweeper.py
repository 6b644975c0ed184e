"""Removes old rows in the background: ended executions, operations, tokens, audit entries."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from ringback_server.background import BackgroundThread
from ringback_server.clock import Clock
from ringback_server.engine.observer import EngineObserver
from ringback_server.errors import RingbackError

_log = logging.getLogger(__name__)

_DAY = 86_400.0
#: how often it is looked for old rows, in seconds
_INTERVAL = 600.0
#: rows of one transaction, and the seconds that are everybody else's before the next
_BATCH = 200
_PAUSE = 0.03


class Expiry(Protocol):
    """Where old rows are removed, up to `limit` a call. Times are Unix seconds.

    Each call returns how many are gone, and whether another call is worth it.
    """

    def executions(self, before: float, limit: int) -> tuple[int, bool]:
        """Remove executions that ended before a time, with all that belongs to them."""
        ...

    def operations(self, before: float, limit: int) -> tuple[int, bool]:
        """Forget operations that ended before a time."""
        ...

    def revoked_tokens(self, now: float, limit: int) -> tuple[int, bool]:
        """Forget revoked tokens that have expired by themselves."""
        ...

    def audit_entries(self, before: float, limit: int) -> tuple[int, bool]:
        """Forget audit entries from before a time."""
        ...

    def spent_assertions(self, now: float, limit: int) -> tuple[int, bool]:
        """Forget assertions of clients that have expired."""
        ...

    def logins(self, now: float, limit: int) -> tuple[int, bool]:
        """Forget logins that ended some time ago."""
        ...

    def sessions(self, now: float, limit: int) -> tuple[int, bool]:
        """Forget sessions that have ended, and tokens of sessions that have expired."""
        ...


class Sweeper:
    """One thread that looks for old rows now and then, and removes them in small batches."""

    def __init__(
        self,
        expiry: Expiry,
        clock: Clock,
        observer: EngineObserver,
        *,
        retention_days: int,
        audit_days: int = 0,
    ) -> None:
        """Keep ended executions and operations for so many days; 0 keeps them for ever.

        `audit_days` is the same for audit entries.
        """
        self._expiry = expiry
        self._clock = clock
        self._observer = observer
        self._seconds = retention_days * _DAY
        self._audit_seconds = audit_days * _DAY
        self._thread = BackgroundThread(self._run, "ringback-sweeper", clock)

    def __repr__(self) -> str:
        return f"<Sweeper [{self._thread}]>"

    def start(self) -> None:
        """Start the thread; it looks at once."""
        self._thread.start()

    def close(self) -> None:
        """End the thread after its batch; may be called before `start` and twice."""
        self._thread.close()

    def _run(self) -> None:
        while True:
            try:
                self._sweep()
            except RingbackError as error:
                _log.warning("old rows cannot be removed at present: %s", error)
            if not self._thread.rest(_INTERVAL):
                return

    def _sweep(self) -> None:
        now = self._clock.now()
        before = now - self._seconds
        if self._seconds:
            self._empty("execution", lambda: self._expiry.executions(before, _BATCH))
            self._empty("operation", lambda: self._expiry.operations(before, _BATCH))
        if self._audit_seconds:
            until = now - self._audit_seconds
            self._empty("audit_entry", lambda: self._expiry.audit_entries(until, _BATCH))
        self._empty("revoked_token", lambda: self._expiry.revoked_tokens(now, _BATCH))
        self._empty("spent_assertion", lambda: self._expiry.spent_assertions(now, _BATCH))
        self._empty("login", lambda: self._expiry.logins(now, _BATCH))
        self._empty("session", lambda: self._expiry.sessions(now, _BATCH))

    def _empty(self, kind: str, remove: Callable[[], tuple[int, bool]]) -> None:
        """Remove batch after batch until one says that it was the last."""
        total = 0
        more = True
        while more:
            count, more = remove()
            if count:
                self._observer.deleted(kind, count)
            total += count
            more = more and self._thread.rest(_PAUSE)
        if total:
            _log.info("removed %d old rows: %s", total, kind)
