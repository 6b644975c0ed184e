"""From what was recorded of an execution to its step entries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from ringback_server.model.names import ExecutionName
from ringback_server.model.resources import ExecutionState
from ringback_server.model.steps import StepBegun, StepEnded, StepEntry, StepState, StepType
from ringback_server.store.histories import StoredHistory

_NOWHERE: Final = (0, 0)
#: what is inside runs side by side
_PARALLEL: Final = (StepType.STEP_PARALLEL_FOR, StepType.STEP_PARALLEL_BRANCH)


def entries_of(name: ExecutionName, stored: StoredHistory) -> list[StepEntry]:
    """Return the step entries of an execution, in the order in which they began."""
    begun = {each.id: each for each in stored.history.begun}
    ended = {each.id: each for each in stored.history.ended}
    children = defaultdict[int, list[int]](list)
    for each in begun.values():
        children[each.parent].append(each.id)
    places = _places(begun, children)
    exceptions = _exceptions(begun, ended, children)
    found: list[StepEntry] = []
    for each in begun.values():
        state, time, end = _end(each, ended.get(each.id), stored)
        previous, following = places.get(each.id, _NOWHERE)
        # What it is inside of may be gone: histories can be deleted while the execution goes on.
        shown = each if each.parent in begun or not each.parent else each._replace(parent=0)
        found.append(
            StepEntry(
                name=f"{name}/stepEntries/{each.id}",
                begun=shown,
                state=state,
                update_time=time,
                exception=exceptions.get(each.id),
                children=tuple(children.get(each.id, ())),
                previous=previous,
                next=following,
                variables=None if end is None else end.variables,
                omitted=() if end is None else end.omitted,
            )
        )
    return found


def _end(
    begun: StepBegun, ended: StepEnded | None, stored: StoredHistory
) -> tuple[StepState, float, StepEnded | None]:
    """Return how far an entry is, since when, and its end if that was recorded.

    What ends an execution from outside ends no entry: it could not advance any more.
    """
    if ended is not None:
        return ended.state, ended.time, ended
    if stored.outcome is None or stored.end_time is None:
        return StepState.STATE_IN_PROGRESS, begun.time, None
    succeeded = stored.outcome == ExecutionState.SUCCEEDED
    state = StepState.STATE_SUCCEEDED if succeeded else StepState.STATE_CANCELLED
    return state, max(begun.time, stored.end_time), None


def _places(
    begun: Mapping[int, StepBegun], children: Mapping[int, Sequence[int]]
) -> dict[int, tuple[int, int]]:
    """Return what came before and after each entry that was not alone, nor beside others."""
    found: dict[int, tuple[int, int]] = {}
    for parent, inside in children.items():
        if parent in begun and begun[parent].type in _PARALLEL:
            continue
        for before, entry, after in zip((0, *inside), inside, (*inside[1:], 0), strict=False):
            found[entry] = (before, after)
    return found


def _exceptions(
    begun: Mapping[int, StepBegun],
    ended: Mapping[int, StepEnded],
    children: Mapping[int, Sequence[int]],
) -> dict[int, str]:
    """Return the errors of failed entries: their own, or that of the last one inside to fail."""
    found: dict[int, str] = {}
    # What is inside began later.
    for entry in sorted(begun, reverse=True):
        end = ended.get(entry)
        if end is None or end.state is not StepState.STATE_FAILED:
            continue
        inside = (found[child] for child in reversed(children.get(entry, ())) if child in found)
        exception = end.exception or next(inside, None)
        if exception is not None:
            found[entry] = exception
    return found
