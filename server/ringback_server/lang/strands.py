"""The state of a machine: strands, their frames, and what they wait for."""

from __future__ import annotations

from dataclasses import dataclass, field

from ringback_server.lang.effects import Wait
from ringback_server.lang.host import Host, Slots
from ringback_server.lang.program import Program, RoutineCode
from ringback_server.lang.values import size_of
from ringback_server.model.resources import Failure, StepPlace


@dataclass(slots=True)
class Frame:
    """A running routine: its variables, and the instruction it is at.

    While a call lasts, that is the calling instruction.
    """

    routine: RoutineCode
    slots: Slots
    pc: int = 0

    @classmethod
    def of(cls, routine: RoutineCode, host: Host) -> Frame:
        """Return a frame at the beginning of a routine, all variables null."""
        return cls(routine, [host, *[None] * len(routine.slots)])

    @property
    def size(self) -> int:
        """The accounted bytes of the variables."""
        return sum(map(size_of, self.slots[1:]))


@dataclass(frozen=True, slots=True)
class Suspension:
    """Why a strand is blocked; `expiry` is the message of the TimeoutError at the deadline."""

    wait: Wait
    expiry: str | None


@dataclass(slots=True, kw_only=True)
class Strand:
    """A line of control; `parent` is the strand that waits for its end."""

    id: int
    parent: int | None = None
    frames: list[Frame] = field(default_factory=list[Frame])
    suspension: Suspension | None = None


@dataclass(slots=True, kw_only=True)
class State:
    """Everything that a machine is."""

    program: Program
    host: Host
    strands: dict[int, Strand] = field(default_factory=dict[int, Strand])
    next_strand: int = 0
    next_wait: int = 0
    #: once ended: the last step, and either of these
    last: StepPlace | None = None
    result: str | None = None
    failure: Failure | None = None

    def suspend(
        self, strand: Strand, endpoint: int | None, deadline: float | None, expiry: str | None
    ) -> None:
        """Block a strand until a callback, a deadline, or either."""
        strand.suspension = Suspension(Wait(self.next_wait, endpoint, deadline), expiry)
        self.next_wait += 1

    def succeed(self, result: str, last: StepPlace) -> None:
        """End with a result, as JSON text."""
        self.result, self.last = result, last
        self.strands.clear()

    def fail(self, failure: Failure, last: StepPlace) -> None:
        """End with an error."""
        self.failure, self.last = failure, last
        self.strands.clear()
