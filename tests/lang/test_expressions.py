"""Expressions as test cases: `tests/lang/cases/*.yaml`, an expression and its value a row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ringback_server.lang.evaluator import OPERATORS, PREFIX_OPERATORS
from ringback_server.lang.expression_parser import PRECEDENCE, PREFIX_PRECEDENCE
from ringback_server.lang.stdlib import FUNCTIONS
from tests.lang.playing import play

HERE = Path(__file__).parent
FILES = sorted((HERE / "cases").glob("*.yaml"))


def rows() -> list[Any]:
    """Return the rows of all files."""
    found: list[Any] = []
    for path in FILES:
        table = yaml.safe_load(path.read_text("utf-8"))
        found += [pytest.param(row, id=f"{path.stem}:{row['expr']}") for row in table]
    return found


@pytest.mark.parametrize("row", rows())
def test_expression(row: dict[str, Any]) -> None:
    """An expression gives the value, or raises the error, that its row says."""
    steps = [{"finish": {"return": "${" + row["expr"] + "}"}}]
    outcome = play(json.dumps(steps)).outcome

    if "raises" in row:
        assert outcome.failure is not None, outcome.result
        error = json.loads(outcome.failure.payload)
        assert row["raises"] == error["tags"]
        assert row.get("message", error["message"]) == error["message"]
    else:
        assert outcome.failure is None
        value = json.loads(outcome.result or "")
        assert row["gives"] == value
        assert isinstance(value, bool) == isinstance(row["gives"], bool)


def test_operators_when_compared_with_the_parser() -> None:
    """The parser and the evaluator know the same operators."""
    assert set(PRECEDENCE) == set(OPERATORS)
    assert set(PREFIX_PRECEDENCE) == set(PREFIX_OPERATORS)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_function_when_looked_for_in_cases(name: str) -> None:
    """Every library function has a case: a row here, or a call in a workflow."""
    workflows = (HERE.parent / "cases").glob("*.yaml")
    texts = [path.read_text("utf-8") for path in [*FILES, *workflows]]

    assert any(f"{name}(" in text or f"call: {name}" in text for text in texts)
