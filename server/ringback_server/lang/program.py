"""Compiled definitions: flat instructions for each routine, and the tables that go with them.

An instruction is a tuple `(operation, cost, next, …)`: the steps it counts, the instruction that
follows it, and its operands. Nothing that is packed refers to a position in these tables; a
frame's place is named by a label made from the source, a variable by its unique name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from ringback_server.lang.expressions import Position
from ringback_server.lang.values import Value
from ringback_server.model.resources import StackFrame, StepPlace
from ringback_server.model.steps import ProgressType, StepType

#: evaluates an expression over the slots of a frame
Evaluate = Callable[[list[Any]], Value]

#: counts something for a step entry, given which branch or iteration runs, and the slots
Count = Callable[[int, list[Any]], int]

Instruction = tuple[Any, ...]

#: the place of a frame that has not begun
START = ""


class Op(IntEnum):
    """What an instruction does; its operands come after `(operation, cost, next)`.

    `next` of TEST is where a true condition leads, that of FORK the end of all branches. A slot of
    0 means: no result wanted.
    """

    SET = 0  #: slot, value
    TEST = 1  #: condition, cost if false, next if false
    JUMP = 2  #: none
    CALL = 3  #: result slot, routine, an argument or None for each parameter
    ASK = 4  #: result slot, predicate, slot of the carried error
    BRANCH = 5  #: slot of a boolean, next if false
    PUT = 6  #: slot, keys, value
    APPEND = 7  #: slot of a list, value, the library's `list.concat`
    INVOKE = 8  #: result slot, library function, an argument or None for each parameter
    RETURN = 9  #: value
    RAISE = 10  #: value
    RETRY = 11  #: answer slot, error slot, attempts slot, policy, next if tried again
    CATCH = 12  #: slot of the carried error, slot of its value
    RERAISE = 13  #: slot of the carried error
    CLEAR = 14  #: slots
    BEGIN = 15  #: slots, what evaluates a value for each
    FORK = 16  #: Fork
    JOIN = 17  #: none
    CHARGE = 18  #: work, in steps
    NOTE = 19  #: Mark
    DONE = 20  #: how many step entries of the routine stay open


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Where a step entry begins; `depth` entries of its routine are around it."""

    depth: int
    type: StepType
    routine: str
    step: str
    progress: ProgressType = ProgressType.PROGRESS_TYPE_UNSPECIFIED
    #: which one it is, from 1, and of how many
    number: Count | None = None
    expected: Count | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The fields of a retry map that decide how often and when; null means the default."""

    max_retries: Evaluate
    initial_delay: Evaluate
    max_delay: Evaluate
    multiplier: Evaluate


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """Where an error goes that arises from instruction `start` up to, not including, `end`."""

    start: int
    end: int
    target: int
    #: receives the error's value, or the whole carried error if `carried`
    slot: int
    carried: bool
    #: variables of the blocks within, which the error leaves
    left: tuple[int, ...]
    #: step entries of the routine that are around it
    depth: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchCode:
    """A branch of a parallel step, or the iterations of a parallel loop; part of a routine."""

    #: empty for iterations
    name: str
    start: int
    #: the slots that a strand in it has for itself
    own: range
    #: step entries of the routine that are around it
    depth: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Iterations:
    """Where a parallel loop puts the value and the index; an index of 0 means: not wanted."""

    value: int
    index: int


@dataclass(slots=True, kw_only=True)
class Fork:
    """A parallel step; filled in by the compiler, then never changed."""

    #: concurrency limit or null, how many strands began, the errors of those that failed
    slots: tuple[int, int, int]
    #: what a parallel loop visits: the list, or the first and the last number
    source: tuple[int, ...]
    #: variables that become cells here
    cells: tuple[int, ...]
    #: one for each branch, or a single one for all iterations
    branches: list[BranchCode] = field(default_factory=list[BranchCode])
    iterations: Iterations | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter of a routine; the caller evaluates no default, the callee does."""

    name: str
    slot: int
    required: bool
    default: Evaluate


@dataclass(slots=True, kw_only=True)
class RoutineCode:
    """A compiled routine; filled in by the compiler, then never changed."""

    name: str
    parameters: tuple[Parameter, ...] = ()
    code: list[Instruction] = field(default_factory=list[Instruction])
    #: by instruction
    steps: list[str] = field(default_factory=list[str])
    positions: list[Position] = field(default_factory=list[Position])
    #: places at which a machine may stop, and the instructions there
    labels: dict[str, int] = field(default_factory=dict[str, int])
    places: dict[int, str] = field(default_factory=dict[int, str])
    #: innermost first
    handlers: list[Handler] = field(default_factory=list[Handler])
    #: unique names of variables, and their slots from 1
    slots: dict[str, int] = field(default_factory=dict[str, int])
    #: slots that are read once, and hold nothing once an error left their step
    temporaries: tuple[int, ...] = ()

    def place(self, pc: int) -> StepPlace:
        """Return the innermost step that an instruction belongs to."""
        return StepPlace(self.name, self.steps[pc])

    def frame(self, pc: int, position: Position | None) -> StackFrame:
        """Return an instruction's place for a stack trace, or a place inside of it."""
        found = position or self.positions[pc]
        return StackFrame(
            step=self.steps[pc],
            routine=self.name,
            line=found.line,
            column=found.column,
            length=found.length,
        )


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled definition; one serves all executions of a revision, on any thread."""

    routines: Mapping[str, RoutineCode]

    @property
    def main(self) -> RoutineCode:
        """The routine that an execution begins with."""
        return self.routines["main"]
