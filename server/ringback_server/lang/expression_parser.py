"""The text between `${` and `}` -> a tree: precedence climbing over tokens (SPEC 2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ringback_server.lang import scalars
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
from ringback_server.lang.problems import shown
from ringback_server.lang.tokens import (
    WORD_OPERATORS,
    ExpressionSyntaxError,
    Kind,
    Token,
    string_value,
    tokens,
)

#: binary operators; the higher, the tighter. All of them group from the left.
PRECEDENCE: Final = {
    "or": 1,
    "and": 2,
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!=", "in"), 3),
    **dict.fromkeys(("+", "-"), 4),
    **dict.fromkeys(("*", "/", "//", "%"), 5),
}
#: prefix operators, on the same scale
PREFIX_PRECEDENCE: Final = {"-": 6, "not": 7}
_LOOSEST: Final = 0
#: literals that are words, in any case
_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}
_FRACTION: Final = frozenset(".eE")

#: makes a position of two indexes into an expression's text
Place = Callable[[int, int], Position]


def on_one_line(start: int, end: int) -> Position:
    """Return the position in a text that is one line of its own."""
    return Position(1, start + 1, end - start)


def is_word(name: str) -> bool:
    """Tell whether a name means something else than a variable in expressions."""
    return name.lower() in _WORDS or name in WORD_OPERATORS


def parse_expression(
    text: str, place: Place = on_one_line, limits: Limits | None = None
) -> Expression:
    """Return the tree of an expression; raises ExpressionSyntaxError."""
    limits = limits or Limits()
    if len(text) > limits.expression_characters:
        message = (
            f"the expression has {len(text)} characters, more than {limits.expression_characters}"
        )
        raise ExpressionSyntaxError(message, 0, len(text))
    return _Parser(text, place, limits).whole()


class _Parser:
    """One token of look-ahead; each method leaves `_token` behind what it read."""

    def __init__(self, text: str, place: Place, limits: Limits) -> None:
        self._tokens = tokens(text)
        self._place = place
        self._deepest = limits.expression_nesting
        self._depth = 0
        self._end = 0
        self._token = next(self._tokens)

    def whole(self) -> Expression:
        if not self._token.text:
            raise ExpressionSyntaxError("the expression is empty", 0, self._token.end)
        tree = self._expression(_LOOSEST)
        if self._token.text:
            raise self._unexpected()
        return tree

    def _expression(self, least: int) -> Expression:
        """Read operators that bind at least so tightly, and their operands."""
        self._depth += 1
        if self._depth > self._deepest:
            message = f"the expression is nested more than {self._deepest} deep"
            raise ExpressionSyntaxError(message, self._token.start, self._token.end)
        start = self._token.start
        left = self._operand()
        while (level := PRECEDENCE.get(self._token.operator, -1)) >= least:
            operator = self._take().operator
            right = self._expression(level + 1)
            left = Binary(operator, left, right, self._from(start))
        if self._token.operator == "not":
            raise self._not_in()
        self._depth -= 1
        return left

    def _operand(self) -> Expression:
        token = self._token
        if token.operator not in PREFIX_PRECEDENCE:
            return self._primary()
        self._take()
        if token.operator == "-" and self._token.kind is Kind.NUMBER:
            # the smallest integer is no negated integer: its positive does not exist
            return self._number("-", token.start)
        operand = self._expression(PREFIX_PRECEDENCE[token.operator])
        return Unary(token.operator, operand, self._from(token.start))

    def _primary(self) -> Expression:
        token = self._token
        if token.kind is Kind.NUMBER:
            return self._number("", token.start)
        if token.kind is Kind.STRING:
            value = string_value(self._take())
            return self._chain(Literal(value, self._from(token.start)), token.start)
        if token.kind is Kind.NAME and not token.operator:
            return self._word()
        if token.text == "(":
            self._take()
            inner = self._expression(_LOOSEST)
            self._expect(")")
            return self._chain(inner, token.start)
        if token.text == "[":
            self._take()
            items = self._items("]")
            return self._chain(ListOf(items, self._from(token.start)), token.start)
        raise self._unexpected()

    def _word(self) -> Expression:
        token = self._take()
        literal = token.text.lower()
        if literal in _WORDS:
            return Literal(_WORDS[literal], self._from(token.start))
        return self._chain(Name(token.text, self._from(token.start)), token.start, token.text)

    def _chain(self, node: Expression, start: int, dotted: str = "") -> Expression:
        """Read what follows an operand: members, indexes, and a call of a dotted name."""
        while True:
            if self._token.text == "." and self._token.kind is Kind.SYMBOL:
                self._take()
                key = self._member()
                dotted = f"{dotted}.{key}" if dotted else ""
                node = Member(node, key, self._from(start))
            elif self._token.text == "[":
                self._take()
                index = self._expression(_LOOSEST)
                self._expect("]")
                dotted, node = "", Index(node, index, self._from(start))
            elif self._token.text == "(" and dotted:
                self._take()
                arguments = self._items(")")
                node, dotted = Call(dotted, arguments, self._from(start)), ""
            else:
                return node

    def _member(self) -> str:
        if self._token.kind is not Kind.NAME:
            raise self._unexpected("expected a key behind '.'")
        return self._take().text

    def _items(self, closing: str) -> tuple[Expression, ...]:
        items: list[Expression] = []
        while self._token.text != closing or items:
            items.append(self._expression(_LOOSEST))
            if self._token.text != ",":
                break
            self._take()
        self._expect(closing)
        return tuple(items)

    def _number(self, sign: str, start: int) -> Literal:
        token = self._take()
        text = sign + token.text
        try:
            is_double = not _FRACTION.isdisjoint(text)
            value = scalars.double(text) if is_double else scalars.integer(text)
        except scalars.ScalarError as error:
            raise ExpressionSyntaxError(str(error), start, token.end) from None
        return Literal(value, self._from(start))

    def _take(self) -> Token:
        token = self._token
        self._end = token.end
        self._token = next(self._tokens)
        return token

    def _expect(self, text: str) -> None:
        if self._token.text != text or self._token.kind is not Kind.SYMBOL:
            raise self._unexpected(f"expected '{text}'")
        self._take()

    def _from(self, start: int) -> Position:
        return self._place(start, self._end)

    def _unexpected(self, expected: str = "") -> ExpressionSyntaxError:
        token = self._token
        what = f"unexpected '{shown(token.text)}'" if token.text else "the expression breaks off"
        if token.text.lower() in {"and", "or", "not"} and not token.operator:
            expected = f"write '{token.text.lower()}' or '{token.text.upper()}'"
        return ExpressionSyntaxError(
            f"{what}; {expected}" if expected else what, token.start, token.end
        )

    def _not_in(self) -> ExpressionSyntaxError:
        token = self._take()
        if self._token.operator != "in":
            return ExpressionSyntaxError(f"unexpected '{token.text}'", token.start, token.end)
        message = """there is no operator 'not in'; write not("a" in b) instead of "a" not in b"""
        return ExpressionSyntaxError(message, token.start, self._token.end)
