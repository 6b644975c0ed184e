"""What decides which entries are kept, and brings those to disk that no write takes along.

Three ways lead there. What a write did is stored with it (`store.companions`). What an
administrator did without a write of its own, as making a token, is stored before the answer. All
else waits in memory for FLUSH seconds at most: reads if they are audited at all, and refusals. A
crash loses those, and nothing else.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Final, Literal, Protocol

from google.rpc import code_pb2

from ringback_server.api.statuses import CODES
from ringback_server.audit_trail.folding import Folding
from ringback_server.background import BackgroundThread
from ringback_server.clock import Clock
from ringback_server.errors import RingbackError
from ringback_server.model.audit import AuditEntry, AuditKind

_log = logging.getLogger(__name__)

Level = Literal["none", "writes", "all"]

#: how long an entry waits in memory, in seconds
FLUSH: Final = 0.5
#: entries that wait at most; more are dropped, and counted
_MOST: Final = 10_000
#: refusals that are told apart in a minute: of strangers by address, of others by what they asked,
#: and so many of each of those
_STRANGERS: Final = 64
_REFUSED: Final = 1_024
_EACH: Final = 16
#: entries of one transaction
_BATCH: Final = 500

_LEAST: Final = {
    "none": AuditKind.ADMIN_WRITE,
    "writes": AuditKind.DATA_WRITE,
    "all": AuditKind.DATA_READ,
}


class Entries(Protocol):
    """Where entries are stored."""

    def add(self, entries: Sequence[AuditEntry]) -> None:
        """Store entries; once this returns they are on disk."""
        ...


class AuditObserver(Protocol):
    """Hears of what the audit lacks."""

    def audit_dropped(self, entries: int) -> None:
        """Hear of entries that were not kept."""
        ...


class Recorder:
    """Keeps entries: one per server, with a thread of its own."""

    def __init__(
        self, entries: Entries, clock: Clock, observer: AuditObserver, *, level: Level
    ) -> None:
        """Take where entries go, who hears of lost ones, and what is kept beside refusals."""
        self._entries = entries
        self._clock = clock
        self._observer = observer
        self._least = _LEAST[level]
        # Guards the fields below; nothing is stored while it is held.
        self._changed = threading.Condition()
        self._waiting: list[AuditEntry] = []
        self._strangers = Folding(_STRANGERS, each=_STRANGERS)
        self._refused = Folding(_REFUSED, each=_EACH)
        self._thread = BackgroundThread(self._run, "ringback-audit", clock, changed=self._changed)

    def __repr__(self) -> str:
        with self._changed:
            waiting = len(self._waiting)
            return f"<Recorder [{self._thread} | {waiting} waiting | {self._refused!r}]>"

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Store what waits and end the thread; may be called before `start` and twice."""
        self._thread.close()

    def wants(self, kind: AuditKind) -> bool:
        """Tell whether requests of a kind that went well are kept."""
        return kind >= self._least

    def store(self, entry: AuditEntry) -> None:
        """Keep an entry; once this returns it is on disk."""
        self._entries.add((entry,))

    def offer(self, entry: AuditEntry) -> None:
        """Keep an entry soon."""
        with self._changed:
            self._take(entry)

    def refused(self, entry: AuditEntry) -> None:
        """Keep an entry of a request that was refused, or count it with others like it."""
        with self._changed:
            folding = self._refused if entry.principal else self._strangers
            first = folding.first(entry, self._clock.monotonic())
            if first is not None:
                self._take(first)

    def status_of(self, error: RingbackError) -> str:
        """Return the name of the code of an error."""
        return code_pb2.Code.Name(CODES[type(error)])

    def _take(self, entry: AuditEntry) -> None:
        if len(self._waiting) >= _MOST:
            self._observer.audit_dropped(1)
            return
        self._waiting.append(entry)
        if len(self._waiting) == 1:
            self._changed.notify_all()

    @property
    def _counting(self) -> bool:
        return self._strangers.counting or self._refused.counting

    def _run(self) -> None:
        while True:
            closed = self._rest()
            self._flush()
            if closed:
                return

    def _rest(self) -> bool:
        """Wait until there is something to store, and then for more; True when it is the end."""
        with self._changed:
            while not self._thread.closed and not self._waiting and not self._counting:
                self._clock.wait(self._changed, None)
        closed = not self._thread.rest(FLUSH)
        with self._changed:
            now = float("inf") if closed else self._clock.monotonic()
            self._waiting += [*self._strangers.due(now), *self._refused.due(now)]
        return closed

    def _flush(self) -> None:
        while True:
            with self._changed:
                batch = self._waiting[:_BATCH]
            if not batch:
                return
            try:
                self._entries.add(batch)
            except RingbackError as error:
                # They stay where they are, and are stored as soon as anything can be.
                _log.warning("%d audit entries cannot be stored now: %s", len(batch), error)
                return
            with self._changed:
                del self._waiting[: len(batch)]
