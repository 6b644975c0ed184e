"""What is expected of a run, beside what came of it."""

from __future__ import annotations

import msgspec
import pytest

from ringback_server.local.cases import Expectations
from ringback_server.local.judging import complaints
from ringback_server.local.results import Result
from ringback_server.local.runs import run_definition
from tests.local.definitions import APPROVAL, APPROVED, LOOK, ORDER, STORE

SUCCESS = run_definition(APPROVAL, ORDER, stubs=[LOOK, STORE], callbacks=[APPROVED])
FAILURE = run_definition(APPROVAL, ORDER, stubs=[{"step": "look", "answer": {"status": 404}}])
RAISED = run_definition("main:\n  steps:\n  - a: {raise: 'out of paper'}\n")


def said(expect: dict[str, object], run: Result = SUCCESS) -> list[str]:
    """Return what is not as expected."""
    return complaints(run, msgspec.convert(expect, Expectations))


AS_EXPECTED: list[tuple[dict[str, object], Result]] = [
    ({}, SUCCESS),
    ({"result": {"approved": True, "name": "doc"}}, SUCCESS),
    ({"result_includes": {"approved": True}}, SUCCESS),
    ({"duration": 60}, SUCCESS),
    ({"calls": [{}, {}]}, SUCCESS),
    (
        {"calls": [{"step": "look", "method": "GET"}, {"call": "googleapis.firestore.*"}]},
        SUCCESS,
    ),
    (
        {"calls": [{"url": "https://api.example.com/*"}, {"args": {"name": "orders/7"}}]},
        SUCCESS,
    ),
    ({"calls_include": [{"url": "https://*/7?full=true"}]}, SUCCESS),
    (
        {
            "calls_include": [
                {
                    "headers": {
                        "user-agent": "GoogleCloudWorkflows; (+https://cloud.google.com/workflows/docs)"
                    }
                }
            ]
        },
        SUCCESS,
    ),
    ({"logs": ["7 waits"]}, SUCCESS),
    ({"logs": [{"severity": "NOTICE", "text": "* waits", "step": "announce"}]}, SUCCESS),
    ({"logs_include": ["*"]}, SUCCESS),
    ({"logs": [], "error": "*"}, FAILURE),
    ({"error": "HTTP server responded with error code 404"}, FAILURE),
    ({"error": "*404"}, FAILURE),
    ({"error": {"code": 404, "tags": ["HttpError"], "message": "*404"}}, FAILURE),
    ({"error": {}}, FAILURE),
    ({"error": "out of *"}, RAISED),
]


@pytest.mark.parametrize(("expect", "run"), AS_EXPECTED)
def test_run_when_it_is_as_expected(expect: dict[str, object], run: Result) -> None:
    """What is given must be so; what is not is not looked at."""
    assert [] == said(expect, run)


NOT_AS_EXPECTED: list[tuple[dict[str, object], Result, str]] = [
    ({"result": {"approved": True}}, SUCCESS, "result: not as expected"),
    ({"result": None}, SUCCESS, "result: not as expected"),
    ({"result_includes": {"approved": 1}}, SUCCESS, "result: not as expected"),
    ({"duration": 61}, SUCCESS, "duration: expected 61 s, it took 60 s"),
    ({"calls": []}, SUCCESS, "calls: not as expected"),
    ({"calls": [{}]}, SUCCESS, "calls: not as expected"),
    ({"calls": [{}, {}, {}]}, SUCCESS, "calls: not as expected"),
    ({"calls": [{"step": "store"}, {"step": "look"}]}, SUCCESS, "calls: not as expected"),
    ({"calls_include": [{}, {}, {}]}, SUCCESS, "calls: there is no (further) one like"),
    ({"calls_include": [{"args": {"x": 1}}]}, SUCCESS, "calls: there is no (further) one like"),
    ({"logs": ["8 waits"]}, SUCCESS, "logs: not as expected"),
    ({"error": "*"}, SUCCESS, "it should have failed, but succeeded with {"),
    ({}, FAILURE, "it failed: HTTP server responded with error code 404"),
    ({"error": {"tags": ["KeyError"]}}, FAILURE, "error: not as expected"),
    ({"error": {"message": "*403"}}, FAILURE, "error: not as expected"),
    ({"error": {"code": 403}}, FAILURE, "error: not as expected"),
    ({"error": {"tags": ["KeyError"]}}, RAISED, "error: not as expected"),
]


@pytest.mark.parametrize(("expect", "run", "first"), NOT_AS_EXPECTED)
def test_run_when_it_is_not_as_expected(expect: dict[str, object], run: Result, first: str) -> None:
    """One thing is said about it."""
    assert [first] == [complaint.splitlines()[0] for complaint in said(expect, run)]


def test_difference_when_a_result_is_another() -> None:
    """Both are shown, and only what differs is marked."""
    assert [
        "result: not as expected",
        " {",
        '-  "approved": false,',
        '+  "approved": true,',
        '   "name": "doc"',
        " }",
    ] == said({"result": {"approved": False, "name": "doc"}})[0].splitlines()


def test_difference_when_calls_are_others() -> None:
    """A call that is as expected does not differ, and one that nobody expected is told briefly."""
    wanted = {"step": "store", "args": {"name": "orders/*"}}

    assert [
        "calls: not as expected",
        " [",
        "+  {",
        '+    "call": "http.get",',
        '+    "method": "GET",',
        '+    "step": "look",',
        '+    "url": "https://api.example.com/orders/7?full=true"',
        "+  },",
        "   {",
        '     "args": {',
        '       "name": "orders/7"',
        "     },",
        '     "step": "store"',
        "   }",
        " ]",
    ] == said({"calls": [{**wanted, "args": {"name": "orders/7"}}]})[0].splitlines()
