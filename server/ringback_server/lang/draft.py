"""A routine while it is compiled: what its names mean, and which blocks its steps stand in."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from ringback_server.lang.assembly import Assembly, Target
from ringback_server.lang.closures import null
from ringback_server.lang.expressions import Position
from ringback_server.lang.lowering import Lowering
from ringback_server.lang.program import Count, Mark, Op, RoutineCode
from ringback_server.lang.scopes import Scope
from ringback_server.lang.stdlib import CONSTANTS, FUNCTIONS
from ringback_server.lang.steps import END, Routine, Step
from ringback_server.lang.values import Reference, Value
from ringback_server.model.steps import ProgressType, StepType

_BREAK = "break"
_CONTINUE = "continue"


class ScopedNames:
    """What names mean inside one routine; `scope` and `cells` change as blocks open and close."""

    def __init__(
        self, scope: Scope, assembly: Assembly, routines: Mapping[str, RoutineCode]
    ) -> None:
        self.scope = scope
        #: slots that hold cells here, because a parallel step around shares them
        self.cells: frozenset[int] = frozenset()
        self._assembly = assembly
        self._routines = routines

    def slot(self, name: str) -> int | None:
        """Return the slot of a variable or temporary."""
        if self._assembly.is_temporary(name):
            return self._assembly.slot(name)
        unique = self.scope.variable(name)
        return None if unique is None else self._assembly.slot(unique)

    def temporary(self, name: str) -> bool:
        """Tell whether the variable is read only once."""
        return self._assembly.is_temporary(name)

    def shared(self, slot: int) -> bool:
        """Tell whether a slot holds a cell."""
        return slot in self.cells

    def constant(self, name: str) -> tuple[Value] | None:
        """Return the value that a name of a routine or of the library stands for."""
        if name in CONSTANTS:
            return (CONSTANTS[name],)
        known = name in self._routines or name in FUNCTIONS
        return (Reference(name),) if known else None


@dataclass(frozen=True, slots=True)
class Block:
    """Steps whose variables end with them; `again` and `done` where `next` leads in a loop."""

    slots: tuple[int, ...]
    again: Target | None = None
    done: Target | None = None
    #: step entries around an iteration
    depth: int = 0


class Draft:
    """The routine that is being compiled."""

    def __init__(
        self,
        routine: Routine,
        code: RoutineCode,
        routines: dict[str, RoutineCode],
        *,
        recording: bool = False,
    ) -> None:
        self.routines = routines
        self._recording = recording
        #: how many step entries are open here; none if they are not recorded
        self.depth = 0
        self.assembly = Assembly(code)
        self.names = ScopedNames(Scope.of(routine), self.assembly, routines)
        self.lowering = Lowering(self.assembly, self.names, routines)
        #: the slots of all blocks so far
        self.block_slots: list[int] = []
        self._blocks: list[Block] = []
        self._targets: dict[str, Target] = {}
        # How many blocks each step stands in. A jump leads to a step of a list around it, and
        # those lists were all entered before.
        self._depths: dict[str, int] = {}
        # The same of step entries.
        self._entries: dict[str, int] = {}

    def variable(self, name: str) -> int:
        """Return the slot of a variable."""
        slot = self.names.slot(name)
        if slot is None:
            raise ValueError(name)
        return slot

    def hidden(self, kind: str) -> int:
        """Return the slot of a variable that workflows do not see."""
        return self.assembly.slot(f"%{self.assembly.place(kind)}")

    def variables(self, scope: Scope) -> tuple[int, ...]:
        """Return the slots of a scope's own variables.

        Scopes get them as they open, so that the slots which come up inside a branch of a
        parallel step are the branch's own.
        """
        unique = [scope.variable(name) or name for name in sorted(scope.names)]
        return tuple(self.assembly.slot(name) for name in unique)

    def entered(self, steps: tuple[Step, ...]) -> None:
        """Note that a list of steps begins here."""
        for step in steps:
            self._depths[step.name] = len(self._blocks)
            self._entries[step.name] = self.depth

    def target(self, step: str) -> Target:
        """Return where a step begins."""
        return self._targets.setdefault(step, Target())

    @contextmanager
    def inside(self, scope: Scope, block: Block) -> Generator[None, None, None]:
        """Compile the steps of a block."""
        outer, self.names.scope = self.names.scope, scope
        self._blocks.append(block)
        self.block_slots += block.slots
        yield
        self._blocks.pop()
        self.names.scope = outer

    @contextmanager
    def entry(
        self,
        kind: StepType,
        position: Position,
        *,
        name: str | None = None,
        progress: ProgressType = ProgressType.PROGRESS_TYPE_UNSPECIFIED,
        number: Count | None = None,
        expected: Count | None = None,
    ) -> Generator[None, None, None]:
        """Compile what a step entry stands for; its name is that of the step unless given."""
        if not self._recording:
            yield
            return
        mark = Mark(
            depth=self.depth,
            type=kind,
            routine=self.assembly.routine.name,
            step=name or self.assembly.step,
            progress=progress,
            number=number,
            expected=expected,
        )
        self.assembly.emit(Op.NOTE, position, mark)
        self.depth += 1
        yield
        self.depth -= 1
        self.assembly.emit(Op.DONE, position, self.depth)

    def jump(self, step: str, position: Position) -> None:
        """Write a `next`; what belongs to the blocks that it leaves is freed."""
        label = self.assembly.place("jump")
        if step == END:
            self.assembly.emit(Op.RETURN, position, null, cost=1)
            return
        depth, entries, target = self._destination(step)
        if entries < self.depth:
            # Now, while the variables of the blocks that it leaves are still there.
            self.assembly.emit(Op.DONE, position, entries)
        left = tuple(slot for block in self._blocks[depth:] for slot in block.slots)
        if left:
            self.assembly.emit(Op.CLEAR, position, left)
        self.assembly.emit(Op.JUMP, position, cost=1, next_=target, label=label)

    def _destination(self, step: str) -> tuple[int, int, Target]:
        """Return how many blocks and entries are around where a `next` leads to, and the place."""
        if step not in {_BREAK, _CONTINUE}:
            return self._depths[step], self._entries[step], self.target(step)
        depth = len(self._blocks)
        while self._blocks[depth - 1].again is None:
            depth -= 1
        loop = self._blocks[depth - 1]
        target = loop.done if step == _BREAK else loop.again
        if target is None:
            raise ValueError(step)
        return depth, loop.depth, target
