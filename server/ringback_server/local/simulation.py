"""Runs a definition without a server: no store, no threads, no sockets, and no time passes."""

from __future__ import annotations

import heapq
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Final, Self

from ringback_server.lang.effects import (
    TICK,
    Context,
    Delivered,
    Event,
    Expired,
    Inputs,
    Log,
    OpenEndpoint,
    Outcome,
    Status,
    Wait,
)
from ringback_server.lang.effects import Call as Asking
from ringback_server.lang.entry import ENTRY
from ringback_server.lang.machine import Machine
from ringback_server.lang.values import Value, from_json, to_json, wrap
from ringback_server.local.answering import Again, answered
from ringback_server.local.arrivals import Arrivals
from ringback_server.local.bodies import decoded, plain
from ringback_server.local.definitions import Runnable
from ringback_server.local.documents import FieldError
from ringback_server.local.environment import context_of
from ringback_server.local.results import Call, Entry, Error, Result, StuckError
from ringback_server.local.scripts import Script
from ringback_server.local.stubbing import Stubs
from ringback_server.local.stubs import seconds_of
from ringback_server.model.resources import ExecutionState, Failure, StepPlace

#: when runs begin, unless they are told: the same for each, so that results can be compared
BEGIN: Final = "2026-01-01T00:00:00Z"

_SLICE: Final = 1_000
_STATES: Final = {
    Status.SUCCEEDED: ExecutionState.SUCCEEDED,
    Status.FAILED: ExecutionState.FAILED,
}


def simulate(
    runnable: Runnable, argument: object, script: Script, subworkflow: str | None = None
) -> Result:
    """Run a definition to its end, or one of its subworkflows with a map of arguments.

    Raises StuckError when a call has no stub, and FieldError as Simulation.begin does.
    """
    return Simulation.begin(runnable, argument, script, subworkflow).run()


@dataclass(frozen=True, slots=True, order=True)
class _Answer:
    """An answer on its way; those of the same time come in the order of their calls."""

    time: float
    wait: int
    event: Event | Again


class Simulation:
    """One run."""

    def __init__(
        self, runnable: Runnable, machine: Machine, context: Context, script: Script
    ) -> None:
        """Take what is to be run, and what it takes place in."""
        self._runnable = runnable
        self._machine = machine
        self._begin = self._now = seconds_of(BEGIN if script.now is None else script.now)
        self._stubs = Stubs(script.stubs)
        self._arrivals = Arrivals(context.name, script.callbacks, self._begin)
        self._answers: list[_Answer] = []
        self._known = -1
        self._seeds = count()
        self._calls: list[Call] = []
        self._logs: list[Entry] = []

    @classmethod
    def begin(
        cls, runnable: Runnable, argument: object, script: Script, subworkflow: str | None
    ) -> Self:
        """Return a run that did nothing yet.

        Raises FieldError for an argument that is no JSON value or does not fit the subworkflow,
        one that is not there, and variables that make no name.
        """
        if subworkflow is not None:
            runnable = runnable.beginning_with(subworkflow, argument)
        value = wrap(argument)
        try:
            to_json(value)
        except TypeError as error:
            raise FieldError("argument", f"the argument is no JSON value: {error}") from None
        context = context_of(runnable.workflow, script.env)
        machine = Machine.start(runnable.program, value, context)
        return cls(runnable, machine, context, script)

    def run(self) -> Result:
        """Run it to its end; raises StuckError when a call has no stub."""
        outcome = self._advance(())
        while outcome.status not in _STATES:
            if outcome.status is Status.WAITING:
                self._note_waits()
                outcome = self._advance(self._next_events())
            else:
                outcome = self._advance(())
        result = None if outcome.result is None else json.loads(outcome.result)
        return self._result(_STATES[outcome.status], result, outcome.failure)

    def _advance(self, events: tuple[Event, ...]) -> Outcome:
        seed = next(self._seeds).to_bytes(16, "big")
        inputs = Inputs(now=self._now, seed=seed, events=events, budget=_SLICE)
        outcome = self._machine.advance(inputs)
        for effect in outcome.effects:
            if isinstance(effect, OpenEndpoint):
                self._arrivals.opened(effect, self._now)
            else:
                self._logs.append(_entry(effect, self._now))
        return outcome

    def _note_waits(self) -> None:
        """Send what new waits ask for on its way."""
        calls = self._machine.calls
        for number, wait in self._machine.waits.items():
            if number > self._known:
                self._arrivals.awaited(wait, calls[number].place.step, self._now)
                self._ask(wait, calls[number])
        self._known = max([self._known, *self._machine.waits])

    def _ask(self, wait: Wait, asking: Asking, failures: int = 0) -> None:
        """Let a stub answer what a wait asks for, if it does."""
        if asking.function is None or not _asks(wait):
            return
        call = self._call(wait, asking.function, asking.place)
        self._calls.append(call)
        answer = self._stubs.answer(call)
        if answer is None:
            raise self._stuck(self._stubs.complaint(call))
        seconds, event = answered(wait, answer, self._now, failures)
        heapq.heappush(self._answers, _Answer(self._now + seconds, wait.number, event))

    def _next_events(self) -> tuple[Event, ...]:
        """Let time pass until something happens; return what that is."""
        while True:
            waits = self._machine.waits
            answers = self._arrived(waits)
            found = self._arrivals.deliveries(waits)
            deliveries = [Delivered(number, value) for number, value in found.items()]
            taken = {*(event.wait for event in answers), *found}
            expired = [
                Expired(number)
                for number, wait in waits.items()
                if number not in taken and wait.deadline is not None and self._over(wait.deadline)
            ]
            if answers or deliveries or expired:
                return (*answers, *deliveries, *expired)
            self._now = max(self._now, self._next_time(waits))

    def _arrived(self, waits: Mapping[int, Wait]) -> list[Event]:
        self._arrivals.arrive(self._now + TICK, waits)
        events: list[Event] = []
        while self._answers and self._over(self._answers[0].time):
            event = heapq.heappop(self._answers).event
            if not isinstance(event, Again):
                events.append(event)
            elif event.wait in waits:
                self._ask(waits[event.wait], self._machine.calls[event.wait], event.failures)
        return events

    def _next_time(self, waits: Mapping[int, Wait]) -> float:
        times = [wait.deadline for wait in waits.values()]
        times += [self._answers[0].time if self._answers else None, self._arrivals.next]
        known = [time for time in times if time is not None]
        if not known:
            raise self._stuck("nothing would ever end what the run waits for")
        return min(known)

    def _over(self, time: float) -> bool:
        return time - self._now <= TICK

    def _call(self, wait: Wait, function: str, place: StepPlace) -> Call:
        request, connector = wait.request, wait.connector
        sent = () if request is None else request.headers
        return Call(
            call=function if connector is None else connector.name,
            step=place.step,
            routine=place.routine,
            line=self._runnable.line_of(place),
            time=self._now,
            method=None if request is None else request.method,
            url=None if request is None else request.url,
            headers=dict(sent),
            auth=None if request is None or request.auth is None else request.auth.type,
            body=None if request is None else decoded(request.body, sent),
            args=_arguments(wait),
        )

    def _stuck(self, message: str) -> StuckError:
        return StuckError(message, self._result(ExecutionState.ACTIVE, None, None))

    def _result(self, state: str, result: object, failure: Failure | None) -> Result:
        return Result(
            state=str(state),
            result=result,
            error=None if failure is None else _error(failure),
            calls=tuple(self._calls),
            logs=tuple(self._logs),
            callbacks=tuple(self._arrivals.sent),
            unsent=self._arrivals.left,
            callback_notes=tuple(self._arrivals.notes(self._now)),
            duration=self._now - self._begin,
            steps=self._machine.steps,
        )


def _asks(wait: Wait) -> bool:
    asked = (wait.request, wait.connector, wait.children)
    return any(one is not None for one in asked)


def _arguments(wait: Wait) -> dict[str, object]:
    """Return the arguments of a connector, or of executions to be created."""
    if wait.connector is not None:
        return {name: plain(value) for name, value in wait.connector.arguments.items()}
    if wait.children is None:
        return {}
    given = [plain(_read(request.argument)) for request in wait.children.requests]
    workflows = {request.workflow.workflow for request in wait.children.requests}
    found: dict[str, object] = {"workflow_id": ", ".join(sorted(workflows)), "arguments": given}
    return {**found, "argument": given[0]} if len(given) == 1 else found


def _read(argument: str) -> Value:
    return from_json(argument) if argument else None


def _entry(log: Log, now: float) -> Entry:
    return Entry(
        severity=log.severity,
        text=log.text,
        json=None if log.json is None else json.loads(log.json),
        step=log.place.step,
        routine=log.place.routine,
        time=now,
    )


def _error(failure: Failure) -> Error:
    """Return what a run failed with; that a subworkflow was called is left out of the stack."""
    stack = tuple(frame for frame in failure.stack if frame.step != ENTRY)
    lines = failure.context.split("\n")
    context = "\n".join(lines[: len(lines) - len(failure.stack) + len(stack)])
    return Error(value=json.loads(failure.payload), context=context, stack=stack)
