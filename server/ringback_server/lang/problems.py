"""What is wrong with a definition: problems, and the error that carries them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice

from ringback_server.lang.expressions import Position

#: a definition is not told more than this at once (SPEC 10.25)
MAX_PROBLEMS = 50
#: longer words are not compared with one another: that takes quadratic time
_LONGEST_COMPARED = 40
_MOST_COMPARED = 300
_MOST_DIFFERENT = 3
_LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, where; line and column count from 1, length in characters."""

    message: str
    step: str | None
    line: int
    column: int
    length: int = 0

    def __str__(self) -> str:
        """Return the problem as a deployer reads it."""
        where = "" if self.step is None else f"error in step {shown(self.step)}: "
        place = f"(line {self.line}, column {self.column})"
        return f"failed to build: {where}{self.message} {place}"


class DefinitionError(Exception):
    """The definition cannot be deployed."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class Problems:
    """Collects problems, and raises them as soon as there are as many as are reported."""

    def __init__(self) -> None:
        self._found: list[Problem] = []
        #: counts what leaves a part of the definition unread
        self.losses = 0

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(
        self, message: str, position: Position, step: str | None = None, *, loss: bool = True
    ) -> None:
        """Note a problem, unless it is known already; raise when that are enough.

        `loss` says that a part of the definition is not read for it.
        """
        self.losses += loss
        problem = Problem(message, step, position.line, position.column, position.length)
        if problem not in self._found:
            self._found.append(problem)
        if len(self._found) >= MAX_PROBLEMS:
            # looking for more would take time that nobody asked for
            self.raise_any()

    def extend(self, others: Problems) -> None:
        """Note what somebody else found."""
        self._found += others._found
        self.losses += others.losses

    def raise_any(self) -> None:
        """Raise what was found, in the order of the source."""
        if self._found:
            raise DefinitionError(tuple(sorted(self._found, key=_place)))


def _place(problem: Problem) -> tuple[int, int]:
    return problem.line, problem.column


def shown(text: str) -> str:
    """Return a word of the source as a message shows it: on one line and not too long.

    It is cut in the middle: names of connectors are told apart by how they end.
    """
    half = _LONGEST_SHOWN // 2
    word = text if len(text) <= _LONGEST_SHOWN else f"{text[:half]}…{text[-half + 1 :]}"
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in word)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the known word nearest to this one, or nothing."""
    if len(word) > _LONGEST_COMPARED:
        return ""
    candidates = [
        name
        for name in islice(known, _MOST_COMPARED)
        if abs(len(name) - len(word)) <= _MOST_DIFFERENT
    ]
    found = get_close_matches(word, candidates, n=1, cutoff=0.7)
    return f"; did you mean '{found[0]}'?" if found else ""
