"""Steps have names of their own, and `next` leads to one that can be reached.

A jump may leave a list of steps but not enter one, and nothing leaves a branch of a parallel
step but its end (SPEC 1.3, 1.7, 1.10, 1.11).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, assert_never

from ringback_server.lang.expressions import Position
from ringback_server.lang.problems import Problems, nearest, shown
from ringback_server.lang.steps import (
    END,
    Assign,
    Body,
    CallStep,
    For,
    Nested,
    Parallel,
    Raise,
    Return,
    Routine,
    Step,
    Switch,
    Try,
)

_LOOP_TARGETS: Final = ("break", "continue")
_OUT_OF_BRANCH: Final = "out of a branch of a parallel step"


class _Kind(Enum):
    """What a list of steps is the inside of."""

    PLAIN = auto()
    LOOP = auto()
    BRANCH = auto()
    ITERATION = auto()  #: of a parallel loop


_BRANCHES: Final = (_Kind.BRANCH, _Kind.ITERATION)


@dataclass(frozen=True, slots=True)
class _Block:
    """A list of steps, within the lists around it."""

    number: int
    outer: _Block | None
    kind: _Kind

    def outwards(self) -> Iterator[_Block]:
        """Yield this block and those around it, innermost first."""
        block: _Block | None = self
        while block is not None:
            yield block
            block = block.outer

    def holds(self, other: _Block) -> bool:
        """Tell whether a block is this one, or stands within it."""
        return any(block.number == self.number for block in other.outwards())

    def leaves_branch(self, to: _Block | None) -> bool:
        """Tell whether a branch ends on the way out to another block, or out of the routine."""
        for block in self.outwards():
            if to is not None and block.number == to.number:
                return False
            if block.kind in _BRANCHES:
                return True
        return False


@dataclass(frozen=True, slots=True)
class _Jump:
    """A `next`."""

    target: str
    step: str
    block: _Block
    position: Position


def check_jumps(routine: Routine, problems: Problems) -> None:
    """Check the names of a routine's steps, its jumps, and where it returns."""
    walk = _Walk(routine, problems)
    for jump in walk.jumps:
        complaint = _complaint(jump, walk.blocks, routine)
        if complaint is not None:
            problems.add(complaint, jump.position, jump.step)


def _complaint(jump: _Jump, blocks: dict[str, _Block], routine: Routine) -> str | None:
    target, complaint = jump.target, None
    if target == END:
        if jump.block.leaves_branch(None):
            complaint = f"'next: end' leads {_OUT_OF_BRANCH}"
    elif target in _LOOP_TARGETS:
        complaint = _loop_complaint(target, jump.block)
    elif target not in blocks:
        hint = nearest(target, blocks)
        name = shown(routine.name)
        complaint = f"'next' leads to '{shown(target)}', but '{name}' has no such step{hint}"
    elif not blocks[target].holds(jump.block):
        complaint = f"'next' leads to '{shown(target)}', into a block of steps from outside"
    elif jump.block.leaves_branch(blocks[target]):
        complaint = f"'next' leads to '{shown(target)}', {_OUT_OF_BRANCH}"
    return complaint


def _loop_complaint(target: str, inner: _Block) -> str | None:
    for block in inner.outwards():
        match block.kind:
            case _Kind.LOOP:
                return None
            case _Kind.ITERATION:
                # an iteration may end early, but it cannot end the others
                return None if target == "continue" else f"'next: break' leads {_OUT_OF_BRANCH}"
            case _Kind.BRANCH:
                return f"'next: {target}' leads {_OUT_OF_BRANCH}"
            case _Kind.PLAIN:
                pass
    return f"'next: {target}' stands outside of a loop"


class _Walk:
    """Collects the steps of a routine with their blocks, and its jumps."""

    def __init__(self, routine: Routine, problems: Problems) -> None:
        self.blocks: dict[str, _Block] = {}
        self.jumps: list[_Jump] = []
        self._lines: dict[str, int] = {}
        self._problems = problems
        self._count = 0
        self._steps(routine.steps, None)

    def _steps(
        self, steps: tuple[Step, ...], outer: _Block | None, kind: _Kind = _Kind.PLAIN
    ) -> None:
        self._count += 1
        block = _Block(self._count, outer, kind)
        for step in steps:
            self._register(step, block)
            if step.next is not None:
                place = step.next_position or step.position
                self.jumps.append(_Jump(step.next, step.name, block, place))
            if step.body is not None:
                self._body(step.body, step.name, block)

    def _register(self, step: Step, block: _Block) -> None:
        if step.name in self._lines:
            message = f"duplicate step name; the first is in line {self._lines[step.name]}"
            self._problems.add(message, step.position, step.name)
            return
        self._lines[step.name] = step.position.line
        self.blocks[step.name] = block

    def _body(self, body: Body, step: str, block: _Block) -> None:
        match body:
            case Nested():
                self._steps(body.steps, block)
            case Switch():
                self._switch(body, step, block)
            case Try():
                self._try(body, step, block)
            case For():
                self._steps(body.steps, block, _Kind.LOOP)
            case Parallel():
                self._parallel(body, block)
            case Return():
                self._return(body, step, block)
            case Assign() | CallStep() | Raise():
                pass
            case _:
                assert_never(body)

    def _switch(self, body: Switch, step: str, block: _Block) -> None:
        for case in body.cases:
            if case.next is not None:
                place = case.next_position or case.position
                self.jumps.append(_Jump(case.next, step, block, place))
            if case.body is not None:
                self._body(case.body, step, block)

    def _try(self, body: Try, step: str, block: _Block) -> None:
        self._body(body.body, step, block)
        if body.handler is not None:
            self._steps(body.handler.steps, block)

    def _parallel(self, body: Parallel, block: _Block) -> None:
        for branch in body.branches:
            self._steps(branch.steps, block, _Kind.BRANCH)
        if body.for_ is not None:
            self._steps(body.for_.steps, block, _Kind.ITERATION)

    def _return(self, body: Return, step: str, block: _Block) -> None:
        if block.leaves_branch(None):
            self._problems.add(f"'return' leads {_OUT_OF_BRANCH}", body.position, step)
