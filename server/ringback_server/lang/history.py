"""Recording which steps ran, for executions whose history is wanted (SPEC 6.3).

A program has two builds. Only the recording one has the instructions NOTE, which begins an entry,
and DONE, which ends what is open inside; executions without history run the other one and pay
nothing. Both have the same places, so that states are the same for both.

Each frame keeps the entries that are open in it, outermost first. How many belong there is known
where the program is compiled, so that no jump leaves any open that it left behind.
"""

from __future__ import annotations

from collections.abc import Iterator

from ringback_server.lang.host import Host
from ringback_server.lang.memory import plain
from ringback_server.lang.program import Instruction, Mark
from ringback_server.lang.strands import Frame, State, Strand, Then
from ringback_server.lang.values import Value
from ringback_server.model.steps import StepState

#: how much recording takes, in steps: of an entry, and of so many bytes of variables
_WORK = 1
_BYTES_PER_STEP = 500


def note(state: State, strand: Strand, frame: Frame, instruction: Instruction) -> Then:
    """Begin an entry."""
    history, mark = state.host.history, instruction[3]
    if history is not None and isinstance(mark, Mark):
        close(state.host, frame, mark.depth)
        opened = frame.open = frame.open or []
        opened.append(
            history.begin(
                mark,
                state.host.now,
                parent=opened[-1] if opened else _outside(state, strand),
                thread=strand.id,
                number=0 if mark.number is None else mark.number(strand.number, frame.slots),
                expected=_expected(mark, frame) if history.detailed else 0,
            )
        )
        state.host.charge(_WORK)
    frame.pc = instruction[2]
    return Then.STAY


def done(state: State, _strand: Strand, frame: Frame, instruction: Instruction) -> Then:
    """End the entries that are open inside of this place."""
    close(state.host, frame, instruction[3])
    frame.pc = instruction[2]
    return Then.STAY


def close(
    host: Host,
    frame: Frame,
    depth: int = 0,
    state: StepState = StepState.STATE_SUCCEEDED,
    exception: str | None = None,
) -> str | None:
    """End the entries of a frame that are deeper than `depth`, innermost first.

    The first of them takes the exception; return it if there is none.
    """
    history, opened = host.history, frame.open
    if history is None or not opened:
        return exception
    keep = max(0, depth - frame.base)
    if len(opened) <= keep:
        return exception
    before = history.bytes
    seen = history.see(_variables(frame)) if history.detailed and any(opened[keep:]) else None
    host.charge((history.bytes - before) // _BYTES_PER_STEP)
    while len(opened) > keep:
        entry = opened.pop()
        if entry:
            history.end(entry, host.now, state, exception, seen)
            exception = None
    return exception


def fail_all(state: State, strand: Strand, exception: str | None) -> None:
    """End all that is open in a strand and in those that wait for it, because all has failed."""
    for one in state.line(strand):
        for frame in reversed(one.frames):
            exception = close(state.host, frame, 0, StepState.STATE_FAILED, exception)


def _outside(state: State, strand: Strand) -> int:
    """Return the entry that a frame without open ones is inside of: that of its call or fork."""
    if len(strand.frames) > 1:
        caller = strand.frames[-2]
    elif strand.parent is not None:
        caller = state.strands[strand.parent].frames[-1]
    else:
        return 0
    return caller.open[-1] if caller.open else 0


def _expected(mark: Mark, frame: Frame) -> int:
    return 0 if mark.expected is None else mark.expected(0, frame.slots)


def _variables(frame: Frame) -> Iterator[tuple[str, Value]]:
    """Yield the variables that are in scope and not null; of equal names the innermost one."""
    found: dict[str, Value] = {}
    for unique, slot in frame.routine.slots.items():
        value = plain(frame.slots[slot])
        if value is not None and not unique.startswith("%"):
            found[unique.partition("@")[0]] = value
    yield from sorted(found.items(), key=lambda item: item[0])
