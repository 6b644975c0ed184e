"""Findings as text, as JSON, and as SARIF 2.1.0."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from ringback_server.lang.findings import Finding, Rule, Severity
from ringback_server.lang.problems import shown

#: findings by the name of the file, in the order of the command line
Reports = Mapping[str, tuple[Finding, ...]]

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def as_text(reports: Reports) -> str:
    """Return one line for each finding: `FILE:LINE:COLUMN: SEVERITY: MESSAGE [RULE]`."""
    return "".join(_line(name, finding) for name, finding in _all(reports))


def as_json(reports: Reports) -> str:
    """Return an object with `findings`, and how many are `errors` and `warnings`."""
    counted = Counter(finding.rule.severity for _, finding in _all(reports))
    found = [
        {
            "file": name,
            "line": finding.position.line,
            "column": finding.position.column,
            "length": finding.position.length,
            "severity": finding.rule.severity.value,
            "rule": finding.rule.id,
            "step": finding.step,
            "message": finding.message,
        }
        for name, finding in _all(reports)
    ]
    return _written(
        {
            "findings": found,
            "errors": counted[Severity.ERROR],
            "warnings": counted[Severity.WARNING],
        }
    )


def as_sarif(reports: Reports) -> str:
    """Return a log with one run, which lists the rules that were broken."""
    rules = list(dict.fromkeys(finding.rule for _, finding in _all(reports)))
    driver = {
        "name": "ringback",
        "version": version("ringback"),
        "rules": [_rule(rule) for rule in rules],
    }
    results = [_result(name, finding, rules) for name, finding in _all(reports)]
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return _written({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _all(reports: Reports) -> Iterator[tuple[str, Finding]]:
    for name, findings in reports.items():
        for finding in findings:
            yield name, finding


def _line(name: str, finding: Finding) -> str:
    place = f"{name}:{finding.position.line}:{finding.position.column}"
    return f"{place}: {finding.rule.severity.value}: {_message(finding)} [{finding.rule.id}]\n"


def _message(finding: Finding) -> str:
    return (
        finding.message
        if finding.step is None
        else f"in step {shown(finding.step)}: {finding.message}"
    )


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.summary},
        "defaultConfiguration": {"level": rule.severity.value},
    }


def _result(name: str, finding: Finding, rules: list[Rule]) -> dict[str, Any]:
    position = finding.position
    # a region on one line; where the text spans several, the first is shown
    region = {
        "startLine": position.line,
        "startColumn": position.column,
        "endColumn": position.column + position.length,
    }
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": rules.index(finding.rule),
        "level": finding.rule.severity.value,
        "message": {"text": _message(finding)},
        "locations": [
            {"physicalLocation": {"artifactLocation": {"uri": _uri(name)}, "region": region}}
        ],
    }


def _uri(name: str) -> str:
    path = Path(name)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


def _written(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
