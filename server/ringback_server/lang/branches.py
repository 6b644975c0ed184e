"""Parallel steps: strands for their branches, and what comes of them (SPEC 1.11, 10.7).

The instruction FORK starts branches and joins them. It runs again whenever a strand has ended,
starts what there is room for, and leads on once no branch is left. Room is what the step's own
limit and the execution's allow; a branch that itself waits for branches takes none, so that one of
its own can always run.
"""

from __future__ import annotations

from ringback_server.lang.errors import (
    WorkflowError,
    parallel_nesting_error,
    unhandled_branch_error,
)
from ringback_server.lang.memory import Cell, clear, share, store
from ringback_server.lang.program import Fork, Instruction
from ringback_server.lang.strands import Frame, State, Strand, Then
from ringback_server.lang.values import List, Map, Value
from ringback_server.model.resources import StackFrame

#: how much work a strand is to begin and end, in steps
_WORK = 20
_CONTEXT = 'RuntimeError: "branch error"'


def fork(state: State, strand: Strand, frame: Frame, instruction: Instruction) -> Then:
    """Start branches, or go on behind the last one."""
    step: Fork = instruction[3]
    depth = state.host.limits.parallel_depth
    if sum(1 for _ in state.line(strand)) > depth:
        raise parallel_nesting_error(depth)
    share_variables(step, frame)
    running = sum(other.parent == strand.id for other in state.strands.values())
    room = _room(state, strand, step, running)
    while room > 0 and state.host.steps < state.host.stop and _start(state, strand, step):
        running, room = running + 1, room - 1
    if running:
        strand.joining = room <= 0 or not _left(step, frame)
        return Then.STOP
    if _left(step, frame):
        return Then.STOP
    _join(step, frame)
    frame.pc = instruction[2]
    return Then.STAY


def join(state: State, strand: Strand, _frame: Frame, _instruction: Instruction) -> Then:
    """End a branch at the end of its steps."""
    state.end(strand)
    return Then.STOP


def fail(state: State, strand: Strand, error: WorkflowError) -> None:
    """End a branch with an error that nothing in it caught; its parent collects it."""
    if strand.parent is None:
        raise ValueError(strand.id)
    frame = state.strands[strand.parent].frames[-1]
    step: Fork = frame.routine.code[frame.pc][3]
    state.end(strand)
    errors: Value = frame.slots[step.slots[2]]
    limit = state.host.limits.branch_errors
    if not isinstance(errors, List) or len(errors) > limit:
        return
    # one more than the limit says that there were more
    entry = _entry(step, strand.number, error) if len(errors) < limit else None
    share(state.host, error.value)
    store(frame.slots, step.slots[2], errors.appended(entry))


def has_branch(step: Fork, number: int) -> bool:
    """Tell whether a parallel step has a branch or iteration of a number."""
    return number >= 0 and (step.iterations is not None or number < len(step.branches))


def share_variables(step: Fork, frame: Frame) -> None:
    """Put the shared variables of a parallel step into cells, if they are not in any."""
    for slot in step.cells:
        if not isinstance(frame.slots[slot], Cell):
            frame.slots[slot] = Cell(frame.slots[slot])


def strand_of(parent: Strand, number: int, name: int) -> Strand:
    """Return a strand called `name` at the beginning of a branch of the step its parent is at."""
    frame = parent.frames[-1]
    step: Fork = frame.routine.code[frame.pc][3]
    branch = step.branches[number if step.iterations is None else 0]
    inner = Frame(frame.routine, list(frame.slots), branch.start, branch)
    return Strand(id=name, parent=parent.id, number=number, frames=[inner])


def _room(state: State, strand: Strand, step: Fork, running: int) -> int:
    limit = strand.frames[-1].slots[step.slots[0]]
    busy = sum(
        other.parent is not None and not other.joining and other is not strand
        for other in state.strands.values()
    )
    room = state.host.limits.branches - busy
    return room if limit is None else min(room, limit - running)


def _start(state: State, strand: Strand, step: Fork) -> bool:
    """Start the next branch, if there is one."""
    slots = strand.frames[-1].slots
    number = slots[step.slots[1]]
    if not _left(step, strand.frames[-1]):
        return False
    started = strand_of(strand, number, state.next_strand)
    loop = step.iterations
    if loop is not None:
        inner = started.frames[0].slots
        store(inner, loop.value, _value(step, strand.frames[-1], number))
        if loop.index:
            store(inner, loop.index, number)
    slots[step.slots[1]] = number + 1
    state.strands[started.id] = started
    state.next_strand += 1
    state.host.steps += 1
    state.host.charge(_WORK)
    return True


def _left(step: Fork, frame: Frame) -> bool:
    """Tell whether a branch or iteration has not begun yet."""
    slots, number = frame.slots, frame.slots[step.slots[1]]
    if step.iterations is None:
        return bool(number < len(step.branches))
    if len(step.source) == 1:
        return bool(number < len(slots[step.source[0]]))
    return bool(slots[step.source[0]] + number <= slots[step.source[1]])


def _value(step: Fork, frame: Frame, number: int) -> Value:
    source: Value = frame.slots[step.source[0]]
    if isinstance(source, List):
        return source[number]
    return source + number if isinstance(source, (int, float)) else None


def _join(step: Fork, frame: Frame) -> None:
    """Take the shared variables out of their cells; raises the error of failed branches."""
    slots = frame.slots
    for slot in step.cells:
        slots[slot] = slots[slot].value
    errors: Value = slots[step.slots[2]]
    clear(slots, (*step.slots, *step.source))
    if isinstance(errors, List) and errors:
        listed = [entry for entry in errors if isinstance(entry, Map)]
        listed.sort(key=lambda entry: _order(step, entry["id"]))
        raise unhandled_branch_error(listed, truncated=len(listed) < len(errors))


def _order(step: Fork, name: Value) -> int:
    if step.iterations is not None:
        return int(str(name))
    return [branch.name for branch in step.branches].index(str(name))


def _entry(step: Fork, number: int, error: WorkflowError) -> Map:
    stack: tuple[StackFrame, ...] = error.trace or ()
    lines = [f'in step "{at.step}", routine "{at.routine}", line: {at.line}' for at in stack[:1]]
    context = "\n".join([_CONTEXT, *lines])
    name = str(number) if step.iterations is not None else step.branches[number].name
    told = Map.of([("context", context), ("payload", error.value)])
    return Map.of([("id", name), ("error", told)])
