"""Runs the whole suite and judges it against later.txt, a list of cases that only shrinks."""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

HERE = Path(__file__).resolve().parent
LATER = HERE / "later.txt"
HEADER = re.compile(r"# at most (\d+)$")


class Outcome(TypedDict):
    """What the runner reports of one case; a case without a reason passed."""

    file: str
    id: str
    certainty: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """The cases that need what is not built yet, and how many there are said to be."""

    ceiling: int | None
    ids: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "Later":
        """Read a list: `# at most N`, then ids and comments."""
        lines = [line.strip() for line in text.splitlines()]
        header = HEADER.match(lines[0]) if lines else None
        ids = tuple(line for line in lines if line and not line.startswith("#"))
        return cls(ceiling=int(header[1]) if header else None, ids=ids)

    def complaints(self, earlier: Iterable["Later"]) -> list[str]:
        """Say what is wrong with the list itself, given the lists committed before it."""
        if self.ceiling is None:
            return ["the first line must be `# at most N`"]
        found: list[str] = []
        if len(self.ids) > self.ceiling:
            found.append(f"{len(self.ids)} cases are listed, at most {self.ceiling} may be")
        if len(self.ids) < self.ceiling:
            found.append(f"lower the first line to `# at most {len(self.ids)}`")
        twice = {case for case in self.ids if self.ids.count(case) > 1}
        found += [f"{case} is listed twice" for case in sorted(twice)]
        complete = [set(past.ids) for past in earlier if past.ceiling == len(past.ids)]
        added = [case for case in self.ids if not all(case in past for past in complete)]
        return [*found, *(f"{case} was not listed before; the list only shrinks" for case in added)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the run amounts to."""

    passed: int
    failures: tuple[str, ...]
    later: int


def judge(outcomes: Mapping[str, Outcome], later: Later, earlier: Iterable[Later]) -> Verdict:
    """Hold the outcomes of a run, by id, against the list."""
    listed = set(later.ids)
    failures = [f"later.txt: {complaint}" for complaint in later.complaints(earlier)]
    failures += [f"later.txt: {case} is no case" for case in later.ids if case not in outcomes]
    for case, outcome in outcomes.items():
        where = f"{outcome['file']} {case} [{outcome['certainty']}]"
        if outcome["reason"] is None and case in listed:
            failures.append(f"{where}: passes; take it off later.txt")
        elif outcome["reason"] is not None and case not in listed:
            failures.append(f"{where}: {outcome['reason']}")
    passed = sum(o["reason"] is None and case not in listed for case, o in outcomes.items())
    failing = sum(o["reason"] is not None and case in listed for case, o in outcomes.items())
    return Verdict(passed=passed, failures=tuple(failures), later=failing)


def main() -> int:
    """Run, judge, and return the exit status: 0 passed, 1 failed, 2 could not run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", help="the command that starts a server")
    parser.add_argument("--jobs", help="how many cases to play at once")
    given: dict[str, str | None] = vars(parser.parse_args())
    options = [f"--{name}={value}" for name, value in given.items() if value is not None]
    outcomes = _run(options)
    if outcomes is None:
        print(f"0 passed, {int((HERE / 'suite' / 'COUNT').read_text())} failed")
        return 2
    verdict = judge(outcomes, Later.parse(LATER.read_text()), _earlier())
    for failure in verdict.failures:
        print(f"FAIL {failure}")
    print(f"{verdict.later} cases of later.txt fail, as expected")
    print(f"{verdict.passed} passed, {len(verdict.failures)} failed")
    return 1 if verdict.failures else 0


def _run(options: list[str]) -> dict[str, Outcome] | None:
    """Return the outcome of every case by its id, or nothing when the suite could not run."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "outcomes.json"
        command = [sys.executable, str(HERE / "run.py"), f"--json={report}", *options]
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
        if not report.exists():
            return None
        outcomes: list[Outcome] = json.loads(report.read_text())
    return {outcome["id"]: outcome for outcome in outcomes}


def _earlier() -> list[Later]:
    """Return the lists as they were committed, as far as there is a history."""
    commits = _git("log", "--format=%H", "--max-count=20", "--", LATER.name).split()
    return [Later.parse(_git("show", f"{commit}:./{LATER.name}")) for commit in commits]


def _git(*arguments: str) -> str:
    try:
        command = ["git", "-C", str(HERE), *arguments]
        return subprocess.run(command, check=False, capture_output=True, text=True).stdout
    except OSError:
        return ""


if __name__ == "__main__":
    sys.exit(main())
