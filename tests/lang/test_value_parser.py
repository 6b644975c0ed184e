"""Values: literals, and expressions anywhere in them."""

from __future__ import annotations

import pytest

from ringback_server.lang.expressions import Binary, ListOf, Literal, MapOf, Name, Position
from tests.lang.printing import printed
from tests.lang.reading import problems_of, returned

VALUES = [
    ("${a}", "a"),
    ("'${a + \"x\"}'", '(a + "x")'),
    ('"${a + \\"x\\"}"', '(a + "x")'),
    (">-\n      ${1 +\n      2}", "(1 + 2)"),
    (">\n      ${1 +\n      2}", "(1 + 2)"),
    ("|\n      ${1 +\n      2}\n", "(1 + 2)"),
    ("hello-${x}", '"hello-${x}"'),
    ("${x}-hello", '"${x}-hello"'),
    ("' ${x}'", '" ${x}"'),
    ("$x", '"$x"'),
    ("${", '"${"'),
    ('"$}"', '"$}"'),
    ("", "null"),
    ("1.5", "1.5"),
    ('["${a}", {b: "${c}"}]', '[a, {"b": c}]'),
    ("{'${k}': 1, l: {\"${m + 's'}\": 2}}", '{k: 1, "l": {(m + "s"): 2}}'),
]


@pytest.mark.parametrize(("text", "expected"), VALUES)
def test_value_when_read(text: str, expected: str) -> None:
    """A scalar that is a `${…}` as a whole is an expression; anything else is what it is."""
    assert expected == printed(returned(f"- a:\n    return: {text}\n"))


def test_unquoted_expression_key_when_read() -> None:
    """An expression may be a key without quotes, as Google's demos write it."""
    assert "{k: 1}" == printed(returned("- a:\n    return:\n      ${k}: 1\n"))


def test_positions_of_values_when_read() -> None:
    """Values and the expressions in them know where they stand."""
    tree = returned("- a:\n    return:\n      - ${x + 1}\n      - k: 'v'\n")

    assert isinstance(tree, ListOf)
    assert Position(3, 7, 25) == tree.position
    total, map_value = tree.items
    assert isinstance(total, Binary)
    assert isinstance(map_value, MapOf)
    assert [
        Position(3, 11, 5),
        Position(3, 11, 1),
        Position(4, 9, 6),
        Position(4, 9, 1),
        Position(4, 12, 3),
    ] == [
        total.position,
        total.left.position,
        map_value.position,
        map_value.pairs[0][0].position,
        map_value.pairs[0][1].position,
    ]


@pytest.mark.parametrize(
    ("value", "line", "column"),
    [
        ("${1 ? 2}", 2, 17),
        ("'${1 ? 2}'", 2, 18),
        ('"${1 ? 2}"', 2, 18),
        ('"${\\"a\\" ? 2}"', 2, 22),
        (">-\n      ${1 +\n      ? 2}", 4, 7),
        ("|-\n      ${1 +\n      ? 2}", 4, 7),
        ("[1, '${?}']", 2, 20),
        ("{'${?}': 1}", 2, 17),
    ],
)
def test_problem_of_an_expression_when_located(value: str, line: int, column: int) -> None:
    """An expression's problem is reported at its character."""
    problems = problems_of(f"- a:\n    return: {value}\n")

    assert [(line, column, "token recognition error at: '?'")] == [
        (problem.line, problem.column, problem.message) for problem in problems
    ]


def test_literal_null_when_an_expression_is_broken() -> None:
    """The rest of a definition is read past a broken expression."""
    problems = problems_of("- a:\n    return: ['${1 +}', '${(}']\n")

    assert ["the expression breaks off"] * 2 == [problem.message for problem in problems]


def test_types_of_literals_when_read() -> None:
    """A literal keeps the type that YAML gives it."""
    tree = returned('- a:\n    return: [1, "1", 1.0, true, ~, x]\n')

    assert isinstance(tree, ListOf)
    literals = [item.value for item in tree.items if isinstance(item, Literal)]
    assert [int, str, float, bool, type(None), str] == [type(value) for value in literals]


def test_name_when_an_expression_is_one() -> None:
    """A variable's position is that of its name."""
    tree = returned("- a:\n    return: ${abc}\n")

    assert Name("abc", Position(2, 15, 3)) == tree
