"""Names of steps, and where `next` may lead."""

from __future__ import annotations

import pytest

from tests.lang.reading import problems_of

LOOP = "for: {value: v, in: [1]"


def branches(steps: str) -> str:
    """Return a definition with steps in a branch."""
    return (
        f"- a:\n    parallel:\n      branches:\n        - one: {{steps: [{steps}]}}\n"
        "        - two: {steps: [{other: {raise: x}}]}\n- z: {return: 1}\n"
    )


def iterations(steps: str) -> str:
    """Return a definition with steps in a parallel loop."""
    loop = f"for: {{value: v, in: [1], steps: [{steps}]}}"
    return f"- a:\n    parallel:\n      {loop}\n- z: {{return: 1}}\n"


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
    pytest.param(f"- a: {{{LOOP}, steps: [{{b: {{next: break}}}}]}}}}\n", id="break"),
    pytest.param(f"- a: {{{LOOP}, steps: [{{b: {{next: continue}}}}]}}}}\n", id="continue"),
    pytest.param(
        f"- a: {{{LOOP}, steps: [{{b: {{switch: [{{condition: true, next: break}}]}}}}]}}}}\n",
        id="break from a switch",
    ),
    pytest.param(
        f"- a: {{{LOOP}, steps: [{{b: {{try: {{steps: [{{c: {{next: continue}}}}]}}, "
        "except: {as: e, steps: [{d: {next: break}}]}}}]}}\n",
        id="break from a try",
    ),
    pytest.param(f"- a: {{{LOOP}, steps: [{{b: {{next: c}}}}]}}}}\n- c: {{return: 1}}\n", id="out"),
    pytest.param(
        f"- a: {{{LOOP}, steps: [{{b: {{next: end}}}}]}}}}\n", id="to the end from a loop"
    ),
    pytest.param(f"- a: {{{LOOP}, steps: [{{b: {{return: 1}}}}]}}}}\n", id="return from a loop"),
    pytest.param(f"- a: {{{LOOP}, steps: [{{b: {{raise: x}}}}]}}, next: a}}\n", id="behind a loop"),
    pytest.param(branches("{b: {next: c}}, {c: {next: b}}"), id="within a branch"),
    pytest.param(
        branches(f"{{b: {{{LOOP}, steps: [{{c: {{next: break}}}}]}}}}}}"), id="a loop in a branch"
    ),
    pytest.param(
        branches(f"{{b: {{{LOOP}, steps: [{{c: {{next: d}}}}]}}}}}}, {{d: {{raise: x}}}}"),
        id="out of a loop in a branch",
    ),
    pytest.param(iterations("{b: {next: continue}}"), id="continue in a parallel loop"),
    pytest.param(
        "main: {steps: [{a: {return: 1}}]}\nsub: {steps: [{a: {next: a}}]}\n",
        id="equal names in two routines",
    ),
]


@pytest.mark.parametrize("text", ALLOWED)
def test_jump_when_allowed(text: str) -> None:
    """A jump may stay in its list of steps, or leave it for one around it."""
    assert () == problems_of(text)


OUT = "out of a branch of a parallel step"
INTO = "'next' leads to 'b', into a block of steps from outside"
REFUSED = [
    pytest.param(
        "- a: {next: nowhere}\n",
        (1, 13, "a", "'next' leads to 'nowhere', but 'main' has no such step"),
        id="unknown",
    ),
    pytest.param(
        "- first: {next: frist}\n",
        (
            1,
            17,
            "first",
            "'next' leads to 'frist', but 'main' has no such step; did you mean 'first'?",
        ),
        id="misspelt",
    ),
    pytest.param(
        "- a:\n    switch:\n      - condition: true\n        next: nowhere\n",
        (4, 15, "a", "'next' leads to 'nowhere', but 'main' has no such step"),
        id="unknown, in a switch",
    ),
    pytest.param(
        "main: {steps: [{a: {next: b}}]}\nsub: {steps: [{b: {return: 1}}]}\n",
        (1, 27, "a", "'next' leads to 'b', but 'main' has no such step"),
        id="into another routine",
    ),
    pytest.param(
        "- a: {next: b}\n- c: {steps: [{b: {return: 1}}]}\n", (1, 13, "a", INTO), id="into steps"
    ),
    pytest.param(
        "- a: {next: b}\n- c: {switch: [{condition: true, steps: [{b: {return: 1}}]}]}\n",
        (1, 13, "a", INTO),
        id="into a switch",
    ),
    pytest.param(
        "- a: {next: b}\n- c: {try: {steps: [{b: {return: 1}}]}}\n",
        (1, 13, "a", INTO),
        id="into a try",
    ),
    pytest.param(
        "- a:\n    try: {steps: [{c: {next: b}}]}\n"
        "    except: {as: e, steps: [{b: {return: 1}}]}\n",
        (2, 30, "c", INTO),
        id="from try into except",
    ),
    pytest.param(
        "- a: {switch: [{condition: true, steps: [{c: {next: b}}]},"
        " {condition: true, steps: [{b: {return: 1}}]}]}\n",
        (1, 53, "c", INTO),
        id="from item to item",
    ),
    pytest.param(
        "- a: {next: break}\n", (1, 13, "a", "'next: break' stands outside of a loop"), id="break"
    ),
    pytest.param(
        "- a: {switch: [{condition: true, next: continue}]}\n",
        (1, 40, "a", "'next: continue' stands outside of a loop"),
        id="continue",
    ),
    pytest.param(
        f"- a: {{next: b}}\n- c: {{{LOOP}, steps: [{{b: {{return: 1}}}}]}}}}\n",
        (1, 13, "a", INTO),
        id="into a loop",
    ),
    pytest.param(
        "- y: {next: b}\n" + branches("{b: {raise: x}}"), (1, 13, "y", INTO), id="into a branch"
    ),
    pytest.param(
        branches("{b: {next: other}}"),
        (4, 36, "b", "'next' leads to 'other', into a block of steps from outside"),
        id="from branch to branch",
    ),
    pytest.param(
        f"- a: {{{LOOP}, steps: [{{b: {{return: 1}}}}]}}, next: break}}\n",
        (1, 66, "a", "'next: break' stands outside of a loop"),
        id="break behind a loop",
    ),
    pytest.param(
        branches("{b: {next: z}}"),
        (4, 36, "b", f"'next' leads to 'z', {OUT}"),
        id="out of a branch",
    ),
    pytest.param(
        branches("{b: {next: a}}"),
        (4, 36, "b", f"'next' leads to 'a', {OUT}"),
        id="to the parallel step around",
    ),
    pytest.param(
        branches("{b: {next: end}}"),
        (4, 36, "b", f"'next: end' leads {OUT}"),
        id="to the end from a branch",
    ),
    pytest.param(
        branches("{b: {return: 1}}"), (4, 30, "b", f"'return' leads {OUT}"), id="return in a branch"
    ),
    pytest.param(
        iterations("{b: {switch: [{condition: true, return: 1}]}}"),
        (3, 72, "b", f"'return' leads {OUT}"),
        id="return in a parallel loop",
    ),
    pytest.param(
        iterations("{b: {next: break}}"),
        (3, 51, "b", f"'next: break' leads {OUT}"),
        id="break of a parallel loop",
    ),
    pytest.param(
        f"- l: {{{LOOP}, steps: [{{a: {{parallel: {{branches: ["
        "{one: {steps: [{b: {next: continue}}]}}, {two: {steps: [{c: {raise: x}}]}}]}}}]}}\n",
        (1, 93, "b", f"'next: continue' leads {OUT}"),
        id="continue out of a branch",
    ),
    pytest.param(
        f"main: {{steps: [{{a: {{{LOOP}, steps: [{{b: {{call: sub}}}}]}}}}}}]}}\n"
        "sub: {steps: [{c: {next: break}}]}\n",
        (2, 26, "c", "'next: break' stands outside of a loop"),
        id="break across a call",
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
    """A jump to nowhere or into a block, or a name that is taken, is said at its name."""
    assert [expected] == [
        (problem.line, problem.column, problem.step, problem.message)
        for problem in problems_of(text)
    ]
