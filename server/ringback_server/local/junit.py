"""Outcomes as JUnit XML, which build servers read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby
from typing import Final

from ringback_server.local.documents import BadFileError
from ringback_server.local.reports import Outcome, explanation

#: what XML 1.0 cannot hold in any way
_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(outcomes: Sequence[Outcome], bad_files: Sequence[BadFileError]) -> str:
    """Return a report with a suite for each file; that of a bad one has an error."""
    begin = f"<testsuites{_counts(outcomes, len(bad_files))}>"
    lines = ['<?xml version="1.0" encoding="utf-8"?>', begin]
    for error in bad_files:
        file = _text(error.file)
        lines += [
            f'  <testsuite name="{file}"{_counts((), 1)}>',
            f'    <testcase classname="{file}" name="{file}" file="{file}" line="{error.line}">',
            f'      <error message="{_text(str(error))}"/>',
            "    </testcase>",
            "  </testsuite>",
        ]
    for path, group in groupby(outcomes, key=lambda outcome: outcome.path):
        found = list(group)
        lines.append(f'  <testsuite name="{_text(str(path))}"{_counts(found)}>')
        lines += [line for outcome in found for line in _case(outcome)]
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>", ""])


def _case(outcome: Outcome) -> Iterable[str]:
    names = f'classname="{_text(str(outcome.path))}" name="{_text(outcome.case)}"'
    place = f'file="{_text(str(outcome.path))}" line="{outcome.line}"'
    begin = f'    <testcase {names} {place} time="{outcome.seconds:.3f}"'
    if outcome.verdict.passed:
        return [f"{begin}/>"]
    headline = outcome.verdict.complaints[0].partition("\n")[0]
    failure = f'<failure message="{_text(headline)}">{_text(explanation(outcome.verdict))}'
    return [f"{begin}>", f"      {failure}</failure>", "    </testcase>"]


def _counts(outcomes: Sequence[Outcome], errors: int = 0) -> str:
    failed = sum(not outcome.verdict.passed for outcome in outcomes)
    seconds = sum(outcome.seconds for outcome in outcomes)
    tests = len(outcomes) + errors
    return f' tests="{tests}" failures="{failed}" errors="{errors}" time="{seconds:.3f}"'


def _text(text: str) -> str:
    return escape(_FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text))
