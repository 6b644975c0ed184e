"""Loops and parallel steps: what may stand under `for` and `parallel`."""

from __future__ import annotations

import pytest

from ringback_server.lang.expressions import Position
from ringback_server.lang.limits import Limits
from ringback_server.lang.steps import For, Nested, Parallel, Try
from tests.lang.printing import printed
from tests.lang.reading import body_of, complaints, problems_of

STEPS = "steps: [{t: {raise: x}}]"
TWO = "branches: [{one: {steps: [{t: {raise: x}}]}}, {two: {steps: [{u: {raise: x}}]}}]"


def loop(keys: str) -> For:
    """Return the loop with some keys beside its value and its steps."""
    body = body_of(f"- s:\n    for: {{value: v, {keys}, {STEPS}}}\n")
    assert isinstance(body, For)
    return body


def test_loop_when_over_a_list() -> None:
    """A loop has a value, perhaps an index, a list, and steps."""
    found = loop("index: i, in: '${[1] + x}'")

    assert ("v", "i", None) == (found.value, found.index, found.range)
    assert found.in_ is not None
    assert ("([1] + x)", ["t"]) == (printed(found.in_), [step.name for step in found.steps])
    assert Position(2, 5, 3) == found.position


@pytest.mark.parametrize(
    ("range_", "expected"),
    [("[1, 3]", ["1", "3"]), ("[0.5, '${x}']", ["0.5", "x"]), ("['${a}', '${b}']", ["a", "b"])],
)
def test_loop_when_over_a_range(range_: str, expected: list[str]) -> None:
    """The ends of a range are numbers or expressions."""
    found = loop(f"range: {range_}")

    assert isinstance(found.range, tuple)
    assert (None, expected) == (found.in_, [printed(end) for end in found.range])


def test_loop_when_its_range_is_one_expression() -> None:
    """A range may be one expression as a whole."""
    found = loop("range: '${[0, x]}'")

    assert found.range is not None
    assert not isinstance(found.range, tuple)
    assert "[0, x]" == printed(found.range)


def test_parallel_when_it_has_branches() -> None:
    """Branches have names and steps, and share variables by name."""
    body = body_of(
        f"- s:\n    parallel:\n      shared: [a, b]\n      concurrency_limit: 2\n"
        f"      exception_policy: continueAll\n      {TWO}\n"
    )

    assert isinstance(body, Parallel)
    assert [("a", Position(3, 16, 1)), ("b", Position(3, 19, 1))] == [
        (name.name, name.position) for name in body.shared
    ]
    assert [("one", ["t"]), ("two", ["u"])] == [
        (branch.name, [step.name for step in branch.steps]) for branch in body.branches
    ]
    assert body.concurrency_limit is not None
    assert ("2", None) == (printed(body.concurrency_limit), body.for_)
    assert (Position(2, 5, 8), Position(6, 19, 3)) == (body.position, body.branches[0].position)


def test_parallel_when_it_is_a_loop() -> None:
    """The iterations of a loop may run side by side."""
    body = body_of(
        "- s:\n    parallel:\n      shared:\n      concurrency_limit: ${1 + 1}\n"
        f"      for: {{value: v, in: [1], {STEPS}}}\n"
    )

    assert isinstance(body, Parallel)
    assert ((), (), True) == (body.shared, body.branches, isinstance(body.for_, For))
    assert body.concurrency_limit is not None
    assert "(1 + 1)" == printed(body.concurrency_limit)


@pytest.mark.parametrize(
    "around",
    ["steps: [{u: {%s}}]", "switch: [{condition: true, %s}]", "try: {steps: [{u: {%s}}]}", "%s"],
)
@pytest.mark.parametrize(
    "body",
    [
        "for: {value: v, in: [1], steps: [{t: {raise: x}}]}",
        "parallel: {for: {value: v, in: [1], steps: [{t: {raise: x}}]}}",
    ],
)
def test_loop_when_nested(around: str, body: str) -> None:
    """Loops and parallel steps stand wherever the body of a step may."""
    assert () == problems_of(f"- s: {{{around % body}}}\n")


def test_parallel_when_directly_under_try() -> None:
    """A try takes a parallel step as its body."""
    body = body_of(f"- s:\n    try: {{parallel: {{{TWO}}}}}\n")

    assert isinstance(body, Try)
    assert not isinstance(body.body, Nested)
    assert isinstance(body.body, Parallel)


FOR_KEYS = f"value: v, in: [1], {STEPS}"
WRONG = [
    ("for: 5", 10, "'for' must be a map, not '5'"),
    (f"for: {{in: [1], {STEPS}}}", 10, "'for' needs 'value'"),
    ("for: {value: v, in: [1]}", 10, "'for' needs 'steps'"),
    (f"for: {{value: v, {STEPS}}}", 5, "'for' needs 'in' or 'range'"),
    (f"for: {{{FOR_KEYS}, range: [1, 2]}}", 56, "'for' takes 'in' or 'range', not both"),
    (f"for: {{{FOR_KEYS}, idx: i}}", 56, "unknown key 'idx' in 'for'; did you mean 'index'?"),
    (f"for: {{value: 5, in: [1], {STEPS}}}", 18, "'value' must be a name, not '5'"),
    (f"for: {{{FOR_KEYS}, index: v}}", 63, "'index' must have another name than 'value'"),
    ("for: {value: v, in: [1], steps: []}", 37, "'steps' needs at least one step"),
    (
        f"for: {{value: v, range: [1], {STEPS}}}",
        28,
        "'range' takes two numbers, the first and the last, not 1",
    ),
    (
        f"for: {{value: v, range: 5, {STEPS}}}",
        28,
        "'range' must be a list of two numbers or an expression, not '5'",
    ),
    (
        f"for: {{value: v, range: [1, true], {STEPS}}}",
        32,
        "an end of 'range' must be a number or an expression, not 'True'",
    ),
    ("parallel: []", 15, "'parallel' must be a map, not a list"),
    ("parallel: {}", 5, "'parallel' needs 'branches' or 'for'"),
    (
        f"parallel: {{for: {{{FOR_KEYS}}}, {TWO}}}",
        68,
        "'parallel' takes 'branches' or 'for', not both",
    ),
    (
        f"parallel: {{exception_policy: failFast, {TWO}}}",
        34,
        "'exception_policy' must be 'continueAll', not 'failFast'",
    ),
    (f"parallel: {{shared: x, {TWO}}}", 24, "'shared' must be a list, not 'x'"),
    (f"parallel: {{shared: [1], {TWO}}}", 25, "a name in 'shared' must be a name, not '1'"),
    ("parallel: {branches: {}}", 26, "'branches' must be a list, not a map"),
    (
        "parallel: {branches: [{one: {steps: [{x: {raise: x}}]}}]}",
        26,
        "'branches' takes 2 to 10 branches, not 1",
    ),
    (f"parallel: {{{TWO[:-1]}, 3]}}", 97, "a branch must be a map, not '3'"),
    (
        f"parallel: {{{TWO[:-1]}, {{a: 1, b: 2}}]}}",
        97,
        "a branch is a map with one key, its name; found 2 keys",
    ),
    (f"parallel: {{{TWO[:-1]}, {{three: {{}}}}]}}", 105, "a branch needs 'steps'"),
    (
        f"parallel: {{{TWO[:-1]}, {{one: {{steps: [{{v: {{raise: x}}}}]}}}}]}}",
        97,
        "duplicate branch 'one'",
    ),
    (
        f"parallel: {{{TWO[:-1]}, {{'': {{steps: [{{v: {{raise: x}}}}]}}}}]}}",
        98,
        "the name of a branch must not be empty",
    ),
    *(
        (
            f"parallel: {{concurrency_limit: {limit}, {TWO}}}",
            35,
            f"'concurrency_limit' must be a positive integer or an expression, not '{limit}'",
        )
        for limit in ("0", "-1", "1.5", "x")
    ),
]


@pytest.mark.parametrize(("body", "column", "message"), WRONG)
def test_loop_when_it_is_wrong(body: str, column: int, message: str) -> None:
    """What is wrong with a loop or a parallel step is said where it is."""
    found = [problem for problem in problems_of(f"- s:\n    {body}\n") if problem.line == 2]

    assert (column, message) in [(problem.column, problem.message) for problem in found]


def test_shared_when_a_name_stands_twice() -> None:
    """A variable is shared once."""
    text = f"- a: {{assign: [{{n: 1}}]}}\n- s:\n    parallel: {{shared: [n, n], {TWO}}}\n"

    assert [(3, 28, "duplicate name 'n' in 'shared'")] == [
        (problem.line, problem.column, problem.message) for problem in problems_of(text)
    ]


def test_limits_when_given() -> None:
    """How many branches and steps there may be are parameters."""
    text = f"- s:\n    parallel:\n      {TWO[:-1]}, {{three: {{steps: [{{v: {{raise: x}}}}]}}}}]\n"

    assert ["'branches' takes 2 to 2 branches, not 3"] == complaints(text, Limits(branches=2))
    assert ["there are 4 steps, more than 3"] == complaints(text, Limits(steps=3))
    assert [] == complaints(text, Limits(steps=4))
