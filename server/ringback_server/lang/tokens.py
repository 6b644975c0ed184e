"""The text of an expression -> tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Final, NamedTuple

from ringback_server.lang.problems import shown

#: operators that are words; all lower or all upper case, `in` lower case only
WORD_OPERATORS: Final = {
    "and": "and",
    "AND": "and",
    "or": "or",
    "OR": "or",
    "not": "not",
    "NOT": "not",
    "in": "in",
}
_TOKEN: Final = re.compile(
    r"""
    (?P<blank>[ \t\r\n]+)
    | (?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<symbol>//|<=|>=|==|!=|[-+*/%<>()\[\],.])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPED: Final = {
    '"': '"',
    "'": "'",
    "\\": "\\",
    "/": "/",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
}
#: what people write that is no token, and what to write instead
_INSTEAD: Final = {
    "{": "; an expression cannot hold a map: assign it to a variable first",
    "=": "; write '==' to compare",
    "!": "; write 'not' or '!='",
    "&": "; write 'and'",
    "|": "; write 'or'",
}


class ExpressionSyntaxError(Exception):
    """The text is no expression; `start` and `end` are indexes into it."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end


class Kind(Enum):
    """What a token is."""

    NUMBER = "number"
    NAME = "name"
    STRING = "string"
    SYMBOL = "symbol"
    END = "end"


class Token(NamedTuple):
    """A token, with its place in the text; `operator` in its normal form, "" for others."""

    kind: Kind
    text: str
    start: int
    end: int
    operator: str = ""


#: what each group of the pattern is, None for what is left out
_KINDS: Final[dict[str | None, Kind | None]] = {
    **{kind.value: kind for kind in Kind},
    "blank": None,
}


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of an expression, an END last."""
    index = 0
    while index < len(text):
        found = _TOKEN.match(text, index)
        if found is None:
            raise _unrecognised(text, index)
        start, index = index, found.end()
        kind = _KINDS[found.lastgroup]
        if kind is not None:
            written = found[0]
            operator = written if kind is Kind.SYMBOL else WORD_OPERATORS.get(written, "")
            yield Token(kind, written, start, index, operator)
    yield Token(Kind.END, "", len(text), len(text))


def _unrecognised(text: str, index: int) -> ExpressionSyntaxError:
    char = text[index]
    if char in "\"'":
        rest = text[index:]
        return ExpressionSyntaxError(
            f"token recognition error at: '{shown(rest)}'; the string has no end",
            index,
            len(text),
        )
    return ExpressionSyntaxError(
        f"token recognition error at: '{shown(char)}'{_INSTEAD.get(char, '')}", index, index + 1
    )


def string_value(token: Token) -> str:
    """Return what a string token stands for."""
    inner = token.text[1:-1]
    if "\\" not in inner:
        return inner

    def replace(found: re.Match[str]) -> str:
        code, letter = found.groups()
        if code is not None:
            return chr(int(code, 16))
        if letter in _ESCAPED:
            return _ESCAPED[letter]
        start = token.start + 1 + found.start()
        message = f"there is no escape '\\{shown(letter)}' in strings; write '\\\\' for a backslash"
        raise ExpressionSyntaxError(message, start, start + 2)

    # two escapes may stand for the halves of one character, as in JSON
    halves = _ESCAPE.sub(replace, inner)
    text = halves.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if text.count("\ufffd") != halves.count("\ufffd"):
        message = "the string holds half of a surrogate pair"
        raise ExpressionSyntaxError(message, token.start, token.end)
    return text
