"""docs/standard-library.md: each function has its row, and each example gives what it says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import NoneType
from typing import Any

import pytest
import yaml

from ringback_server.connectors.own_services import SERVICES
from ringback_server.lang.errors import TAGS
from ringback_server.lang.stdlib import CONSTANTS, FUNCTIONS
from ringback_server.lang.stdlib.registry import Function, Omitted, Parameter
from ringback_server.lang.values import List, Map, text_of
from tests.lang.playing import play

PAGE = Path(__file__).parents[2] / "docs" / "standard-library.md"
TEXT = PAGE.read_text("utf-8")

#: lines of `variable = value`, `expression  # value` and `expression  # raises TAG`
BLOCKS: list[str] = re.findall(r"^```text\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
VARIABLE = re.compile(r"^(\w+) = (.*)$", re.MULTILINE)
#: what a block says of its variables, and an expression of it
EXAMPLES = [
    (tuple(VARIABLE.findall(block)), line)
    for block in BLOCKS
    for line in block.splitlines()
    if not VARIABLE.match(line)
]
#: definitions that say in a comment what they return
WORKFLOWS: list[str] = re.findall(r"^```yaml.*?\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
#: what the rows say, by signature
ROWS: dict[str, list[str]] = {
    row[1].strip().strip("`"): [cell.strip() for cell in row[2:-1]]
    for row in (re.split(r"(?<!\\)\|", line) for line in TEXT.splitlines() if line[:3] == "| `")
}

KINDS: dict[type, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    bytes: "bytes",
    Map: "map",
    List: "list",
    NoneType: "null",
}


def signature(function: Function) -> str:
    """Return how the page writes a function."""
    return f"{function.name}({', '.join(map(written, function.parameters))})"


def written(parameter: Parameter) -> str:
    """Return how the page writes a parameter."""
    kinds = parameter.accepts or frozenset()
    names = [
        KINDS[kind] for kind in KINDS if kind in kinds and not (kind is int and float in kinds)
    ]
    text = f"{parameter.name}: {' or '.join(names) or 'any'}"
    if parameter.required:
        return text
    if isinstance(parameter.default, Omitted):
        return text.replace(":", "?:", 1)
    default = parameter.default
    return f"{text} = {text_of(default) if isinstance(default, float) else json.dumps(default)}"


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_function_when_looked_for_on_the_page(name: str) -> None:
    """Each function has a row with its signature, and an example."""
    assert signature(FUNCTIONS[name]) in ROWS
    assert any(f"{name}(" in block for block in BLOCKS) or any(
        f"call: {name}\n" in workflow for workflow in WORKFLOWS
    )


def connector_signatures() -> set[str]:
    """Return how the page writes the methods of this server's executions that are connectors."""
    service, found = SERVICES["workflowexecutions", "v1"], set[str]()
    for name, method in service.methods.items():
        whole = f"googleapis.workflowexecutions.v1.{name}"
        named = sorted(method.parameters.items(), key=lambda one: (not one[1].required, one[0]))
        parameters = [
            f"{name}{'' if one.required else '?'}: {'integer' if name == 'pageSize' else 'string'}"
            for name, one in named
        ]
        if whole not in FUNCTIONS:
            found.add(f"{whole}({', '.join(parameters)})")
    return found


def test_rows_when_compared_with_the_library() -> None:
    """The page has no rows for what is not there, and names errors that there are."""
    functions = {*map(signature, FUNCTIONS.values()), *connector_signatures()}
    assert set(ROWS) == {*functions, *CONSTANTS.keys() - FUNCTIONS.keys()}
    assert {word for row in ROWS.values() for word in re.findall(r"\w+Error", row[-1])} <= TAGS


@pytest.mark.parametrize(("variables", "example"), EXAMPLES)
def test_example(variables: tuple[tuple[str, str], ...], example: str) -> None:
    """An expression gives the value, or raises the error, that stands behind it."""
    expression, _, expected = example.rpartition("  # ")
    steps: list[Any] = [{"example": {"return": f"${{{expression.strip()}}}"}}]
    if variables:
        assigned = [{name: json.loads(value)} for name, value in variables]
        steps.insert(0, {"variables": {"assign": assigned}})
    outcome = play(json.dumps(steps)).outcome

    if expected.startswith("raises "):
        assert outcome.failure is not None, outcome.result
        assert json.loads(outcome.failure.payload)["tags"] == expected.split()[1:]
    else:
        assert outcome.failure is None
        assert json.loads(expected) == json.loads(outcome.result or "")


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_workflow(workflow: str) -> None:
    """A definition returns what its comment says."""
    (expected,) = re.findall(r"^# result: (.*)$", workflow, re.MULTILINE)
    steps: Any = yaml.safe_load(workflow)

    assert json.loads(expected) == json.loads(play(json.dumps(steps)).outcome.result or "")
