"""Steps: what may stand under which key."""

from __future__ import annotations

import pytest

from ringback_server.lang.expressions import Literal, Name, Position
from ringback_server.lang.limits import Limits
from ringback_server.lang.steps import (
    Assign,
    CallStep,
    Nested,
    Raise,
    Return,
    Switch,
    Try,
)
from tests.lang.printing import printed
from tests.lang.reading import body_of, complaints, parsed, problems_of, steps_of


def test_assign_when_read() -> None:
    """Assignments keep their order, and their targets may be places in variables."""
    body = body_of(
        """
- s:
    assign:
      - a: 1
      - m.b["c"]: ${a}
      - l[i + 1].x: [2]
"""
    )

    assert isinstance(body, Assign)
    assert [("a", "1"), ('m.b["c"]', "a"), ("l[(i + 1)].x", "[2]")] == [
        (printed(item.target), printed(item.value)) for item in body.items
    ]
    assert Position(5, 9, 8) == body.items[1].target.position


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ("args: {a: 1, b: '${x}'}", [("a", "1"), ("b", "x")]),
        ("args: [1, '${x}']", [(None, "1"), (None, "x")]),
        ("args: {}", []),
        ("args:", []),
        ("next: end", []),
    ],
)
def test_call_when_read(args: str, expected: list[tuple[str | None, str]]) -> None:
    """A call has named arguments, positional ones, or none."""
    body = body_of(f"- s:\n    call: text.f\n    {args}\n    result: r\n")

    assert isinstance(body, CallStep)
    assert ("text.f", "r") == (body.function, body.result)
    assert expected == [(name, printed(value)) for name, value in body.arguments]
    assert Position(2, 5, 4) == body.position


def test_switch_when_read() -> None:
    """An item has a condition, and a body of any kind, a jump, both or neither."""
    body = body_of(
        """
- s:
    switch:
      - condition: ${a}
        assign: [{b: 1}]
        next: t
      - condition: true
        steps:
          - t:
              return: 1
      - condition: ${b}
        next: end
      - condition: ${c}
"""
    )

    assert isinstance(body, Switch)
    assert [
        ("a", Assign, "t"),
        ("true", Nested, None),
        ("b", None, "end"),
        ("c", None, None),
    ] == [
        (printed(case.condition), case.body and type(case.body), case.next) for case in body.cases
    ]
    assert Position(4, 9, 9) == body.cases[0].position


def test_try_when_its_body_is_inline() -> None:
    """A try takes a body of any kind, a policy and a handler."""
    body = body_of(
        """
- s:
    try:
      call: f
      result: r
    retry: ${http.default_retry}
    except:
      as: e
      steps:
        - t:
            raise: ${e}
"""
    )

    assert isinstance(body, Try)
    assert isinstance(body.body, CallStep)
    assert body.handler is not None
    assert ("e", ["t"]) == (body.handler.name, [step.name for step in body.handler.steps])
    assert Position(7, 5, 6) == body.handler.position


def test_try_when_its_body_is_a_list_of_steps() -> None:
    """A try takes steps; neither policy nor handler is needed."""
    body = body_of("- s:\n    try:\n      steps:\n        - t: {return: 1}\n")

    assert isinstance(body, Try)
    assert isinstance(body.body, Nested)
    assert (None, None) == (body.retry, body.handler)


@pytest.mark.parametrize("text", ["1", "text", "'${x}'", "{a: 1}", "[1, '${x}']", "null", ""])
def test_return_and_raise_when_read(text: str) -> None:
    """Both take any value."""
    for key, kind in (("return", Return), ("raise", Raise)):
        body = body_of(f"- s:\n    {key}: {text}\n")

        assert isinstance(body, kind)
        assert Position(2, 5, len(key)) == body.position


def test_step_when_it_only_jumps() -> None:
    """A step may be a jump alone."""
    (step,) = steps_of("- s:\n    next: end\n")

    assert ("s", None, "end", Position(1, 3, 1)) == (
        step.name,
        step.body,
        step.next,
        step.position,
    )


def test_steps_when_nested() -> None:
    """Steps stand in steps."""
    body = body_of("- s:\n    steps:\n      - t:\n          steps:\n            - u: {return: 1}\n")

    assert isinstance(body, Nested)
    inner = body.steps[0].body
    assert isinstance(inner, Nested)
    assert "u" == inner.steps[0].name


WRONG = [
    ("- s: 5\n", 1, 6, "a step must be a map, not '5'"),
    ("- s:\n", 1, 5, "a step must be a map, not nothing"),
    ("- s: {}\n", 1, 3, "the step does nothing"),
    ("- text\n", 1, 3, "a step must be a map, not 'text'"),
    ("- {}\n", 1, 3, "a step is a map with one key, its name"),
    ("- '': {return: 1}\n", 1, 3, "the name of a step must not be empty"),
    (
        "- a: {return: 1}\n  b: {return: 2}\n",
        1,
        3,
        "a step is a map with one key, its name; found 'a', 'b'",
    ),
    (
        "- a:\n  call: f\n",
        1,
        3,
        "a step is a map with one key, its name: indent 'call' and what follows more than 'a'",
    ),
    ("- s:\n    assgin: []\n", 2, 5, "unknown key 'assgin' in a step; did you mean 'assign'?"),
    ("- s:\n    description: x\n", 2, 5, "unknown key 'description' in a step"),
    (
        "- s:\n    assign: [{a: 1}]\n    call: f\n",
        3,
        5,
        "a step cannot have both 'assign' and 'call'",
    ),
    ("- s:\n    return: 1\n    args: {}\n", 3, 5, "'args' needs 'call' beside it"),
    ("- s:\n    result: r\n    next: end\n", 2, 5, "'result' needs 'call' beside it"),
    ("- s:\n    return: 1\n    retry: {}\n", 3, 5, "'retry' needs 'try' beside it"),
    ("- s:\n    except: {}\n", 2, 5, "'except' needs 'try' beside it"),
    ("- s:\n    next: ${a}\n", 2, 11, "'next' must be a name, not an expression"),
    ("- s:\n    next: 5\n", 2, 11, "'next' must be a name, not '5'"),
    ("- s:\n    next: [a]\n", 2, 11, "'next' must be a name, not a list"),
    ("- s:\n    assign: {a: 1}\n", 2, 13, "'assign' must be a list, not a map"),
    ("- s:\n    assign: []\n", 2, 13, "'assign' takes 1 to 50 assignments, not 0"),
    (
        "- s:\n    assign:\n" + "      - a: 1\n" * 51,
        3,
        7,
        "'assign' takes 1 to 50 assignments, not 51",
    ),
    ("- s:\n    assign: [a]\n", 2, 14, "an assignment must be a map, not 'a'"),
    (
        "- s:\n    assign: [{a: 1, b: 2}]\n",
        2,
        14,
        "an assignment is a map with one key, the variable; found 2 keys",
    ),
    (
        "- s:\n    assign: [{1st: 1}]\n",
        2,
        15,
        (
            "the target '1st' is not a variable name: "
            "letters, digits and '_' may stand in it, and no digit first"
        ),
    ),
    (
        "- s:\n    assign: [{a-b: 1}]\n",
        2,
        15,
        (
            "the target 'a-b' is not a variable name: "
            "letters, digits and '_' may stand in it, and no digit first"
        ),
    ),
    (
        "- s:\n    assign: [{in: 1}]\n",
        2,
        15,
        "the target 'in' is not a variable name: it is a word of expressions",
    ),
    (
        "- s:\n    assign:\n      - ${a}: 1\n",
        3,
        9,
        "the target of an assignment is written without '${' and '}'",
    ),
    (
        "- s:\n    assign:\n      - f(1).x: 1\n",
        3,
        9,
        "cannot assign to 'f(1).x': it is no place in a variable",
    ),
    ("- s:\n    assign:\n      - a[0: 1\n", 3, 12, "the expression breaks off; expected ']'"),
    ("- s:\n    call: ${f}\n", 2, 11, "'call' must be a name, not an expression"),
    ("- s:\n    call:\n", 2, 10, "'call' must be a name, not nothing"),
    (
        "- s:\n    call: sys.now\n    args: 5\n",
        3,
        11,
        "'args' must be a map or a list, not '5'",
    ),
    (
        "- s:\n    call: sys.now\n    result: a.b\n",
        3,
        13,
        (
            "'result' 'a.b' is not a variable name: "
            "letters, digits and '_' may stand in it, and no digit first"
        ),
    ),
    ("- s:\n    switch: []\n", 2, 13, "'switch' takes 1 to 50 items, not 0"),
    ("- s:\n    switch: {}\n", 2, 13, "'switch' must be a list, not a map"),
    ("- s:\n    switch: [{next: end}]\n", 2, 14, "an item of 'switch' needs 'condition'"),
    (
        "- s:\n    switch: [{condition: true, nxt: end}]\n",
        2,
        32,
        "unknown key 'nxt' in an item of 'switch'; did you mean 'next'?",
    ),
    ("- s:\n    steps: []\n", 2, 12, "'steps' needs at least one step"),
    ("- s:\n    steps: {}\n", 2, 12, "'steps' must be a list, not a map"),
    ("- s:\n    try: {}\n", 2, 5, "'try' has nothing to do"),
    ("- s:\n    try: []\n", 2, 10, "'try' must be a map, not a list"),
    (
        "- s:\n    try: {return: 1, next: end}\n",
        2,
        22,
        "'next' stands beside 'try', not in it",
    ),
    ("- s:\n    try: {for: {}}\n", 2, 11, "loop step name should not be empty"),
    (
        "- s:\n    try: {return: 1}\n    except: {steps: [{t: {return: 1}}]}\n",
        3,
        13,
        "'except' needs 'as'",
    ),
    ("- s:\n    try: {return: 1}\n    except: {as: e}\n", 3, 13, "'except' needs 'steps'"),
    (
        "- s:\n    try: {return: 1}\n    except: {as: e, steps: []}\n",
        3,
        28,
        "'steps' needs at least one step",
    ),
    (
        "- s:\n    try: {return: 1}\n    except: {as: 5, steps: [{t: {return: 1}}]}\n",
        3,
        18,
        "'as' must be a name, not '5'",
    ),
]


@pytest.mark.parametrize(("text", "line", "column", "message"), WRONG)
def test_step_when_it_is_wrong(text: str, line: int, column: int, message: str) -> None:
    """What is wrong with a step is said where it is."""
    assert [(line, column, message)] == [
        (problem.line, problem.column, problem.message) for problem in problems_of(text)
    ]


def test_problem_when_it_is_in_a_nested_step() -> None:
    """The innermost step is named."""
    (problem,) = problems_of("- s:\n    steps:\n      - t:\n          nxt: u\n")

    assert "t" == problem.step


def test_problems_when_there_are_several() -> None:
    """One problem does not hide the others."""
    text = """
- a:
    assgin: 1
- b:
    assign: [{c: '${1 +}'}]
    next: nowhere
- c:
    call: nothing
- d:
    return: ${unknown}
"""

    # a variable may be assigned in what could not be read: names are not checked then
    assert [
        "unknown key 'assgin' in a step; did you mean 'assign'?",
        "the expression breaks off",
        "'next' leads to 'nowhere', but 'main' has no such step",
        "symbol 'nothing' not found",
    ] == complaints(text)


def test_problems_when_no_variable_can_be_missing() -> None:
    """What cannot assign a variable does not keep names from being checked."""
    text = """
main:
  steps:
    - a: {assign: [{b: '${1 +}'}]}
    - c: {return: '${unknown}'}
sub:
  steps:
    - a: {assgin: [{b: 1}]}
    - c: {return: '${b}'}
"""

    neither = "is neither a variable nor a sub-workflow name"
    assert [
        "the expression breaks off",
        f"error evaluating return value: symbol 'unknown' {neither}",
        "unknown key 'assgin' in a step; did you mean 'assign'?",
    ] == complaints(text)


def test_call_when_its_positions_are_asked_for() -> None:
    """A call knows where its function, its arguments and its result are named."""
    named = body_of("- s:\n    call: text.f\n    args: {a: 1, b: 2}\n    result: r\n")
    positional = body_of("- s:\n    call: text.f\n    args: [10, 2]\n")

    assert isinstance(named, CallStep)
    assert isinstance(positional, CallStep)
    assert (Position(2, 11, 6), Position(4, 13, 1)) == (
        named.function_position,
        named.result_position,
    )
    assert (Position(3, 12, 1), Position(3, 18, 1)) == named.argument_positions
    assert (Position(3, 12, 2), Position(3, 16, 1)) == positional.argument_positions


def test_next_when_its_position_is_asked_for() -> None:
    """A jump knows where its target is named."""
    (step,) = steps_of("- s:\n    switch: [{condition: true, next: end}]\n    next: s\n")

    assert isinstance(step.body, Switch)
    assert (Position(3, 11, 1), Position(2, 38, 3)) == (
        step.next_position,
        step.body.cases[0].next_position,
    )


def test_limits_when_given() -> None:
    """Limits are parameters."""
    limits = Limits(assignments=1, switch_cases=1)
    text = """
- s:
    assign: [{a: 1}, {b: 2}]
- t:
    switch: [{condition: true}, {condition: true}]
"""

    assert [
        "'assign' takes 1 to 1 assignments, not 2",
        "'switch' takes 1 to 1 items, not 2",
    ] == complaints(text, limits)


def test_names_of_steps_when_unusual() -> None:
    """Any text names a step."""
    definition = parsed("- 'a b-c': {next: é}\n- é: {return: 1}\n")

    assert ["a b-c", "é"] == [step.name for step in definition.routines["main"].steps]


def test_steps_when_written_in_json() -> None:
    """JSON says the same as YAML."""
    (step,) = steps_of('[{"s": {"assign": [{"a": "${\\"x\\" + b}"}]}}]')

    assert isinstance(step.body, Assign)
    target = step.body.items[0].target
    assert isinstance(target, Name)
    assert ("a", '("x" + b)') == (target.name, printed(step.body.items[0].value))


def test_constant_condition_when_read() -> None:
    """A condition need not be an expression."""
    body = body_of("- s:\n    switch: [{condition: True, next: end}]\n")

    assert isinstance(body, Switch)
    condition = body.cases[0].condition
    assert isinstance(condition, Literal)
    assert condition.value is True
