"""Names of steps, and where `next` may lead."""

from __future__ import annotations

import pytest

from tests.lang.reading import problems_of

ALLOWED = [
    pytest.param("- a: {next: b}\n- b: {next: a}\n", id="in the list"),
    pytest.param("- a: {next: end}\n", id="to the end"),
    pytest.param("- a: {next: a}\n", id="to itself"),
    pytest.param("- a: {steps: [{b: {next: c}}]}\n- c: {return: 1}\n", id="out of steps"),
    pytest.param("- a: {steps: [{b: {next: a}}]}\n", id="to the step around"),
    pytest.param("- a: {steps: [{b: {next: c}}, {c: {return: 1}}]}\n", id="within steps"),
    pytest.param(
        "- a: {switch: [{condition: true, steps: [{b: {next: c}}]}]}\n- c: {return: 1}\n",
        id="out of a switch",
    ),
    pytest.param("- a: {switch: [{condition: true, next: a}]}\n", id="from an item of a switch"),
    pytest.param(
        "- a:\n    try: {steps: [{b: {next: c}}]}\n    except: {as: e, steps: [{d: {next: a}}]}\n"
        "- c: {return: 1}\n",
        id="out of try and except",
    ),
    pytest.param(
        "main: {steps: [{a: {return: 1}}]}\nsub: {steps: [{a: {next: a}}]}\n",
        id="equal names in two routines",
    ),
]


@pytest.mark.parametrize("text", ALLOWED)
def test_jump_when_allowed(text: str) -> None:
    """A jump may stay in its list of steps, or leave it for one around it."""
    assert () == problems_of(text)


INTO = "'next' leads to 'b', into a block of steps from outside"
REFUSED = [
    pytest.param(
        "- a: {next: nowhere}\n",
        (1, 3, "a", "'next' leads to 'nowhere', but 'main' has no such step"),
        id="unknown",
    ),
    pytest.param(
        "- first: {next: frist}\n",
        (
            1,
            3,
            "first",
            "'next' leads to 'frist', but 'main' has no such step; did you mean 'first'?",
        ),
        id="misspelt",
    ),
    pytest.param(
        "- a:\n    switch:\n      - condition: true\n        next: nowhere\n",
        (3, 9, "a", "'next' leads to 'nowhere', but 'main' has no such step"),
        id="unknown, in a switch",
    ),
    pytest.param(
        "main: {steps: [{a: {next: b}}]}\nsub: {steps: [{b: {return: 1}}]}\n",
        (1, 17, "a", "'next' leads to 'b', but 'main' has no such step"),
        id="into another routine",
    ),
    pytest.param(
        "- a: {next: b}\n- c: {steps: [{b: {return: 1}}]}\n", (1, 3, "a", INTO), id="into steps"
    ),
    pytest.param(
        "- a: {next: b}\n- c: {switch: [{condition: true, steps: [{b: {return: 1}}]}]}\n",
        (1, 3, "a", INTO),
        id="into a switch",
    ),
    pytest.param(
        "- a: {next: b}\n- c: {try: {steps: [{b: {return: 1}}]}}\n",
        (1, 3, "a", INTO),
        id="into a try",
    ),
    pytest.param(
        "- a:\n    try: {steps: [{c: {next: b}}]}\n"
        "    except: {as: e, steps: [{b: {return: 1}}]}\n",
        (2, 20, "c", INTO),
        id="from try into except",
    ),
    pytest.param(
        "- a: {switch: [{condition: true, steps: [{c: {next: b}}]},"
        " {condition: true, steps: [{b: {return: 1}}]}]}\n",
        (1, 43, "c", INTO),
        id="from item to item",
    ),
    pytest.param(
        "- a: {next: break}\n", (1, 3, "a", "'next: break' stands outside of a loop"), id="break"
    ),
    pytest.param(
        "- a: {switch: [{condition: true, next: continue}]}\n",
        (1, 17, "a", "'next: continue' stands outside of a loop"),
        id="continue",
    ),
    pytest.param(
        "- a: {next: end}\n- a: {return: 1}\n",
        (2, 3, "a", "duplicate step name; the first is in line 1"),
        id="equal names",
    ),
    pytest.param(
        "- a:\n    steps:\n      - a: {return: 1}\n",
        (3, 9, "a", "duplicate step name; the first is in line 1"),
        id="equal names, nested",
    ),
]


@pytest.mark.parametrize(("text", "expected"), REFUSED)
def test_jump_when_refused(text: str, expected: tuple[int, int, str, str]) -> None:
    """A jump to nowhere or into a block, or a name that is taken, is said at the step."""
    assert [expected] == [
        (problem.line, problem.column, problem.step, problem.message)
        for problem in problems_of(text)
    ]
