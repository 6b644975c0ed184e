"""Which steps of a definition were reached, over all runs of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import SupportsIndex, overload

from ringback_server.lang.program import Instruction, Program
from ringback_server.model.resources import StepPlace


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreached:
    """A step that no run came to, and its line."""

    place: StepPlace
    line: int


class _WatchedCode(list[Instruction]):
    """Instructions that note which of them are run."""

    def __init__(self, code: Iterable[Instruction]) -> None:
        super().__init__(code)
        self.run = set[int]()

    @overload
    def __getitem__(self, index: SupportsIndex) -> Instruction: ...
    @overload
    def __getitem__(self, index: slice) -> list[Instruction]: ...
    def __getitem__(self, index: SupportsIndex | slice) -> Instruction | list[Instruction]:
        if isinstance(index, slice):
            return super().__getitem__(index)
        self.run.add(int(index))
        return super().__getitem__(index)


class Coverage:
    """Watches a program from now on; one that nobody else runs."""

    def __init__(self, program: Program) -> None:
        """Have the program's routines tell what of them is run."""
        self._routines = program.routines
        self._watched = dict[str, _WatchedCode]()
        for name, routine in program.routines.items():
            self._watched[name] = routine.code = _WatchedCode(routine.code)

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return sum(len(set(routine.steps)) for routine in self._routines.values())

    def unreached(self) -> list[Unreached]:
        """Return the steps that were not reached, in the order of the source."""
        found: list[Unreached] = []
        for name, routine in self._routines.items():
            reached = {routine.steps[pc] for pc in self._watched[name].run}
            first = {step: pc for pc, step in reversed(list(enumerate(routine.steps)))}
            found += [
                Unreached(place=StepPlace(name, step), line=routine.positions[pc].line)
                for step, pc in first.items()
                if step not in reached
            ]
        return sorted(found, key=lambda step: step.line)
