"""The state of a machine: strands, their frames, and what they wait for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from ringback_server.lang.effects import Wait
from ringback_server.lang.host import Host, Slots
from ringback_server.lang.memory import plain
from ringback_server.lang.program import BranchCode, Program, RoutineCode
from ringback_server.lang.stdlib.registry import Block, Continuation
from ringback_server.lang.values import size_of
from ringback_server.model.resources import Failure, StepPlace


class Then(Enum):
    """How a strand goes on after an instruction."""

    STAY = "stay"  #: in the same frame
    SWITCH = "switch"  #: in the frame that is now innermost
    STOP = "stop"  #: not at present


@dataclass(slots=True)
class Frame:
    """A running routine: its variables, and the instruction it is at.

    While a call lasts, that is the calling instruction. The outermost frame of a branch has the
    slots of the frame that it branches from, and of them a few for itself.
    """

    routine: RoutineCode
    slots: Slots
    pc: int = 0
    branch: BranchCode | None = None
    #: its step entries that have begun and not ended, outermost first; 0 is one without a record
    open: list[int] | None = None

    @classmethod
    def of(cls, routine: RoutineCode, host: Host) -> Frame:
        """Return a frame at the beginning of a routine, all variables null."""
        return cls(routine, [host, *[None] * len(routine.slots)])

    @property
    def own(self) -> range:
        """The slots of variables that are this frame's and no other's."""
        return range(1, len(self.slots)) if self.branch is None else self.branch.own

    @property
    def base(self) -> int:
        """How many step entries of the routine are another frame's."""
        return 0 if self.branch is None else self.branch.depth

    @property
    def size(self) -> int:
        """The accounted bytes of its own variables."""
        return sum(size_of(plain(self.slots[slot])) for slot in self.own)


@dataclass(frozen=True, slots=True)
class Suspension:
    """Why a strand is blocked, and how it goes on.

    `expiry` is the message of the TimeoutError at the deadline.
    """

    wait: Wait
    expiry: str | None = None
    continuation: Continuation | None = None


@dataclass(slots=True, kw_only=True)
class Strand:
    """A line of control; `parent` is the strand that waits for its end."""

    id: int
    parent: int | None = None
    #: which branch or iteration of its parent's parallel step it is, from 0
    number: int = 0
    frames: list[Frame] = field(default_factory=list[Frame])
    suspension: Suspension | None = None
    #: nothing to do until a strand ends, because it can start no more branches
    joining: bool = False

    @property
    def at_a_place(self) -> bool:
        """Whether it is where a machine may stop: the place has a name to be packed by."""
        return self.frames[-1].pc in self.frames[-1].routine.places

    @property
    def blocked(self) -> bool:
        """Whether it needs an event, or the end of a strand, to go on."""
        return self.suspension is not None or self.joining


@dataclass(slots=True, kw_only=True)
class State:
    """Everything that a machine is."""

    program: Program
    host: Host
    strands: dict[int, Strand] = field(default_factory=dict[int, Strand])
    next_strand: int = 0
    next_wait: int = 0
    #: the strand whose turn it is, or the next one after it
    turn: int = 0
    #: once ended: the last step, and either of these
    last: StepPlace | None = None
    result: str | None = None
    failure: Failure | None = None

    def suspend(self, strand: Strand, block: Block) -> None:
        """Block a strand as a function asks."""
        wait = Wait(
            self.next_wait,
            block.endpoint,
            block.deadline,
            block.request,
            block.children,
            block.connector,
        )
        strand.suspension = Suspension(wait, block.expiry, block.continuation)
        self.next_wait += 1

    def next_strand_to_run(self) -> Strand | None:
        """Return the strand whose turn it is, and let the next turn be that of the next one."""
        ready = [strand for strand in self.strands.values() if not strand.blocked]
        later = [strand for strand in ready if strand.id >= self.turn]
        for strand in later or ready:
            self.turn = strand.id + 1
            return strand
        return None

    def line(self, strand: Strand) -> Iterator[Strand]:
        """Yield a strand, its parent and so on."""
        yield strand
        while strand.parent is not None:
            strand = self.strands[strand.parent]
            yield strand

    def end(self, strand: Strand) -> None:
        """End a branch; all that wait for the end of one look again."""
        self.host.memory -= strand.frames[0].size
        del self.strands[strand.id]
        for other in self.strands.values():
            other.joining = False

    def succeed(self, result: str, last: StepPlace) -> None:
        """End with a result, as JSON text."""
        self.result, self.last = result, last
        self.strands.clear()

    def fail(self, failure: Failure, last: StepPlace) -> None:
        """End with an error."""
        self.failure, self.last = failure, last
        self.strands.clear()
