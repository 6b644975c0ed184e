"""The same program as a build would have it that numbers its instructions differently."""

from __future__ import annotations

from ringback_server.lang.program import Fork, Instruction, Op, Program, RoutineCode
from tests.replacing import replace

#: instructions in front of each one; nothing leads there
_GAP = 2

#: operands that are instructions, beside the one that follows
_TARGETS = {Op.TEST: 5, Op.BRANCH: 4, Op.RETRY: 7}


def padded(program: Program) -> Program:
    """Return a program with gaps between its instructions."""
    routines = {name: RoutineCode(name=name) for name in program.routines}
    for name, routine in program.routines.items():
        _fill(routines[name], routine, routines)
    return Program(routines)


def _moved(pc: int) -> int:
    return pc * (_GAP + 1) + _GAP


def _fill(new: RoutineCode, old: RoutineCode, routines: dict[str, RoutineCode]) -> None:
    for pc, instruction in enumerate(old.code):
        nothing = (int(Op.JUMP), 0, _moved(pc))
        new.code += [*[nothing] * _GAP, _rewritten(instruction, routines)]
        new.steps += [old.steps[pc]] * (_GAP + 1)
        new.positions += [old.positions[pc]] * (_GAP + 1)
    new.parameters, new.slots, new.temporaries = old.parameters, old.slots, old.temporaries
    new.labels = {label: _moved(pc) for label, pc in old.labels.items()}
    new.places = {_moved(pc): label for pc, label in old.places.items()}
    new.handlers = [
        replace(
            handler,
            start=_moved(handler.start),
            end=_moved(handler.end),
            target=_moved(handler.target),
        )
        for handler in old.handlers
    ]


def _rewritten(instruction: Instruction, routines: dict[str, RoutineCode]) -> Instruction:
    parts = list(instruction)
    parts[2] = _moved(parts[2])
    op = Op(parts[0])
    if op in _TARGETS:
        parts[_TARGETS[op]] = _moved(parts[_TARGETS[op]])
    elif op is Op.CALL:
        parts[4] = routines[parts[4].name]
    elif op is Op.FORK:
        parts[3] = _fork(parts[3])
    return tuple(parts)


def _fork(fork: Fork) -> Fork:
    return replace(
        fork,
        branches=[replace(branch, start=_moved(branch.start)) for branch in fork.branches],
    )
