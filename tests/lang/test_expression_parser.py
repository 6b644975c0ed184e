"""Expressions: how they group, what they may hold, and how they are refused."""

from __future__ import annotations

import string
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringback_server.lang.expression_parser import PRECEDENCE, is_word, parse_expression
from ringback_server.lang.expressions import (
    Binary,
    Call,
    Expression,
    Index,
    ListOf,
    Literal,
    Member,
    Name,
    Position,
    Unary,
)
from ringback_server.lang.limits import Limits
from ringback_server.lang.tokens import ExpressionSyntaxError
from tests.lang.printing import printed

GROUPS = [
    ("1 + 2 * 3", "(1 + (2 * 3))"),
    ("(1 + 2) * 3", "((1 + 2) * 3)"),
    ("1 - 2 - 3", "((1 - 2) - 3)"),
    ("7 * 5 % 4 / 3 // 2", "((((7 * 5) % 4) / 3) // 2)"),
    ("a or b and c", "(a or (b and c))"),
    ("a and b or c", "((a and b) or c)"),
    ("a < b == c in d", "(((a < b) == c) in d)"),
    ("a + 1 < b and c", "(((a + 1) < b) and c)"),
    ("not a in b", "((not a) in b)"),
    ('not("a" in b)', '(not ("a" in b))'),
    ("not a and b", "((not a) and b)"),
    ("not -a + b", "((not (- a)) + b)"),
    ("- not a", "(- (not a))"),
    ("-a * b", "((- a) * b)"),
    ("-a.b[0]", "(- a.b[0])"),
    ("--1", "(- -1)"),
    ("1 - -1", "(1 - -1)"),
    ("1-1", "(1 - 1)"),
    ("not not a", "(not (not a))"),
    ("NOT a AND b OR c", "(((not a) and b) or c)"),
    ("a.b.c", "a.b.c"),
    ("a . b [ 0 ] . c", "a.b[0].c"),
    ("a.and.not.true", "a.and.not.true"),
    ('m["k" + n][1]', 'm[("k" + n)][1]'),
    ("f()", "f()"),
    ("f(1, g(2))", "f(1, g(2))"),
    ("a.b.c.f(1).x[0]", "a.b.c.f(1).x[0]"),
    ("(a).b", "a.b"),
    ("[1, 2][0]", "[1, 2][0]"),
    ('"abc"[0]', '("abc")[0]'),
    ("[]", "[]"),
    ("[[1], [2, [3]]]", "[[1], [2, [3]]]"),
    ("if(a, default(b, 1), 2)", "if(a, default(b, 1), 2)"),
    ("  a\n +\t1 ", "(a + 1)"),
]


@pytest.mark.parametrize(("text", "expected"), GROUPS)
def test_expression_when_grouped(text: str, expected: str) -> None:
    """Operators bind as tightly as the table of the documentation says."""
    assert expected == printed(parse_expression(text))


LITERALS: list[tuple[str, bool | int | float | str | None]] = [
    ("0", 0),
    ("007", 7),
    ("9223372036854775807", 2**63 - 1),
    ("-9223372036854775808", -(2**63)),
    ("2.5", 2.5),
    ("1e3", 1000.0),
    ("1E-2", 0.01),
    ("2.5e+1", 25.0),
    ("-0.5", -0.5),
    ("true", True),
    ("True", True),
    ("FALSE", False),
    ("null", None),
    ("Null", None),
    ('"a"', "a"),
    ("'a'", "a"),
    ("'say \"hi\"'", 'say "hi"'),
    (r"'it\'s'", "it's"),
    (r'"\"\\\n\t\r\/\b\f"', '"\\\n\t\r/\b\f'),
    (r'"caf\u00e9 \uD83D\ude00"', "café 😀"),
    ('"日本 {}#$"', "日本 {}#$"),
    ('""', ""),
]


@pytest.mark.parametrize(("text", "expected"), LITERALS)
def test_literal_when_read(text: str, expected: object) -> None:
    """Literals have the values and types of the language."""
    tree = parse_expression(text)

    assert isinstance(tree, Literal)
    assert (type(expected), expected) == (type(tree.value), tree.value)
    assert len(text) == tree.position.length


REFUSED = [
    ("", 1, "the expression is empty"),
    (" ", 1, "the expression is empty"),
    ("1 # 2", 3, "token recognition error at: '#'"),
    ("m.key[special!key]", 14, "token recognition error at: '!'; write 'not' or '!='"),
    ("a = 1", 3, "token recognition error at: '='; write '==' to compare"),
    ("a && b", 3, "token recognition error at: '&'; write 'and'"),
    ("a || b", 3, "token recognition error at: '|'; write 'or'"),
    ("é", 1, "token recognition error at: 'é'"),
    ("a\xa0b", 2, "token recognition error at: '\ufffd'"),
    ('1 + "abc', 5, "token recognition error at: '\"abc'; the string has no end"),
    (
        '{"a": 1}',
        1,
        (
            "token recognition error at: '{'; an expression cannot hold a map: "
            "assign it to a variable first"
        ),
    ),
    ("a} + ${b", 2, "token recognition error at: '}'"),
    ("1 +", 4, "the expression breaks off"),
    ("(1 + 2", 7, "the expression breaks off; expected ')'"),
    ("[1, 2", 6, "the expression breaks off; expected ']'"),
    ("[1,]", 4, "unexpected ']'"),
    ("f(1", 4, "the expression breaks off; expected ')'"),
    ("f(,)", 3, "unexpected ','"),
    ("f(1 2)", 5, "unexpected '2'; expected ')'"),
    ("a[0", 4, "the expression breaks off; expected ']'"),
    ("a[]", 3, "unexpected ']'"),
    ("a.", 3, "the expression breaks off; expected a key behind '.'"),
    ("a.1", 3, "unexpected '1'; expected a key behind '.'"),
    ("a b", 3, "unexpected 'b'"),
    ("1st", 2, "unexpected 'st'"),
    ("1.", 2, "unexpected '.'"),
    ("()", 2, "unexpected ')'"),
    (")", 1, "unexpected ')'"),
    ("and a", 1, "unexpected 'and'"),
    ("a not b", 3, "unexpected 'not'"),
    ("true And false", 6, "unexpected 'And'; write 'and' or 'AND'"),
    ("Not a", 5, "unexpected 'a'"),
    ("a IN b", 3, "unexpected 'IN'"),
    ("f(1)(2)", 5, "unexpected '('"),
    ("a[0](1)", 5, "unexpected '('"),
    ("(f)(1)", 4, "unexpected '('"),
    (
        '"a" not in b',
        5,
        """there is no operator 'not in'; write not("a" in b) instead of "a" not in b""",
    ),
    (r'"a\d"', 3, r"there is no escape '\d' in strings; write '\\' for a backslash"),
    (r'"\u12"', 2, r"there is no escape '\u' in strings; write '\\' for a backslash"),
    (r'"\ud83d"', 1, "the string holds half of a surrogate pair"),
    ("9223372036854775808", 1, "the integer does not fit into 64 bits"),
    ("1 - -9223372036854775809", 5, "the integer does not fit into 64 bits"),
    ("1e400", 1, "the number is too large for a double"),
    ("9" * 399, 1, "the integer does not fit into 64 bits"),
    ("(" * 200, 51, "the expression is nested more than 50 deep"),
    ("-" * 200, 51, "the expression is nested more than 50 deep"),
    ("not " * 100, 201, "the expression is nested more than 50 deep"),
    ("[" * 200, 51, "the expression is nested more than 50 deep"),
    ("f(" * 200, 101, "the expression is nested more than 50 deep"),
    ("a" * 401, 1, "the expression has 401 characters, more than 400"),
]


@pytest.mark.parametrize(("text", "column", "message"), REFUSED)
def test_expression_when_refused(text: str, column: int, message: str) -> None:
    """What is no expression is refused with the reason, where it is."""
    with pytest.raises(ExpressionSyntaxError) as caught:
        parse_expression(text)

    assert (column, message) == (caught.value.start + 1, caught.value.message)


def test_limit_when_given() -> None:
    """The longest expression is a parameter; one of just that length is read."""
    limits = Limits(expression_characters=3)

    assert "(a + b)" == printed(parse_expression("a+b", limits=limits))
    with pytest.raises(ExpressionSyntaxError):
        parse_expression("a+bc", limits=limits)


def test_positions_when_nested() -> None:
    """Each node knows its stretch of the text, brackets around it left out."""
    tree = parse_expression('(a + 1) * f(b.c["d"])')

    assert isinstance(tree, Binary)
    assert isinstance(tree.left, Binary)
    assert isinstance(tree.right, Call)
    argument = tree.right.arguments[0]
    assert isinstance(argument, Index)
    assert [
        Position(1, 1, 21),
        Position(1, 2, 5),
        Position(1, 11, 11),
        Position(1, 13, 8),
        Position(1, 13, 3),
        Position(1, 17, 3),
    ] == [
        node.position
        for node in (tree, tree.left, tree.right, argument, argument.target, argument.key)
    ]


def test_widest_expressions_when_read() -> None:
    """The deepest trees that fit are read, and reading takes linear time."""
    texts = ["1" + "+1" * 199, "a" + ".b" * 199, "a" + "[0]" * 133, "(" * 49 + "1" + ")" * 49]
    began = time.process_time()
    for text in texts:
        parse_expression(text)

    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("word", ["true", "Null", "FALSE", "and", "OR", "not", "in"])
def test_word_when_it_is_taken(word: str) -> None:
    """Words of expressions are no names."""
    assert is_word(word)


HERE = Position(1, 1, 0)
NAMES = st.text(string.ascii_letters + "_", min_size=1, max_size=6).filter(lambda x: not is_word(x))
CONSTANTS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
LEAVES = st.builds(Literal, CONSTANTS, st.just(HERE)) | st.builds(Name, NAMES, st.just(HERE))


def larger(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    """Return expressions that are made of others."""
    here, several = st.just(HERE), st.lists(inner, max_size=3).map(tuple)
    called = st.lists(NAMES, min_size=1, max_size=3).map(".".join)
    no_number = inner.filter(lambda node: not isinstance(node, Literal))
    return st.one_of(
        st.builds(Member, inner, NAMES, here),
        st.builds(Index, inner, inner, here),
        st.builds(Call, called, several, here),
        st.builds(Unary, st.sampled_from(["not", "-"]), no_number, here),
        st.builds(Binary, st.sampled_from(sorted(PRECEDENCE)), inner, inner, here),
        st.builds(ListOf, several, here),
    )


EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(LEAVES, larger, max_leaves=12)
ROOMY = Limits(expression_characters=100_000, expression_nesting=100)


@settings(max_examples=150, deadline=None)
@given(EXPRESSIONS)
def test_expression_when_printed_and_read_again(tree: Expression) -> None:
    """Reading a printed expression gives the expression."""
    text = printed(tree)

    assert text == printed(parse_expression(text, limits=ROOMY))


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.text("()[],.\"'\\ +-*/%<>=!anotrue19", max_size=80))
def test_any_text_when_read(text: str) -> None:
    """Any text is an expression or is refused, at a place within it."""
    place = (0, 0)
    try:
        parse_expression(text)
    except ExpressionSyntaxError as error:
        place = error.start, error.end

    assert 0 <= place[0] <= place[1] <= len(text)
