"""What one worker thread does with one execution, from taking it up to letting it go."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ringback_server.clock import Clock
from ringback_server.engine.backlog import Backlog
from ringback_server.engine.changes import Notice
from ringback_server.engine.families import Families
from ringback_server.engine.mailbox import Cancelled, Wake
from ringback_server.engine.observer import Watch
from ringback_server.engine.outgoing import Outgoing
from ringback_server.engine.programs import Programs
from ringback_server.engine.run import Run
from ringback_server.engine.scheduler import Scheduler, Ticket
from ringback_server.engine.turns import Turns
from ringback_server.errors import (
    CorruptDataError,
    OverloadedError,
    ShuttingDownError,
    StorageFullError,
)
from ringback_server.lang.effects import Delivered, Event
from ringback_server.lang.errors import StateError
from ringback_server.store.executions import Executions
from ringback_server.store.records import Delivery, Loaded, Overtaken, Superseded
from ringback_server.tracing import Scope, within

_log = logging.getLogger(__name__)

SPAN = "ringback.advance"

#: a run that computes without blocking is stored at least this often
_COMMIT_SECONDS = 0.25
#: a run that computes keeps its thread at least so long when others are queued for one
_THREAD_SECONDS = 0.25
T = TypeVar("T")

#: how long a worker waits before it asks the store again for what that could not do
_RETRY_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a runner works with, shared by all threads."""

    executions: Executions
    programs: Programs
    scheduler: Scheduler[Run]
    outgoing: Outgoing
    families: Families
    backlog: Backlog
    clock: Clock
    #: whoever computes beyond an execution's first slice has a turn, so that pure loops leave
    #: the interpreter lock to everybody else; nothing is locked or awaited meanwhile
    turns: Turns
    #: whoever loads an execution, or has it advance with events, has one of these: of many that
    #: are due at once one wants the interpreter lock, and requests need not wait for all of them
    brief_turns: Turns
    park_after: float
    #: told the deadline of an execution that was put to rest, and the key of one that was stored
    on_parked: Callable[[float], None]
    on_changed: Callable[[int, Notice], None]
    watch: Watch


class Runner:
    """Drives the execution of one ticket until it ends, is parked or is taken away."""

    def __init__(self, ticket: Ticket[Run], around: Surroundings) -> None:
        """Take the ticket and its surroundings."""
        self._ticket = ticket
        self._around = around
        self._scope = Scope()
        self._until = around.clock.monotonic() + _THREAD_SECONDS

    def drive(self) -> None:
        """Drive the execution; whatever happens, the ticket is given back."""
        try:
            with within(self._scope):
                self._drive_or_give_up()
        except (Cancelled, Superseded, ShuttingDownError):
            self._around.outgoing.drop(self._ticket.key)
        finally:
            self._around.scheduler.drop(self._ticket)

    def _drive_or_give_up(self) -> None:
        key = self._ticket.key
        try:
            self._drive()
        except (Superseded, ShuttingDownError):
            raise
        except (CorruptDataError, StateError) as error:
            _log.warning("execution %d is unavailable: %s", key, error)
            self._give_up(str(error))
        except Exception as error:  # noqa: BLE001 - a bug must not cost the pool a thread
            _log.exception("execution %d is unavailable", key)
            self._give_up(f"internal error: {type(error).__name__}")

    def _drive(self) -> None:
        run, deliveries = self._take_up()
        while not run.ended:
            try:
                events = self._next_events(run, deliveries)
                if events is None:
                    return
                deliveries = self._advance(run, events)
            except Overtaken:
                run, deliveries = self._load()
                continue
            if self._gives_way(run):
                return
        self._around.on_changed(self._ticket.key, Notice.ENDED)
        if run.related:
            self._around.families.ended(self._ticket.key)

    def _gives_way(self, run: Run) -> bool:
        """Let queued executions have the thread of one that computes for long, and is stored."""
        clock = self._around.clock
        if run.ended or run.waiting or clock.monotonic() < self._until:
            return False
        return self._around.scheduler.pass_on(self._ticket)

    def _take_up(self) -> tuple[Run, tuple[Delivery, ...]]:
        """Return the run that came with the ticket, if it is still true; else load it.

        Between a creation's commit and its coming in hand, others may have driven the execution.
        """
        run, self._ticket.held = self._ticket.held, None
        if run is not None:
            fence = run.fence
            executions = self._around.executions
            if self._insist(lambda: executions.still_waits(self._ticket.key, fence)):
                self._note(run)
                return run, ()
        return self._load()

    def _load(self) -> tuple[Run, tuple[Delivery, ...]]:
        around = self._around

        def load() -> tuple[Loaded, Run]:
            with around.brief_turns.turn(self._ticket.workflow):
                loaded = around.executions.load(self._ticket.key)
                return loaded, Run.resume(around.programs, loaded, around.clock)

        loaded, run = self._insist(load)
        self._note(run)
        return run, loaded.deliveries

    def _note(self, run: Run) -> None:
        """Take note of a run as it is stored.

        Its requests are sent, and log lines of this thread tell what it works for.
        """
        self._scope.execution, self._scope.trace = str(run.name), run.trace
        self._around.outgoing.keep(self._ticket.key, run)

    def _next_events(self, run: Run, deliveries: Sequence[Delivery]) -> Sequence[Event] | None:
        """Return what the next advance begins with, or None once the execution is parked.

        Blocks on the mailbox while nothing can move the execution on. A sender may go on with it
        meanwhile: None too if it has ended then.
        """
        while True:
            deliveries = (*deliveries, *self._ticket.mailbox.collect())
            events = self._events(run, deliveries)
            if events:
                self._observe(run, events, deliveries)
            if events or not run.waiting:
                return events
            wake = self._block(run)
            if run.ended:
                return None
            if wake is Wake.PARK and self._around.scheduler.retire(self._ticket):
                if run.nearest_deadline is not None:
                    self._around.on_parked(run.nearest_deadline)
                return None

    def _events(self, run: Run, deliveries: Sequence[Delivery]) -> list[Event]:
        key = self._ticket.key
        answers = self._around.outgoing.answers(key)
        return run.events(deliveries, answers, self._around.families.finished(key, run))

    def _observe(self, run: Run, events: Sequence[Event], deliveries: Sequence[Delivery]) -> None:
        """Tell how long the events took to get here."""
        now, observer = self._around.clock.now(), self._around.watch.observer
        taken = {event.wait for event in events if isinstance(event, Delivered)}
        for delivery in deliveries:
            if delivery.received is not None and delivery.wait in taken:
                observer.resumed(max(0.0, now - delivery.received))
        for lag in run.lags(events):
            observer.expired(lag)
        _log.debug("resumed by %d events", len(events))

    def _block(self, run: Run) -> Wake:
        """Block on the mailbox: TIME means the nearest deadline, PARK that the wait is long.

        Raises Overtaken if a sender had the execution meanwhile, and left it to be loaded again.
        """
        around, left = self._around, run.seconds_left
        began = around.clock.monotonic()
        outlasts = left is None or left > around.park_after
        around.scheduler.blocking(self._ticket, run)
        around.backlog.refill()
        try:
            until = began + (around.park_after if left is None or outlasts else left)
            wake = self._ticket.mailbox.wait(around.clock, until)
        finally:
            around.scheduler.unblocked(self._ticket)
        held, self._ticket.held = self._ticket.held, None
        if held is None:
            raise Overtaken
        return Wake.PARK if wake is Wake.TIME and outlasts else wake

    def _advance(self, run: Run, events: Sequence[Event]) -> tuple[Delivery, ...]:
        """Advance until it is worth a commit, and commit; return what new waits found."""
        clock, spans = self._around.clock, self._around.watch.spans
        with spans.span(SPAN, "internal", run.trace) as span:
            until = clock.monotonic() + _COMMIT_SECONDS
            self._slice(run, events)
            while (refused := self._around.families.prepare(run, span.trace)) or (
                not run.worth_committing and clock.monotonic() < until
            ):
                self._slice(run, refused)
            deliveries = self._commit(run)
            span.finish(SPAN, "ended" if run.ended else "advanced", failed=False)
        return deliveries

    def _slice(self, run: Run, events: Sequence[Event]) -> None:
        clock = self._around.clock
        if events or not run.slices:
            with self._around.brief_turns.turn(self._ticket.workflow):
                run.advance(events, clock.now())
            return
        with self._around.turns.turn(self._ticket.workflow):
            run.advance(events, clock.now())
            # Not after giving it back: the next one to compute would want the interpreter lock
            # at that very moment, and threads that wait for it are not served in turn.
            clock.yield_thread()

    def _commit(self, run: Run) -> tuple[Delivery, ...]:
        """Store what was gathered; raises Overtaken, Superseded, or Cancelled."""
        executions, key, advance = self._around.executions, self._ticket.key, run.gathered()
        committed = self._insist(lambda: executions.commit(key, run.fence, advance))
        run.committed()
        self._around.outgoing.keep(key, run)
        self._around.backlog.add_children(advance, committed)
        if not run.ended:
            self._around.on_changed(key, Notice.CHANGED)
        return committed.deliveries

    def _give_up(self, detail: str) -> None:
        """Mark the execution unavailable."""
        around, key = self._around, self._ticket.key
        now = around.clock.now()
        around.outgoing.drop(key)
        self._insist(lambda: around.executions.mark_unavailable(key, detail, now))
        around.on_changed(key, Notice.ENDED)
        around.families.ended(key)

    def _insist(self, action: Callable[[], T]) -> T:
        """Have the store do something, as often as it takes while the store cannot.

        Raises Cancelled, and what `action` raises for other reasons.
        """
        around, warned = self._around, False
        while True:
            try:
                return action()
            except (StorageFullError, OverloadedError) as error:
                if not warned:
                    _log.warning("execution %d waits for the store: %s", self._ticket.key, error)
                warned = True
                self._ticket.mailbox.pause(around.clock, _RETRY_SECONDS)
