"""Errors on their way up: stack traces, handlers, and what an execution fails with."""

from __future__ import annotations

from ringback_server.lang import branches, history
from ringback_server.lang.errors import WorkflowError, headline, type_error
from ringback_server.lang.host import Host
from ringback_server.lang.memory import clear, share, store
from ringback_server.lang.program import Handler
from ringback_server.lang.strands import Frame, State, Strand
from ringback_server.lang.values import List, Map, Value, to_json
from ringback_server.model.resources import Failure, StackFrame, StepPlace
from ringback_server.model.steps import StepState

#: what is kept of an error that is too large, each as JSON text of at most so many characters
_KEPT = ("message", "tags", "code")
_KEPT_CHARACTERS = 4_096
#: of the first line of a context, which may repeat the error
_HEADLINE_CHARACTERS = 64 * 1024
#: of the JSON text of an error in a step entry
_RECORDED_BYTES = 4_096


def unwind(state: State, strand: Strand, error: WorkflowError) -> bool:
    """Take an error to the innermost handler and return True, or end what it ends.

    That is the strand if it is a branch, and the machine if it is not or if nothing may catch it.
    """
    place = strand.frames[-1].routine.place(strand.frames[-1].pc)
    if error.trace is None:
        error.trace = _trace(strand, error)
    if error.trace:
        place = StepPlace(error.trace[0].routine, error.trace[0].step)
    try:
        if error.catchable and _handled(state.host, strand, error):
            return True
        if error.catchable and strand.parent is not None:
            branches.fail(state, strand, error)
            return False
    except WorkflowError as worse:
        _end(state, strand, worse, place)
    else:
        _end(state, strand, error, place)
    return False


def value_carried(carried: Value) -> Value:
    """Return the error value inside what a hidden variable carries."""
    return carried["value"] if isinstance(carried, Map) else None


def error_carried(carried: Value) -> WorkflowError:
    """Return the error that a hidden variable carries, with the trace it had."""
    error = WorkflowError(value_carried(carried))
    frames = carried["trace"] if isinstance(carried, Map) else None
    if isinstance(frames, List):
        error.trace = tuple(_unpacked(frame) for frame in frames)
    return error


def failure_of(error: WorkflowError, limit: int) -> Failure:
    """Return what an execution fails with when nothing catches an error (SPEC 3.3).

    Of an error of more than `limit` bytes of JSON the message, the tags and the code are kept, or
    the beginning if it is a string: the error of a child is text within that of its parent, where
    it grows with every generation.
    """
    stack, value = error.trace or (), error.value
    try:
        payload = to_json(value)
        size = len(payload.encode())
    except (TypeError, ValueError) as reason:
        value = type_error(f"the error cannot be encoded: {reason}").value
        payload = to_json(value)
        size = len(payload)
    if size > limit:
        value = _reduced(value)
        payload = to_json(value)
    first = headline(value)[:_HEADLINE_CHARACTERS]
    lines = [f'in step "{at.step}", routine "{at.routine}", line: {at.line}' for at in stack]
    return Failure(payload=payload, context="\n".join([first, *lines]), stack=stack)


def _reduced(value: Value) -> Value:
    if not isinstance(value, Map):
        return value[:_KEPT_CHARACTERS] if isinstance(value, str) else None
    return Map.of([(key, kept) for key in _KEPT if (kept := _kept(value.get(key))) is not None])


def _kept(value: Value) -> Value:
    """Return the beginning of a string, another value if it is small, and else None."""
    if isinstance(value, str):
        return value[:_KEPT_CHARACTERS]
    return value if len(to_json(value)) <= _KEPT_CHARACTERS else None


def _end(state: State, strand: Strand, error: WorkflowError, place: StepPlace) -> None:
    """End the execution with an error."""
    history.fail_all(state, strand, _recorded(state.host, error))
    state.fail(failure_of(error, state.host.limits.result_bytes), place)


def _recorded(host: Host, error: WorkflowError) -> str | None:
    """Return what a step entry says of an error, if entries are recorded at all."""
    return None if host.history is None else failure_of(error, _RECORDED_BYTES).payload


def _trace(strand: Strand, error: WorkflowError) -> tuple[StackFrame, ...]:
    innermost, *callers = reversed(strand.frames)
    return (
        innermost.routine.frame(innermost.pc, error.position),
        *[caller.routine.frame(caller.pc, None) for caller in callers],
    )


def _handled(host: Host, strand: Strand, error: WorkflowError) -> bool:
    told = _recorded(host, error)
    while True:
        frame = strand.frames[-1]
        clear(frame.slots, frame.routine.temporaries)
        handler = _handler(frame)
        if handler is not None:
            history.close(host, frame, handler.depth, StepState.STATE_FAILED, told)
            value = _carried(host, error) if handler.carried else error.value
            clear(frame.slots, handler.left)
            frame.pc = handler.target
            if handler.slot:
                store(frame.slots, handler.slot, value)
            return True
        told = history.close(host, frame, 0, StepState.STATE_FAILED, told)
        if len(strand.frames) == 1:
            return False
        host.memory -= frame.size
        strand.frames.pop()


def _handler(frame: Frame) -> Handler | None:
    # those around a parallel step are its parent's business
    outermost = 0 if frame.branch is None else frame.branch.start
    for handler in frame.routine.handlers:
        if outermost <= handler.start <= frame.pc < handler.end:
            return handler
    return None


def _carried(host: Host, error: WorkflowError) -> Map:
    """Return an error as a value, for the time in which it is decided what becomes of it."""
    share(host, error.value)
    frames = [
        List.of((at.step, at.routine, at.line, at.column, at.length)) for at in error.trace or ()
    ]
    return Map.of([("value", error.value), ("trace", List.of(frames))])


def _unpacked(frame: Value) -> StackFrame:
    match frame:
        case [str(step), str(routine), int(line), int(column), int(length)]:
            return StackFrame(step=step, routine=routine, line=line, column=column, length=length)
        case _:
            raise TypeError(frame)
