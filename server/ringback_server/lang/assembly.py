"""Writing the instructions of one routine: labels, slots, jumps.

Linking folds every jump, with its cost, into the instructions that lead to it, so that a loop
never executes one. A backward jump stays if nothing at its target would notice the end of a
slice: no loop may escape.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ringback_server.lang.expressions import Position
from ringback_server.lang.program import START, Handler, Instruction, Op, RoutineCode

#: instructions that look at the slice before they run
_CHECKED = frozenset({Op.TEST, Op.CALL, Op.ASK})


@dataclass(slots=True, eq=False)
class Target:
    """An instruction that something leads to; its index is known once it is written."""

    pc: int = -1


class Assembly:
    """The instructions of one routine, in the making."""

    def __init__(self, routine: RoutineCode) -> None:
        self.routine = routine
        #: the innermost step that is being written
        self.step = ""
        self._code: list[list[Any]] = []
        self._ordinals: Counter[str] = Counter()
        self._temporaries: set[str] = set()

    @property
    def here(self) -> int:
        """The index of the next instruction."""
        return len(self._code)

    @property
    def last_slot(self) -> int:
        """The last slot that a variable has so far."""
        return len(self.routine.slots)

    @contextmanager
    def inside(self, step: str) -> Generator[None, None, None]:
        """Write the instructions of a step."""
        outer, self.step = self.step, step
        yield
        self.step = outer

    def place(self, kind: str) -> str:
        """Name a place of the current step: kind, and ordinal in source order."""
        key = f"{self.step}/{kind}"
        ordinal = self._ordinals[key]
        self._ordinals[key] += 1
        return f"{key}.{ordinal}"

    def slot(self, name: str) -> int:
        """Return the slot of a variable, by its unique name."""
        return self.routine.slots.setdefault(name, len(self.routine.slots) + 1)

    def temporary(self, place: str) -> str:
        """Declare a variable that is read once, and return its name."""
        name = f"%{place}"
        self._temporaries.add(name)
        self.slot(name)
        return name

    def is_temporary(self, name: str) -> bool:
        """Tell whether a variable is read only once."""
        return name in self._temporaries

    def emit(
        self,
        op: Op,
        position: Position,
        *operands: object,
        cost: int = 0,
        next_: Target | None = None,
        label: str | None = None,
    ) -> None:
        """Write an instruction; it leads to the following one unless `next_` is given."""
        if label is not None:
            self.routine.labels[label] = self.here
            self.routine.places[self.here] = label
        following = self.here + 1 if next_ is None else next_
        self._code.append([op, cost, following, *operands])
        self.routine.steps.append(self.step)
        self.routine.positions.append(position)

    def mark(self, target: Target) -> None:
        """Let a target be the next instruction."""
        target.pc = self.here

    def handle(
        self,
        start: int,
        end: int,
        slot: int,
        left: tuple[int, ...],
        *,
        carried: bool,
        depth: int = 0,
    ) -> None:
        """Send errors of a stretch of instructions to the next one; `left` is what they free."""
        handler = Handler(
            start=start,
            end=end,
            target=self.here,
            slot=slot,
            carried=carried,
            left=left,
            depth=depth,
        )
        self.routine.handlers.append(handler)

    def link(self) -> None:
        """Resolve targets and fold jumps; the routine is complete."""
        for draft in self._code:
            draft[2:] = [item.pc if isinstance(item, Target) else item for item in draft[2:]]
        self.routine.code = [self._linked(draft) for draft in self._code]
        self.routine.labels[START] = 0
        self.routine.places.setdefault(0, START)
        self.routine.temporaries = tuple(
            sorted(self.routine.slots[name] for name in self._temporaries)
        )

    def _linked(self, draft: list[Any]) -> Instruction:
        op, cost, following, *operands = draft
        following, jumped = self._end_of_jumps(following)
        if op is Op.TEST:
            condition, cost_false, false = operands
            false, jumped_false = self._end_of_jumps(false)
            operands = [condition, cost_false + jumped_false, false]
        return (int(op), cost + jumped, following, *operands)

    def _end_of_jumps(self, pc: int) -> tuple[int, int]:
        cost = 0
        while pc < len(self._code) and self._code[pc][0] is Op.JUMP and self._foldable(pc):
            cost += self._code[pc][1]
            pc = self._code[pc][2]
        return pc, cost

    def _foldable(self, pc: int) -> bool:
        target = self._code[pc][2]
        return target > pc or self._code[target][0] in _CHECKED
