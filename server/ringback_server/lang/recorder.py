"""The entries of an execution's history since its last advance, and what bounds them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ringback_server.lang.program import Mark
from ringback_server.lang.values import Value, size_of, to_json
from ringback_server.model.resources import HistoryLevel
from ringback_server.model.steps import StepBegun, StepEnded, StepHistory, StepState

#: variables that are recorded with an entry: each, and together, in accounted bytes
_VARIABLE_BYTES: Final = 4 * 1024
_ENTRY_BYTES: Final = 16 * 1024

Recorded = tuple[tuple[tuple[str, str], ...], tuple[str, ...]]
_NOTHING: Final[Recorded] = ((), ())


class Recorder:
    """Numbers entries, and gathers those that an advance begins and ends."""

    __slots__ = (
        "_begun",
        "_ended",
        "_more",
        "bytes",
        "entries",
        "level",
        "limit_bytes",
        "limit_entries",
        "unrecorded",
    )

    def __init__(self, level: HistoryLevel, *, limit_entries: int, limit_bytes: int) -> None:
        """Take a level that is not unspecified, and how much one execution may have."""
        self.level = level
        self.limit_entries = limit_entries
        self.limit_bytes = limit_bytes
        #: entries so far, steps that have none because that were enough, bytes of variables
        self.entries = 0
        self.unrecorded = 0
        self.bytes = 0
        self._begun: list[StepBegun] = []
        self._ended: list[StepEnded] = []
        self._more = False

    @property
    def detailed(self) -> bool:
        """Whether variables and expected iterations are recorded."""
        return self.level is HistoryLevel.EXECUTION_HISTORY_DETAILED

    def begin(
        self, mark: Mark, now: float, *, parent: int, thread: int, number: int, expected: int
    ) -> int:
        """Begin an entry inside of another one; return its id, or 0 if there are too many."""
        if self.entries >= self.limit_entries:
            self.unrecorded += 1
            self._more = True
            return 0
        self.entries += 1
        begun = StepBegun(
            self.entries,
            parent,
            thread,
            mark.routine,
            mark.step,
            mark.type,
            now,
            mark.progress,
            number,
            expected,
        )
        self._begun.append(begun)
        return self.entries

    def end(
        self, entry: int, now: float, state: StepState, exception: str | None, seen: Recorded | None
    ) -> None:
        """End an entry, with the variables that were seen then."""
        variables, omitted = (None, ()) if seen is None else seen
        self._ended.append(StepEnded(entry, now, state, exception, variables, omitted))

    def see(self, variables: Iterable[tuple[str, Value]]) -> Recorded:
        """Return the variables as they are recorded with one entry.

        Those that are too large, or no JSON, are left out by name.
        """
        seen: list[tuple[str, str]] = []
        omitted: list[str] = []
        room = min(_ENTRY_BYTES, self.limit_bytes - self.bytes)
        for name, value in variables:
            size = size_of(value)
            text = _json(value) if size <= min(_VARIABLE_BYTES, room) else None
            if text is None:
                omitted.append(name)
            else:
                room -= size
                self.bytes += size
                seen.append((name, text))
        return (tuple(seen), tuple(omitted)) if seen or omitted else _NOTHING

    def taken(self) -> StepHistory | None:
        """Return what was gathered, and gather anew; None if there is nothing."""
        if not (self._begun or self._ended or self._more):
            return None
        taken = StepHistory(
            begun=tuple(self._begun), ended=tuple(self._ended), unrecorded=self.unrecorded
        )
        self._begun, self._ended, self._more = [], [], False
        return taken


def _json(value: Value) -> str | None:
    try:
        return to_json(value)
    except (TypeError, ValueError):
        # bytes, functions and numbers that are not finite
        return None
