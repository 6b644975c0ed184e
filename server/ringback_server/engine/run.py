"""One execution in memory: its machine, and what it did since the last commit."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ringback_server.clock import Clock
from ringback_server.engine.programs import Loadable, Programs
from ringback_server.lang.effects import (
    TICK,
    Delivered,
    Event,
    Expired,
    Finished,
    Inputs,
    Log,
    OpenEndpoint,
    Outcome,
    Responded,
    Status,
    Wait,
)
from ringback_server.lang.http_exchange import HttpAnswer, HttpRequest
from ringback_server.lang.machine import Machine
from ringback_server.lang.values import from_json, wrap
from ringback_server.model.names import ExecutionName
from ringback_server.model.resources import ExecutionState, HistoryLevel, LogEntry
from ringback_server.model.steps import StepBegun, StepEnded, StepHistory
from ringback_server.store.payloads import unpack
from ringback_server.store.records import (
    Advance,
    Delivery,
    End,
    Loaded,
    NewChildren,
    NewEndpoint,
    NewWait,
    Phase,
)
from ringback_server.tracing import Trace

#: steps of one slice: about half a millisecond of the interpreter lock
SLICE_STEPS = 1_000

_PHASES = {
    Status.WAITING: Phase.WAITING,
    Status.RUNNABLE: Phase.RUNNABLE,
    Status.SUCCEEDED: Phase.ENDED,
    Status.FAILED: Phase.ENDED,
}


@dataclass(slots=True)
class _Uncommitted:
    """What a run did since its last commit, and when it began to."""

    began: float | None = None
    endpoints: list[NewEndpoint] = field(default_factory=list[NewEndpoint])
    consumed: list[int] = field(default_factory=list[int])
    expired: list[int] = field(default_factory=list[int])
    finished: list[int] = field(default_factory=list[int])
    children: dict[int, NewChildren] = field(default_factory=dict[int, NewChildren])
    entries: list[LogEntry] = field(default_factory=list[LogEntry])
    begun: list[StepBegun] = field(default_factory=list[StepBegun])
    steps_ended: list[StepEnded] = field(default_factory=list[StepEnded])
    unrecorded: int = 0


class Run:
    """Advances one execution slice by slice and gathers each advance for its commit."""

    def __init__(
        self,
        machine: Machine,
        clock: Clock,
        *,
        name: ExecutionName,
        account: str,
        trace: Trace | None = None,
        depth: int = 0,
    ) -> None:
        """Take a machine as it was last stored, and the trace that its creation belongs to.

        `depth` tells how many executions wait for this one, one for another.
        """
        self._machine = machine
        # The open waits by number; they change by an advance alone.
        self._waits = machine.waits
        self.fence = 0
        self.name = name
        self.account = account
        self.trace = trace
        self.depth = depth
        #: whether an execution may wait for it, or it for others
        self.related = depth > 0 or any(wait.children for wait in self._waits.values())
        self.slices = 0
        self._clock = clock
        self._stored_waits = frozenset(self._waits)
        self._new = _Uncommitted()
        self._outcome: Outcome | None = None
        # When each wait expires by the monotonic clock, as it was first seen.
        self._due = dict[int, float]()
        self._note_deadlines()

    @classmethod
    def begin(
        cls,
        loadable: Loadable,
        name: ExecutionName,
        argument: str,
        clock: Clock,
        trace: Trace | None = None,
        depth: int = 0,
        history: HistoryLevel = HistoryLevel.EXECUTION_HISTORY_LEVEL_UNSPECIFIED,
    ) -> Run:
        """Start an execution that has no stored state yet.

        A `history` takes a recording program.
        """
        context, limits = loadable.context(name), loadable.limits
        machine = Machine.start(loadable.program, from_json(argument), context, limits, history)
        return cls(machine, clock, name=name, account=loadable.account, trace=trace, depth=depth)

    @classmethod
    def resume(cls, programs: Programs, loaded: Loaded, clock: Clock) -> Run:
        """Take up an execution from the store: it goes on with the history that it began with.

        Raises lang's StateError when its state cannot be read.
        """
        level, state = programs.level(loaded.history_level), loaded.state
        recording = bool(level) if state is None else Machine.is_recording(state)
        loadable = programs.get(loaded.revision_key, recording=recording)
        name, trace, depth = loaded.name, Trace.parse(loaded.trace), loaded.depth
        if state is None:
            run = cls.begin(loadable, name, loaded.argument, clock, trace, depth, level)
        else:
            context, account = loadable.context(name), loadable.account
            machine = Machine.unpack(loadable.program, state, context, loadable.limits)
            run = cls(machine, clock, name=name, account=account, trace=trace, depth=depth)
        run.fence = loaded.fence
        return run

    @property
    def waiting(self) -> bool:
        """Whether nothing but an event can move the execution on."""
        return self._outcome is not None and self._outcome.status is Status.WAITING

    @property
    def ended(self) -> bool:
        """Whether the latest slice was the last."""
        return self._outcome is not None and _PHASES[self._outcome.status] is Phase.ENDED

    @property
    def worth_committing(self) -> bool:
        """Whether the latest slice blocked, ended or asked for an effect."""
        outcome = self._outcome
        if outcome is None or outcome.status is not Status.RUNNABLE:
            return True
        new = self._new
        return bool(new.entries or new.endpoints or new.children or self._opened())

    @property
    def seconds_left(self) -> float | None:
        """How long until the next wait expires; None if none does.

        By the wall clock or by the time that has passed here, whichever is sooner: setting the
        clock back delays no wait that is in memory.
        """
        lefts = (self._seconds_left(number) for number in self._waits)
        return min((left for left in lefts if left is not None), default=None)

    @property
    def nearest_deadline(self) -> float | None:
        """The earliest deadline of the open waits in Unix seconds."""
        deadlines = [w.deadline for w in self._waits.values() if w.deadline is not None]
        return min(deadlines, default=None)

    @property
    def requests(self) -> Mapping[int, HttpRequest]:
        """The requests of the open waits, by the waits' numbers."""
        waits = self._waits.items()
        return {number: wait.request for number, wait in waits if wait.request is not None}

    @property
    def families(self) -> Mapping[int, Wait]:
        """The stored waits for executions, by number."""
        waits, stored = self._waits.items(), self._stored_waits
        return {n: wait for n, wait in waits if wait.children is not None and n in stored}

    @property
    def new_families(self) -> Sequence[Wait]:
        """The waits for executions that neither are stored nor will be by the next commit."""
        known = self._stored_waits.union(self._new.children)
        waits = self._waits.items()
        return [wait for n, wait in waits if wait.children is not None and n not in known]

    def expect(self, children: NewChildren) -> None:
        """Create executions with the next commit."""
        self._new.children[children.number] = children
        self.related = True

    def events(
        self,
        deliveries: Sequence[Delivery],
        answers: Mapping[int, HttpAnswer],
        finished: Sequence[Finished] = (),
    ) -> list[Event]:
        """Turn deliveries, answers, ends and passed deadlines into events for the machine.

        What is for a wait that has ended already was seen before and is left out.
        Raises CorruptDataError for a damaged payload.
        """
        waits = self._waits
        mail = {d.wait: d.payload for d in deliveries if d.wait in waits}
        events: list[Event] = [Delivered(wait, wrap(unpack(raw))) for wait, raw in mail.items()]
        events += [Responded(wait, answer) for wait, answer in answers.items() if wait in waits]
        events += finished
        over = mail.keys() | {event.wait for event in finished}
        for number in waits:
            left = None if number in over else self._seconds_left(number)
            if left is not None and left <= TICK:
                events.append(Expired(number))
        return events

    def lags(self, events: Sequence[Event]) -> list[float]:
        """Return for each deadline among the events how many seconds ago it was."""
        expired = (self._waits[e.wait] for e in events if isinstance(e, Expired))
        now = self._clock.now()
        return [max(0.0, now - wait.deadline) for wait in expired if wait.deadline is not None]

    def advance(self, events: Sequence[Event], now: float) -> None:
        """Run one slice, starting with the events."""
        consumed = [event.wait for event in events if isinstance(event, Delivered)]
        late = {event.wait for event in events if isinstance(event, Expired)}
        before = self._waits
        inputs = Inputs(now=now, seed=os.urandom(16), events=events, budget=SLICE_STEPS)
        self._outcome = self._machine.advance(inputs)
        self._waits = self._machine.waits
        self._new.began = now if self._new.began is None else self._new.began
        self.slices += 1
        # Waits end by their deadline, or without any event when an error ends everything.
        gone = before.keys() - self._waits.keys() - set(consumed)
        self._new.consumed += consumed
        self._new.finished += [event.wait for event in events if isinstance(event, Finished)]
        self._new.expired += [
            n
            for n in sorted(gone)
            if before[n].endpoint is not None or (n in late and before[n].children is not None)
        ]
        self._note_deadlines()
        self._remember(self._outcome.history)
        for effect in self._outcome.effects:
            if isinstance(effect, OpenEndpoint):
                self._new.endpoints.append(NewEndpoint(number=effect.number, method=effect.method))
            else:
                self._new.entries.append(_entry(effect, now))

    def gathered(self) -> Advance:
        """Return what was done since the last commit, as one transaction."""
        outcome, began = self._outcome, self._new.began
        if outcome is None or began is None:
            raise RuntimeError("nothing was advanced")
        phase, now = _PHASES[outcome.status], self._clock.now()
        return Advance(
            phase=phase,
            state=None if phase is Phase.ENDED else self._machine.pack(),
            wake=self.nearest_deadline if phase is Phase.WAITING else None,
            current_steps=outcome.current_steps,
            requests=len(self.requests),
            endpoints=tuple(self._new.endpoints),
            opened=tuple(self._opened()) if phase is not Phase.ENDED else (),
            consumed=tuple(self._new.consumed),
            expired=tuple(self._new.expired),
            children=tuple(self._new.children[n] for n in self._waits if n in self._new.children),
            finished=tuple(self._new.finished),
            entries=tuple(self._new.entries),
            history=StepHistory(
                begun=tuple(self._new.begun),
                ended=tuple(self._new.steps_ended),
                unrecorded=self._new.unrecorded,
            ),
            end=_end(outcome, now) if phase is Phase.ENDED else None,
            began=began,
            time=now,
        )

    def committed(self) -> None:
        """Note that what was gathered is stored as an advance of what was loaded."""
        self.fence += 1
        self.created()

    def created(self) -> None:
        """Note that what was gathered is stored as a new execution."""
        self._new = _Uncommitted()
        self._stored_waits = frozenset(self._waits)

    def _remember(self, history: StepHistory | None) -> None:
        if history is not None:
            self._new.begun += history.begun
            self._new.steps_ended += history.ended
            self._new.unrecorded = history.unrecorded

    def _note_deadlines(self) -> None:
        ahead = self._clock.monotonic() - self._clock.now()
        self._due = {
            number: self._due.get(number, wait.deadline + ahead)
            for number, wait in self._waits.items()
            if wait.deadline is not None
        }

    def _seconds_left(self, number: int) -> float | None:
        deadline = self._waits[number].deadline
        if deadline is None:
            return None
        return min(deadline - self._clock.now(), self._due[number] - self._clock.monotonic())

    def _opened(self) -> list[NewWait]:
        return [
            NewWait(number=number, endpoint=wait.endpoint)
            for number, wait in self._waits.items()
            if number not in self._stored_waits and wait.endpoint is not None
        ]


def _entry(log: Log, now: float) -> LogEntry:
    return LogEntry(
        time=now,
        severity=log.severity,
        text=log.text,
        json=log.json,
        step=log.place.step,
        routine=log.place.routine,
    )


def _end(outcome: Outcome, now: float) -> End:
    succeeded = outcome.status is Status.SUCCEEDED
    return End(
        state=ExecutionState.SUCCEEDED if succeeded else ExecutionState.FAILED,
        result=outcome.result,
        failure=outcome.failure,
        time=now,
    )
