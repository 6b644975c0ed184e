"""Running a strand, instruction by instruction."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ringback_server.lang import branches, history
from ringback_server.lang.encoding import encoded
from ringback_server.lang.errors import (
    WorkflowError,
    recursion_error,
    resource_limit_error,
    type_error,
)
from ringback_server.lang.failures import error_carried, unwind, value_carried
from ringback_server.lang.host import Host
from ringback_server.lang.memory import append, clear, plain, share, store, store_below
from ringback_server.lang.program import Evaluate, Instruction, Op, RoutineCode
from ringback_server.lang.retrying import delay
from ringback_server.lang.stdlib import FUNCTIONS
from ringback_server.lang.stdlib.registry import Block, Omitted
from ringback_server.lang.strands import Frame, State, Strand, Then
from ringback_server.lang.values import Map, Reference, Value, type_name


def run(state: State, strand: Strand) -> None:
    """Run a strand until it is blocked or done, or until the slice is used up."""
    going = True
    while going:
        try:
            going = _run_frame(state, strand)
        except WorkflowError as error:
            going = unwind(state, strand, error)


def complete(frame: Frame, value: Value) -> None:
    """Give the calling instruction of a frame its result, and go on behind it."""
    instruction = frame.routine.code[frame.pc]
    if instruction[3]:
        store(frame.slots, instruction[3], value)
    frame.pc = instruction[2]


def _run_frame(state: State, strand: Strand) -> bool:
    """Run the innermost frame; return whether another frame is to be run now.

    What loops execute is written out here, everything else is a function in a table. Numbers
    stand for the operations because looking up a name costs as much as the whole comparison.
    """
    host = state.host
    frame = strand.frames[-1]
    code, slots, pc, steps = frame.routine.code, frame.slots, frame.pc, host.steps
    try:
        while True:
            instruction = code[pc]
            op = instruction[0]
            if op == 0:  # SET
                _, cost, following, slot, evaluate = instruction
                value = evaluate(slots)
                if type(value) is int and type(slots[slot]) is int:
                    slots[slot] = value
                else:
                    store(slots, slot, value)
                steps += cost
                pc = following
            elif op == 1:  # TEST
                if steps >= host.stop:
                    return False
                _, cost, following, evaluate, cost_false, false = instruction
                value = evaluate(slots)
                if value is True:
                    steps += cost
                    pc = following
                elif value is False:
                    steps += cost_false
                    pc = false
                else:
                    raise type_error(f"a condition must be boolean, not {type_name(value)}")
            else:
                steps += instruction[1]
                host.steps, frame.pc = steps, pc
                then = _OPERATIONS[op](state, strand, frame, instruction)
                pc, steps = frame.pc, host.steps
                if then is not Then.STAY:
                    return then is Then.SWITCH
    finally:
        frame.pc, host.steps = pc, steps


def _slice_over(host: Host, instruction: Instruction) -> bool:
    """Tell whether to stop before an instruction, and then take back what it counted."""
    cost = instruction[1]
    if host.steps - cost < host.stop:
        return False
    host.steps -= cost
    return True


def _jump(state: State, _strand: Strand, frame: Frame, instruction: Instruction) -> Then:
    if instruction[2] <= frame.pc and _slice_over(state.host, instruction):
        return Then.STOP
    frame.pc = instruction[2]
    return Then.STAY


def _branch(_state: State, _strand: Strand, frame: Frame, instruction: Instruction) -> Then:
    _, _, following, slot, false = instruction
    frame.pc = following if frame.slots[slot] else false
    return Then.STAY


def _put(_state: State, _strand: Strand, frame: Frame, instruction: Instruction) -> Then:
    _, _, following, slot, keys, evaluate = instruction
    value = evaluate(frame.slots)
    store_below(frame.slots, slot, [key(frame.slots) for key in keys], value)
    frame.pc = following
    return Then.STAY


def _append(state: State, _strand: Strand, frame: Frame, instruction: Instruction) -> Then:
    """Run `x: ${list.concat(x, value)}` without copying a list that nobody else can see."""
    _, _, following, slot, evaluate, concat = instruction
    value = evaluate(frame.slots)
    if not append(frame.slots, slot, value):
        concat(state.host, [plain(frame.slots[slot]), value])
    frame.pc = following
    return Then.STAY


def _begin(_state: State, _strand: Strand, frame: Frame, instruction: Instruction) -> Then:
    for slot, value in zip(instruction[3], instruction[4](frame.slots), strict=True):
        store(frame.slots, slot, value)
    frame.pc = instruction[2]
    return Then.STAY


def _charge(state: State, _strand: Strand, frame: Frame, instruction: Instruction) -> Then:
    state.host.charge(instruction[3])
    frame.pc = instruction[2]
    return Then.STAY


def _clear(_state: State, _strand: Strand, frame: Frame, instruction: Instruction) -> Then:
    clear(frame.slots, instruction[3])
    frame.pc = instruction[2]
    return Then.STAY


def _call(state: State, strand: Strand, frame: Frame, instruction: Instruction) -> Then:
    if _slice_over(state.host, instruction):
        return Then.STOP
    routine: RoutineCode = instruction[4]
    arguments: Sequence[Evaluate | None] = instruction[5]
    values = [Omitted.OMITTED if value is None else value(frame.slots) for value in arguments]
    _enter(state, strand, routine, values)
    return Then.SWITCH


def _enter(
    state: State, strand: Strand, routine: RoutineCode, values: Sequence[Value | Omitted]
) -> None:
    """Push a frame; parameters without an argument get their default."""
    depth = state.host.limits.call_depth
    calls = len(strand.frames)
    if strand.parent is not None:
        calls = 1 + sum(len(one.frames) - 1 for one in state.line(strand))
    if calls > depth:
        raise recursion_error(depth)
    frame = Frame.of(routine, state.host)
    for parameter, value in zip(routine.parameters, values, strict=True):
        given = parameter.default(frame.slots) if isinstance(value, Omitted) else value
        store(frame.slots, parameter.slot, given)
    strand.frames.append(frame)


def _invoke(state: State, strand: Strand, frame: Frame, instruction: Instruction) -> Then:
    host = state.host
    host.routine, host.pc = frame.routine, frame.pc
    function, arguments = instruction[4], instruction[5]
    values = [Omitted.OMITTED if value is None else value(frame.slots) for value in arguments]
    result = function.invoke(host, values)
    if isinstance(result, Block):
        state.suspend(strand, result)
        return Then.STOP
    complete(frame, result)
    return Then.STAY


def _return(state: State, strand: Strand, frame: Frame, instruction: Instruction) -> Then:
    host = state.host
    value: Value = instruction[3](frame.slots)
    if len(strand.frames) == 1:
        result = encoded(value)
        if len(result.encode()) > host.limits.result_bytes:
            raise resource_limit_error("Result size limit exceeded")
        history.close(host, frame)
        state.succeed(result, frame.routine.place(frame.pc))
        return Then.STOP
    history.close(host, frame)
    share(host, value)
    host.memory -= frame.size
    strand.frames.pop()
    complete(strand.frames[-1], value)
    return Then.SWITCH


def _raise(_state: State, _strand: Strand, frame: Frame, instruction: Instruction) -> Then:
    value: Value = instruction[3](frame.slots)
    if isinstance(value, (Map, str)):
        raise WorkflowError(value)
    raise type_error(f"only a string or a map can be raised, not {type_name(value)}")


def _ask(state: State, strand: Strand, frame: Frame, instruction: Instruction) -> Then:
    """Ask a retry predicate, a routine or a library function with one parameter."""
    if _slice_over(state.host, instruction):
        return Then.STOP
    predicate: Value = instruction[4](frame.slots)
    error = value_carried(frame.slots[instruction[5]])
    if predicate is None:
        predicate = Reference("retry.always")
    if not isinstance(predicate, Reference):
        raise type_error(f"a retry predicate must be a function, not {type_name(predicate)}")
    routine = state.program.routines.get(predicate.name)
    known = FUNCTIONS[predicate.name] if routine is None else routine
    if len(known.parameters) != 1:
        raise type_error(f"the retry predicate {predicate.name} must have one parameter")
    if routine is not None:
        _enter(state, strand, routine, [error])
        return Then.SWITCH
    complete(frame, FUNCTIONS[predicate.name].value(state.host, [error]))
    return Then.STAY


def _retry(state: State, strand: Strand, frame: Frame, instruction: Instruction) -> Then:
    _, _, given_up, answer_slot, error_slot, attempts_slot, policy, _ = instruction
    slots = frame.slots
    answer: Value = slots[answer_slot]
    if not isinstance(answer, bool):
        raise type_error(f"a retry predicate must return a boolean, not {type_name(answer)}")
    attempt = slots[attempts_slot] + 1
    seconds = delay(policy, slots, attempt) if answer else None
    if seconds is None:
        frame.pc = given_up
        return Then.STAY
    slots[attempts_slot] = attempt
    clear(slots, (error_slot,))
    # Without a delay too: a loop of retries must notice the end of its slice.
    state.suspend(strand, Block(deadline=state.host.after(seconds)))
    return Then.STOP


def _catch(_state: State, _strand: Strand, frame: Frame, instruction: Instruction) -> Then:
    _, _, following, error_slot, slot = instruction
    value = value_carried(frame.slots[error_slot])
    clear(frame.slots, (error_slot,))
    store(frame.slots, slot, value)
    frame.pc = following
    return Then.STAY


def _reraise(_state: State, _strand: Strand, frame: Frame, instruction: Instruction) -> Then:
    carried = frame.slots[instruction[3]]
    clear(frame.slots, (instruction[3],))
    # Not by way of a variable: the error would hold this frame, and this frame the error.
    raise error_carried(carried)


_Operation = Callable[[State, Strand, Frame, Instruction], Then]

_OPERATIONS: dict[int, _Operation] = {
    Op.JUMP: _jump,
    Op.CALL: _call,
    Op.ASK: _ask,
    Op.BRANCH: _branch,
    Op.PUT: _put,
    Op.APPEND: _append,
    Op.INVOKE: _invoke,
    Op.RETURN: _return,
    Op.RAISE: _raise,
    Op.RETRY: _retry,
    Op.CATCH: _catch,
    Op.RERAISE: _reraise,
    Op.CLEAR: _clear,
    Op.BEGIN: _begin,
    Op.FORK: branches.fork,
    Op.JOIN: branches.join,
    Op.CHARGE: _charge,
    Op.NOTE: history.note,
    Op.DONE: history.done,
}
