"""What `ringback test` prints: a dot or a line for each case, then what is not as expected."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ringback_server.local.coverage import Coverage
from ringback_server.local.documenting import call_lines, log_lines, printable
from ringback_server.local.documents import BadFileError
from ringback_server.local.judging import Verdict

_MARKS: Final = {True: ".", False: "F"}
_WORDS: Final = {True: "PASSED", False: "FAILED"}
_INDENT: Final = "    "


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a case, in so many real seconds; `line` is that of its name."""

    path: Path
    line: int
    case: str
    verdict: Verdict
    seconds: float


class Report:
    """Prints while cases are run, and keeps what came of them."""

    def __init__(self, *, verbose: bool) -> None:
        """Begin with a line for each case if verbose, else with a dot."""
        self._verbose = verbose
        self._shown: Path | None = None
        self.outcomes: list[Outcome] = []
        self.bad_files: list[BadFileError] = []

    @property
    def failed(self) -> list[Outcome]:
        """The cases that did not come out as expected."""
        return [outcome for outcome in self.outcomes if not outcome.verdict.passed]

    def add(self, outcome: Outcome) -> None:
        """Note a case, and show how it went."""
        self.outcomes.append(outcome)
        passed = outcome.verdict.passed
        if self._verbose:
            _print(f"{outcome.path}::{outcome.case} {_WORDS[passed]}")
            return
        if outcome.path != self._shown:
            self._end_dots()
            sys.stdout.write(f"{outcome.path} ")
            self._shown = outcome.path
        sys.stdout.write(_MARKS[passed])
        sys.stdout.flush()

    def bad_file(self, error: BadFileError) -> None:
        """Tell what is wrong with a file."""
        self._end_dots()
        self.bad_files.append(error)
        sys.stderr.write(f"{printable(str(error))}\n")

    def end(self) -> None:
        """Show what was not as expected, and sum up."""
        self._end_dots()
        for outcome in self.failed:
            _explain(outcome)
        counted = Counter(_WORDS[outcome.verdict.passed].lower() for outcome in self.outcomes)
        parts = [f"{counted[word]} {word}" for word in ("failed", "passed") if counted[word]]
        bad = len(self.bad_files)
        parts += [f"{bad} bad file{'s' if bad > 1 else ''}"] if bad else []
        seconds = sum(outcome.seconds for outcome in self.outcomes)
        _print(f"{', '.join(parts) or 'no cases'} in {seconds:.2f} s")

    def coverage(self, covered: Mapping[Path, Coverage]) -> None:
        """Show which steps no case reached."""
        for path, coverage in covered.items():
            unreached = coverage.unreached()
            _print(f"{path}: {coverage.steps - len(unreached)} of {coverage.steps} steps reached")
            for step in unreached:
                place = step.place
                _print(f"{_INDENT}line {step.line}: {place.step} (routine {place.routine})")

    def _end_dots(self) -> None:
        if self._shown is not None:
            _print("")
        self._shown = None


def explanation(verdict: Verdict) -> str:
    """Return what was not as expected, and what the run logged."""
    lines = [line for complaint in verdict.complaints for line in complaint.splitlines()]
    called = list(call_lines(verdict.result))
    if called:
        lines += ["it called:", *(f"  {line}" for line in called)]
    logged = list(log_lines(verdict.result))
    if logged:
        lines += ["it logged:", *(f"  {line}" for line in logged)]
    if notes := verdict.result.callback_notes:
        lines += ["callbacks that reached nothing:", *(f"  {note}" for note in notes)]
    return "\n".join(lines)


def _explain(outcome: Outcome) -> None:
    _print(f"\nFAILED {outcome.path}:{outcome.line}: {outcome.case}")
    for line in explanation(outcome.verdict).splitlines():
        _print(f"{_INDENT}{line}")


def _print(line: str) -> None:
    sys.stdout.write(f"{printable(line)}\n")
