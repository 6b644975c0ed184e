"""Reads the files that the command line names, lints them, and prints a report."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from ringback_server.connectors.catalog import Linted
from ringback_server.lang.connectors import Connectors
from ringback_server.lang.expressions import Position
from ringback_server.lang.findings import Finding, Rule, Severity
from ringback_server.lang.limits import Limits
from ringback_server.lang.linter import lint
from ringback_server.lang.source_text import undecodable_position
from ringback_server.lint.reports import Reports, as_json, as_sarif, as_text
from ringback_server.model.extras import installing

_PROGRAM: Final = "ringback lint"
UNREADABLE: Final = Rule("unreadable-file", "The file can be read.", Severity.ERROR)
_STANDARD_INPUT: Final = "-"
_FORMATS: Final[Mapping[str, Callable[[Reports], str]]] = {
    "text": as_text,
    "json": as_json,
    "sarif": as_sarif,
}


def run(arguments: Sequence[str]) -> int:
    """Lint files; returns 1 if one of them cannot be deployed, or with --strict for warnings.

    Raises SystemExit, with status 2 when the arguments are wrong.
    """
    options = _parser().parse_args(arguments)
    connectors = Linted()
    reports = {name: _findings(name, connectors) for name in options.files}
    sys.stdout.write(_FORMATS[options.format](reports))
    if connectors.unread:
        sys.stderr.write(f"{_PROGRAM}: connectors were not checked: {installing('connectors')}\n")
    severities = {finding.rule.severity for found in reports.values() for finding in found}
    failed = severities if options.strict else severities & {Severity.ERROR}
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=_PROGRAM, description="Check workflow definitions without a server."
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="a definition; - reads the input")
    parser.add_argument("--format", choices=sorted(_FORMATS), default="text", help="of the report")
    parser.add_argument("--strict", action="store_true", help="fail for warnings too")
    return parser


def _findings(name: str, connectors: Connectors) -> tuple[Finding, ...]:
    try:
        content = sys.stdin.buffer.read() if name == _STANDARD_INPUT else Path(name).read_bytes()
    except OSError as error:
        return (_unreadable(error.strerror or "it cannot be read", 1, 1),)
    try:
        return lint(content.decode(), Limits(), connectors)
    except UnicodeDecodeError as error:
        position = undecodable_position(error)
        return (_unreadable("the file is not UTF-8", position.line, position.column),)


def _unreadable(message: str, line: int, column: int) -> Finding:
    return Finding(rule=UNREADABLE, message=message, position=Position(line, column, 0))
