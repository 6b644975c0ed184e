"""`ringback test`: runs the cases of test files and reports what is not as expected."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from ringback_server.local.cases import is_test_file, read_suite
from ringback_server.local.coverage import Coverage
from ringback_server.local.definitions import Runnable, read_runnable
from ringback_server.local.documents import BadFileError
from ringback_server.local.fitting import check_suite
from ringback_server.local.judging import judge
from ringback_server.local.junit import junit_xml
from ringback_server.local.reports import Outcome, Report

_FAILED: Final = 1
_BAD_FILE: Final = 2


def run(arguments: Sequence[str]) -> int:
    """Run test files; returns 0 when all cases pass, 1 when one fails, 2 for files that won't do.

    Raises SystemExit, with status 2 when the arguments are wrong.
    """
    options = _parser().parse_args(arguments)
    report = Report(verbose=options.verbose)
    paths = {path for name in options.paths for path in _test_files(Path(name), report)}
    session = _Session(report, options.k, measured=options.coverage)
    for path in sorted(paths):
        session.play(path)
    report.end()
    if options.coverage:
        report.coverage(session.covered)
    if not report.outcomes and not report.bad_files:
        sys.stderr.write(f"No case has {options.k!r} in its file or name.\n")
    if options.junit_xml is not None and not _written(Path(options.junit_xml), report):
        return _BAD_FILE
    if report.bad_files or not report.outcomes:
        return _BAD_FILE
    return _FAILED if report.failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ringback test", description="Test workflow definitions without a server."
    )
    parser.add_argument(
        "paths",
        nargs="*",
        default=["."],
        metavar="PATH",
        help="*.test.yaml files, or directories with some (default: the current one)",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="a line for each case")
    parser.add_argument("-k", metavar="WORDS", help="only cases with this in their file or name")
    parser.add_argument("--coverage", action="store_true", help="list the steps never reached")
    parser.add_argument("--junit-xml", metavar="FILE", help="write a report for machines too")
    return parser


def _written(path: Path, report: Report) -> bool:
    """Write a report for build servers; tell if that cannot be."""
    try:
        path.write_text(junit_xml(report.outcomes, report.bad_files), encoding="utf-8")
    except OSError as error:
        sys.stderr.write(f"Error: --junit-xml {path}: {error.strerror}\n")
        return False
    return True


class _Session:
    """Plays test files; definitions of several are compiled once."""

    def __init__(self, report: Report, words: str | None, *, measured: bool) -> None:
        self._report = report
        self._words = (words or "").lower()
        self._measured = measured
        self._runnables = dict[Path, Runnable]()
        self.covered = dict[Path, Coverage]()

    def play(self, path: Path) -> None:
        """Run the cases of a file that are asked for."""
        try:
            suite = read_suite(path)
            runnable = self._runnable(suite.definition)
            check_suite(suite, runnable)
        except BadFileError as error:
            self._report.bad_file(error)
            return
        for case in suite.cases:
            if self._words not in f"{path}::{case.name}".lower():
                continue
            began = time.perf_counter()
            verdict = judge(runnable, case)
            self._report.add(
                Outcome(
                    path=path,
                    line=case.line,
                    case=case.name,
                    verdict=verdict,
                    seconds=time.perf_counter() - began,
                )
            )

    def _runnable(self, path: Path) -> Runnable:
        if path not in self._runnables:
            self._runnables[path] = read_runnable(path)
            if self._measured:
                self.covered[path] = Coverage(self._runnables[path].program)
        return self._runnables[path]


def _test_files(path: Path, report: Report) -> list[Path]:
    """Return a test file, or those of a directory; tell if there are none."""
    if not path.is_dir():
        return [path]
    found = list(_below(path))
    if not found:
        report.bad_file(BadFileError.of_file(str(path), "there are no *.test.yaml files here"))
    return found


def _below(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(files) if is_test_file(Path(name)))
