"""The machine: an execution as data (DESIGN 1.1).

It has no thread, socket, clock, randomness or database. What it is given are inputs, what it
wants done are effects, and between two advances all of it fits into a packed state.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from ringback_server.lang import packing
from ringback_server.lang.continuations import go_on
from ringback_server.lang.effects import (
    Call,
    Context,
    Delivered,
    Event,
    Expired,
    Inputs,
    Outcome,
    Raised,
    Responded,
    Returned,
    Status,
    Wait,
)
from ringback_server.lang.errors import (
    StateError,
    WorkflowError,
    resource_limit_error,
    timeout_error,
)
from ringback_server.lang.failures import unwind
from ringback_server.lang.host import Host
from ringback_server.lang.http_messages import result_of
from ringback_server.lang.interpreter import complete, run
from ringback_server.lang.limits import RunLimits
from ringback_server.lang.program import Op, Program
from ringback_server.lang.stdlib.registry import Block
from ringback_server.lang.strands import Frame, State, Strand, Suspension
from ringback_server.lang.values import Value, size_of
from ringback_server.model.resources import HistoryLevel

__all__ = ["Machine", "StateError"]

_LIMITS = RunLimits()
#: steps that a strand runs before the next one does
_TURN = 100


class Machine:
    """One execution of a program, between its inputs and its effects."""

    def __init__(self, state: State) -> None:
        """Take a state; use `start` or `unpack`."""
        self._state = state

    @classmethod
    def start(
        cls,
        program: Program,
        argument: Value,
        context: Context,
        limits: RunLimits = _LIMITS,
        history: HistoryLevel = HistoryLevel.EXECUTION_HISTORY_LEVEL_UNSPECIFIED,
    ) -> Self:
        """Return a machine before its first step; main's parameter, if any, is the argument.

        A `history` takes a program that was compiled to record it.
        """
        host = Host(context, limits)
        host.record(history)
        frame = Frame.of(program.main, host)
        for parameter in program.main.parameters:
            frame.slots[parameter.slot] = argument
            host.memory += size_of(argument)
        strand = Strand(id=0, frames=[frame])
        return cls(State(program=program, host=host, strands={0: strand}, next_strand=1))

    @classmethod
    def unpack(
        cls, program: Program, packed: bytes, context: Context, limits: RunLimits = _LIMITS
    ) -> Self:
        """Return the machine that was packed; raises StateError if that cannot be done.

        One that `is_recording` takes a program that was compiled for that.
        """
        return cls(packing.unpack(program, packed, Host(context, limits)))

    @staticmethod
    def is_recording(packed: bytes) -> bool:
        """Tell whether a packed machine records its history; raises StateError."""
        return packing.is_recording(packed)

    def pack(self) -> bytes:
        """Return the state of a machine that has not ended."""
        return packing.pack(self._state)

    @property
    def waits(self) -> Mapping[int, Wait]:
        """The open waits by number, oldest strand first."""
        found = [strand.suspension for strand in self._state.strands.values()]
        return {known.wait.number: known.wait for known in found if known is not None}

    @property
    def calls(self) -> Mapping[int, Call]:
        """What each open wait is part of."""
        strands = self._state.strands.values()
        return {s.suspension.wait.number: _call(s) for s in strands if s.suspension is not None}

    @property
    def endpoints(self) -> int:
        """How many callback endpoints were opened so far."""
        return self._state.host.endpoints

    @property
    def steps(self) -> int:
        """How many steps were counted so far (SPEC 1.14)."""
        return self._state.host.steps

    @property
    def memory(self) -> int:
        """How many bytes the variables hold (SPEC 1.13)."""
        return self._state.host.memory

    def advance(self, inputs: Inputs) -> Outcome:
        """Deliver events, then run every strand until all are blocked or the budget is used up.

        Errors of the workflow are part of the outcome; anything raised is a defect.
        """
        host, limits = self._state.host, self._state.host.limits
        host.now, host.seed, host.drawn = inputs.now, inputs.seed, 0
        host.stop = min(host.steps + max(inputs.budget, 1), limits.steps + 1)
        host.effects = []
        for event in inputs.events:
            self._deliver(event)
        self._take_turns()
        return self._outcome()

    def _take_turns(self) -> None:
        """Run every strand that can go on, a few steps each, until none can or the slice is over.

        A strand alone has the whole slice. One whose wait is over, but which has had no turn, still
        goes on to the next place where a machine may stop.
        """
        state, host = self._state, self._state.host
        end = host.stop
        while host.steps < end and (strand := state.next_strand_to_run()) is not None:
            turn = end if len(state.strands) == 1 else min(end, host.steps + _TURN)
            self._run(strand, turn)
            end -= turn - host.stop
        for strand in list(state.strands.values()):
            if strand.id in state.strands and not (strand.blocked or strand.at_a_place):
                self._run(strand, host.steps)

    def _run(self, strand: Strand, stop: int) -> None:
        """Run a strand until it is blocked or done, or at a place with as many steps counted."""
        state, host = self._state, self._state.host
        host.stop = stop
        run(state, strand)
        if host.steps > host.limits.steps and state.strands:
            # a branch may have ended with the step that was too much
            strand = state.strands.get(strand.id, state.strands[min(state.strands)])
            unwind(state, strand, resource_limit_error("Step limit exceeded"))

    def _deliver(self, event: Event) -> None:
        for strand in list(self._state.strands.values()):
            suspension = strand.suspension
            if suspension is not None and suspension.wait.number == event.wait:
                strand.suspension = None
                try:
                    _resume(self._state, strand, event, suspension)
                except WorkflowError as error:
                    unwind(self._state, strand, error)

    def _outcome(self) -> Outcome:
        state = self._state
        strands = state.strands.values()
        if state.failure is not None:
            status = Status.FAILED
        elif state.result is not None:
            status = Status.SUCCEEDED
        elif all(strand.blocked for strand in strands):
            status = Status.WAITING
        else:
            status = Status.RUNNABLE
        places = [strand.frames[-1].routine.place(strand.frames[-1].pc) for strand in strands]
        return Outcome(
            status=status,
            effects=tuple(state.host.effects),
            result=state.result,
            failure=state.failure,
            history=None if state.host.history is None else state.host.history.taken(),
            current_steps=tuple(places) if state.last is None else (state.last,),
        )


def _call(strand: Strand) -> Call:
    frame = strand.frames[-1]
    instruction = frame.routine.code[frame.pc]
    function = instruction[4].name if instruction[0] == Op.INVOKE else None
    return Call(function, frame.routine.place(frame.pc))


def _resume(state: State, strand: Strand, event: Event, suspension: Suspension) -> None:
    frame = strand.frames[-1]
    instruction = frame.routine.code[frame.pc]
    if instruction[0] == Op.RETRY:
        frame.pc = instruction[7]
        return
    state.host.routine, state.host.pc = frame.routine, frame.pc
    result = _result(state.host, event, suspension)
    if isinstance(result, Block):
        state.suspend(strand, result)
    else:
        complete(frame, result)


def _result(host: Host, event: Event, suspension: Suspension) -> Value | Block:
    """Return what a call's wait ended with, or what the call waits for next."""
    if isinstance(event, Raised):
        raise WorkflowError(event.error)
    if isinstance(event, Returned):
        return event.value
    if isinstance(event, Expired) and suspension.expiry is not None:
        raise timeout_error(suspension.expiry)
    if suspension.continuation is not None:
        return go_on(host, suspension.continuation, event)
    if isinstance(event, Delivered):
        return event.value
    if isinstance(event, Responded):
        return result_of(event.answer)
    return None
