"""Steps have names of their own, and `next` leads to one that can be reached (SPEC 1.3, 1.10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, assert_never

from ringback_server.lang.expressions import Position
from ringback_server.lang.problems import Problems, nearest, shown
from ringback_server.lang.steps import (
    END,
    Assign,
    Body,
    CallStep,
    Nested,
    Raise,
    Return,
    Routine,
    Step,
    Switch,
    Try,
)

_LOOP_TARGETS: Final = ("break", "continue")


@dataclass(frozen=True, slots=True)
class _Block:
    """A list of steps, within the lists around it; equal only to itself."""

    number: int
    outer: _Block | None

    def holds(self, other: _Block) -> bool:
        """Tell whether a block is this one, or stands within it."""
        block: _Block | None = other
        while block is not None and block.number != self.number:
            block = block.outer
        return block is not None


@dataclass(frozen=True, slots=True)
class _Jump:
    """A `next`."""

    target: str
    step: str
    block: _Block
    position: Position


def check_jumps(routine: Routine, problems: Problems) -> None:
    """Check the names of a routine's steps, and its jumps."""
    walk = _Walk(routine, problems)
    for jump in walk.jumps:
        complaint = _complaint(jump, walk.blocks, routine)
        if complaint is not None:
            problems.add(complaint, jump.position, jump.step)


def _complaint(jump: _Jump, blocks: dict[str, _Block], routine: Routine) -> str | None:
    target = jump.target
    if target == END:
        return None
    if target in _LOOP_TARGETS:
        return f"'next: {target}' stands outside of a loop"
    if target not in blocks:
        hint = nearest(target, blocks)
        return f"'next' leads to '{shown(target)}', but '{routine.name}' has no such step{hint}"
    if not blocks[target].holds(jump.block):
        return f"'next' leads to '{shown(target)}', into a block of steps from outside"
    return None


class _Walk:
    """Collects the steps of a routine with their blocks, and its jumps."""

    def __init__(self, routine: Routine, problems: Problems) -> None:
        self.blocks: dict[str, _Block] = {}
        self.jumps: list[_Jump] = []
        self._lines: dict[str, int] = {}
        self._problems = problems
        self._count = 0
        self._steps(routine.steps, None)

    def _steps(self, steps: tuple[Step, ...], outer: _Block | None) -> None:
        self._count += 1
        block = _Block(self._count, outer)
        for step in steps:
            self._register(step, block)
            if step.next is not None:
                self.jumps.append(_Jump(step.next, step.name, block, step.position))
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
                self._body(body.body, step, block)
                if body.handler is not None:
                    self._steps(body.handler.steps, block)
            case Assign() | CallStep() | Return() | Raise():
                pass
            case _:
                assert_never(body)

    def _switch(self, body: Switch, step: str, block: _Block) -> None:
        for case in body.cases:
            if case.next is not None:
                self.jumps.append(_Jump(case.next, step, block, case.position))
            if case.body is not None:
                self._body(case.body, step, block)
