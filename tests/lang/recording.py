"""Runs definitions with their history recorded, and shows the entries as lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ringback_server.lang.compiler import compile_definition
from ringback_server.lang.definitions import read_definition
from ringback_server.lang.effects import Event, Outcome, Status
from ringback_server.lang.limits import RunLimits
from ringback_server.lang.machine import Machine
from ringback_server.lang.program import Program
from ringback_server.lang.values import wrap
from ringback_server.model.resources import HistoryLevel
from ringback_server.model.steps import StepBegun, StepEnded, StepHistory
from tests.lang.playing import BEGIN, context, inputs, next_events

BASIC = HistoryLevel.EXECUTION_HISTORY_BASIC
DETAILED = HistoryLevel.EXECUTION_HISTORY_DETAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """How an execution ended, and its history."""

    outcome: Outcome
    history: StepHistory
    steps: int

    @property
    def ends(self) -> dict[int, StepEnded]:
        """The ends, by entry."""
        return {end.id: end for end in self.history.ended}

    def lines(self) -> list[str]:
        """Return a line for each entry, below the one that it is inside of."""
        inside = defaultdict[int, list[StepBegun]](list)
        for begun in self.history.begun:
            inside[begun.parent].append(begun)
        return self._lines(inside, 0, "")

    def _lines(self, inside: dict[int, list[StepBegun]], parent: int, indent: str) -> list[str]:
        found: list[str] = []
        for begun in inside.get(parent, []):
            end = self.ends.get(begun.id)
            parts = [begun.step, begun.type.name.removeprefix("STEP_")]
            parts += [f"#{begun.number}"] if begun.number else []
            parts += [f"of {begun.expected}"] if begun.expected else []
            parts += ["open" if end is None else end.state.name.removeprefix("STATE_")]
            found.append(indent + " ".join(part for part in parts if part != "SUCCEEDED"))
            found += self._lines(inside, begun.id, indent + "  ")
        return found


def recording_program(text: str) -> Program:
    """Compile a definition for executions whose history is recorded."""
    return compile_definition(read_definition(text), recording=True)


def record(
    text: str,
    argument: object = None,
    *,
    script: Sequence[object] = (),
    level: HistoryLevel = BASIC,
    limits: RunLimits | None = None,
    budget: int = 4_000,
    repack: bool = False,
) -> Recorded:
    """Run a definition to its end; parameters are those of `playing.play`."""
    limits = limits or RunLimits()
    program, other = recording_program(text), recording_program(text)
    machine = Machine.start(program, wrap(argument), context(), limits, level)
    bodies, now, history, events = list(script), BEGIN, StepHistory(), list[Event]()
    while True:
        outcome = machine.advance(inputs(events, now=now, budget=budget))
        history += outcome.history or StepHistory()
        events = []
        if outcome.status in {Status.SUCCEEDED, Status.FAILED}:
            return Recorded(outcome=outcome, history=history, steps=machine.steps)
        if repack:
            packed = machine.pack()
            program, other = other, program
            machine = Machine.unpack(program, packed, context(), limits)
        if outcome.status is Status.WAITING:
            events, now = next_events(machine, bodies, now)
