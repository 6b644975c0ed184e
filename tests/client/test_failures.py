"""Why an execution failed: what is said beyond its error's first words, and when there is more."""

import json

import pytest

from ringback.v1.executions_pb2 import Execution
from ringback_client.cli.failures import explain

STEP = 'in step "s", routine "main", line: 4'
NAME = "projects/p/locations/l/workflows/charge/executions/e"
GENERIC = 'RuntimeError: "branch error"'


def failed(payload: object, headline: str) -> tuple[list[str], bool]:
    """Explain an error that went through one step; return its lines without the first two."""
    text = payload if isinstance(payload, str) else json.dumps(payload)
    explanation = explain(Execution.Error(payload=text, context=f"{headline}\n{STEP}"))
    lines = explanation.text.split("\n")
    assert [headline, STEP] == lines[:2]
    return lines[2:], explanation.whole


def branch(name: str, payload: object) -> dict[str, object]:
    """Return how a branch failed."""
    return {"id": name, "error": {"payload": payload, "context": f"{GENERIC}\n{STEP}"}}


CHILD = {"name": NAME, "error": {"payload": '{"message": "no card"}', "context": f"x\n{STEP}"}}
ANSWER = {"code": 404, "message": "not found", "tags": ["HttpError"]}


@pytest.mark.parametrize(
    ("payload", "lines"),
    [
        ({"message": "late", "tags": ["TimeoutError"]}, []),
        ({**ANSWER, "headers": {}}, []),
        ({**ANSWER, "body": {"error": {"code": 404, "message": "No\n bucket."}}}, ["No bucket."]),
        ({**ANSWER, "body": {"error": "denied", "error_description": "Too old."}}, ["Too old."]),
        ({**ANSWER, "body": {"error": "Not Found", "status": 404}}, ["Not Found"]),
        ({**ANSWER, "body": {"a": 1}}, ['{"a": 1}']),
        ({**ANSWER, "body": "gone"}, ["gone"]),
    ],
)
def test_explain_when_a_service_answered(payload: object, lines: list[str]) -> None:
    """What the answer says is told, wherever services put it."""
    told, _ = failed(payload, "not found")
    assert [f"The answer said: {line}" for line in lines] == told


@pytest.mark.parametrize(
    ("payload", "lines"),
    [
        ({"operation": CHILD}, ["Execution e of charge: no card", STEP]),
        (
            {"operation": {"name": "operations/o", "error": {"code": 3, "message": "No zone."}}},
            ["Operation o: No zone."],
        ),
        ({"operation": {"error": {}}}, ["Operation: no words"]),
        ({"branches": [branch("a", "bad")]}, ["In branch a: bad", STEP]),
        (
            {"branches": [branch("0", {"message": "x", "operation": CHILD}), {}]},
            ["First of 2 errors, branch 0: x", STEP, "Execution e of charge: no card", STEP],
        ),
        ({"branches": [], "operation": 1, "body": []}, []),
        ("no JSON", []),
        ("[" * 100_000, []),
    ],
)
def test_explain_when_errors_are_nested(payload: object, lines: list[str]) -> None:
    """The first error inside is told with its steps, and the error inside of that."""
    told, _ = failed(payload, "UnhandledBranchError: one or more")
    assert lines == told


def test_explain_when_nesting_has_no_end() -> None:
    """Of errors far inside of one another the outer ones are told."""
    payload: dict[str, object] = {"message": "innermost"}
    for _ in range(20):
        payload = {"operation": {"error": {"payload": json.dumps(payload), "context": ""}}}
    told, whole = failed(payload, "failed")
    assert (5, False) == (len(told), whole)


@pytest.mark.parametrize(
    ("payload", "headline", "whole"),
    [
        ({"code": 5, "why": "x"}, 'RuntimeError: {"code": 5, "why": "x"}', True),
        ({"message": "late", "tags": ["TimeoutError"], "code": 1}, "late", True),
        ("", "", True),
        ({**ANSWER, "headers": {}}, "not found", False),
        ({"branches": [branch("a", "bad")]}, "failed", False),
    ],
)
def test_explain_when_something_is_left_out(payload: object, headline: str, *, whole: bool) -> None:
    """It is known whether there is more to see."""
    text = payload if isinstance(payload, str) else json.dumps(payload)
    assert whole == explain(Execution.Error(payload=text, context=headline)).whole


def test_explain_when_a_large_error_was_raised() -> None:
    """An error that would fill the screen is cut off, and its message is told nevertheless."""
    text = json.dumps({"aaa": "x" * 5_000, "message": "no address"})
    context = f"RuntimeError: {text}\n{STEP}"
    explanation = explain(Execution.Error(payload=text, context=context))
    first, second, third = explanation.text.split("\n")
    assert ("no address", STEP, False) == (second, third, explanation.whole)
    assert (300, "…") == (len(first), first[-1])
