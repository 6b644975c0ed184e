"""What one worker thread does with one execution, from taking it up to letting it go."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ringback_server.clock import Clock
from ringback_server.engine.mailbox import Cancelled, Wake
from ringback_server.engine.programs import Programs
from ringback_server.engine.run import Run
from ringback_server.engine.scheduler import Scheduler, Ticket
from ringback_server.errors import (
    CorruptDataError,
    OverloadedError,
    RingbackError,
    StorageFullError,
)
from ringback_server.lang.effects import Event
from ringback_server.lang.errors import StateError
from ringback_server.store.executions import Executions
from ringback_server.store.records import Committed, Delivery, Overtaken, Superseded

_log = logging.getLogger(__name__)

#: a run that computes without blocking is stored at least this often
_COMMIT_SECONDS = 0.25
#: how long a worker waits before it offers a commit again that the store could not take
_RETRY_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a runner works with, shared by all threads."""

    executions: Executions
    programs: Programs
    scheduler: Scheduler[Run]
    clock: Clock
    #: whoever computes beyond an execution's first slice holds this, so that pure loops leave
    #: the interpreter lock to everybody else; nothing is locked or awaited while it is held
    compute: threading.Lock
    park_after: float
    #: told the deadline of an execution that was put to rest, and the key of one that ended
    on_parked: Callable[[float], None]
    on_ended: Callable[[int], None]


class Runner:
    """Drives the execution of one ticket until it ends, is parked or is taken away."""

    def __init__(self, ticket: Ticket[Run], around: Surroundings) -> None:
        """Take the ticket and its surroundings."""
        self._ticket = ticket
        self._around = around

    def drive(self) -> None:
        """Drive the execution; whatever happens, the ticket is given back."""
        key, scheduler = self._ticket.key, self._around.scheduler
        try:
            self._drive()
        except (Cancelled, Superseded):
            pass
        except (CorruptDataError, StateError) as error:
            _log.warning("execution %d is unavailable: %s", key, error)
            self._give_up(str(error))
        except Exception as error:  # noqa: BLE001 - a bug must not cost the pool a thread
            _log.exception("execution %d is unavailable", key)
            self._give_up(f"internal error: {type(error).__name__}")
        finally:
            scheduler.drop(self._ticket)

    def _drive(self) -> None:
        run, deliveries = self._ticket.held, tuple[Delivery, ...]()
        self._ticket.held = None
        if run is None:
            run, deliveries = self._load()
        while not run.ended:
            events = self._next_events(run, deliveries)
            if events is None:
                return
            try:
                deliveries = self._advance(run, events)
            except Overtaken:
                run, deliveries = self._load()
        self._around.on_ended(self._ticket.key)

    def _load(self) -> tuple[Run, tuple[Delivery, ...]]:
        around = self._around
        loaded = around.executions.load(self._ticket.key)
        loadable = around.programs.get(loaded.revision_key)
        return Run.resume(loadable, loaded, around.clock), loaded.deliveries

    def _next_events(self, run: Run, deliveries: Sequence[Delivery]) -> Sequence[Event] | None:
        """Return what the next advance begins with, or None once the execution is parked.

        Blocks on the mailbox while nothing can move the execution on.
        """
        clock, mailbox = self._around.clock, self._ticket.mailbox
        now = clock.now()
        while True:
            events = run.events((*deliveries, *mailbox.collect()), now)
            if events or not run.waiting:
                return events
            wake = self._block(run)
            if wake is Wake.PARK and self._around.scheduler.retire(self._ticket):
                if run.nearest_deadline is not None:
                    self._around.on_parked(run.nearest_deadline)
                return None
            now = clock.now()
            if wake is Wake.TIME:
                # The wall clock may have been set back; the wait was measured monotonically.
                now = max(now, run.nearest_deadline or now)

    def _block(self, run: Run) -> Wake:
        """Block on the mailbox: TIME means the nearest deadline, PARK that the wait is long."""
        around, deadline = self._around, run.nearest_deadline
        began = around.clock.monotonic()
        left = None if deadline is None else deadline - around.clock.now()
        outlasts = left is None or left > around.park_after
        around.scheduler.blocking(self._ticket)
        try:
            until = began + (around.park_after if left is None or outlasts else left)
            wake = self._ticket.mailbox.wait(around.clock, until)
        finally:
            around.scheduler.unblocked(self._ticket)
        return Wake.PARK if wake is Wake.TIME and outlasts else wake

    def _advance(self, run: Run, events: Sequence[Event]) -> tuple[Delivery, ...]:
        """Advance until it is worth a commit, and commit; return what new waits found."""
        clock = self._around.clock
        until = clock.monotonic() + _COMMIT_SECONDS
        self._slice(run, events)
        while not run.worth_committing and clock.monotonic() < until:
            self._slice(run, ())
        return self._commit(run).deliveries

    def _slice(self, run: Run, events: Sequence[Event]) -> None:
        clock = self._around.clock
        if events or not run.slices:
            run.advance(events, clock.now())
            return
        with self._around.compute:
            run.advance(events, clock.now())
        clock.yield_thread()

    def _commit(self, run: Run) -> Committed:
        """Store what was gathered, as often as it takes while the store cannot.

        Raises Overtaken, Superseded, or Cancelled.
        """
        around, advance, warned = self._around, run.gathered(), False
        while True:
            try:
                committed = around.executions.commit(self._ticket.key, run.fence, advance)
            except (StorageFullError, OverloadedError) as error:
                if not warned:
                    _log.warning("execution %d waits for the store: %s", self._ticket.key, error)
                warned = True
                self._ticket.mailbox.pause(around.clock, _RETRY_SECONDS)
            else:
                run.committed()
                return committed

    def _give_up(self, detail: str) -> None:
        """Mark the execution unavailable; a store that cannot even do that has been logged."""
        around = self._around
        try:
            around.executions.mark_unavailable(self._ticket.key, detail, around.clock.now())
        except RingbackError as error:
            _log.warning("execution %d could not be marked: %s", self._ticket.key, error)
        else:
            around.on_ended(self._ticket.key)
