"""JSON text -> nodes, with their places (RFC 8259; the standard library's `json` keeps none)."""

from __future__ import annotations

import json
import re
from typing import Final

from ringback_server.lang import expressions, scalars
from ringback_server.lang.limits import Limits
from ringback_server.lang.node_builder import NodeBuilder, refusal
from ringback_server.lang.nodes import Node, Scalar, Style
from ringback_server.lang.problems import DefinitionError, Problems
from ringback_server.lang.source_text import SourceText

_BLANK: Final = re.compile(r"[ \t\r\n]*")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORD: Final = re.compile(r"[A-Za-z]+")
_STRING: Final = re.compile(r'"[^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*)*"')
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_WORDS: Final[dict[str, expressions.Scalar]] = {"true": True, "false": False, "null": None}
_CLOSING: Final = {"{": "}", "[": "]"}


def read_json(source: SourceText, limits: Limits, problems: Problems) -> Node | None:
    """Return the root of a JSON text.

    Raises DefinitionError when the text is not JSON, or of a kind that is refused as a whole.
    """
    return _Reader(source, limits, problems).read()


class _Reader:
    """A machine with two states, before and behind a value; nesting is a list, no recursion."""

    def __init__(self, source: SourceText, limits: Limits, problems: Problems) -> None:
        self._source = source
        self._text = source.text
        self._problems = problems
        self._builder = NodeBuilder(source, limits, problems)
        #: what closes the collections that are open
        self._closing: list[str] = []
        self._index = 0

    def read(self) -> Node | None:
        reading = True
        while reading:
            self._value()
            reading = self._behind_value()
        if self._peek():
            raise self._error("unexpected text behind the end")
        return self._builder.root

    def _value(self) -> None:
        """Read values' beginnings down to a scalar or an empty collection."""
        while (char := self._peek()) in _CLOSING:
            self._builder.begin(self._index, mapping=char == "{")
            self._closing.append(_CLOSING[char])
            self._index += 1
            if self._peek() == _CLOSING[char]:
                return
            if char == "{":
                self._key()
        self._scalar(char)

    def _behind_value(self) -> bool:
        """Close what ends here; return whether another value must follow."""
        while self._closing:
            char, closing = self._peek(), self._closing[-1]
            if char == closing:
                self._index += 1
                self._closing.pop()
                self._builder.end(self._index)
            elif char == ",":
                self._index += 1
                if closing == "}":
                    self._key()
                return True
            else:
                raise self._error(f"expected ',' or '{closing}'")
        return False

    def _key(self) -> None:
        if self._peek() != '"':
            raise self._error("expected a key in double quotes")
        self._string()
        if self._peek() != ":":
            raise self._error("expected ':'")
        self._index += 1

    def _scalar(self, char: str) -> None:
        if char == '"':
            self._string()
            return
        start = self._index
        if found := _NUMBER.match(self._text, start):
            value = self._number(found)
        else:
            found = _WORD.match(self._text, start)
            if found is None or found[0] not in _WORDS:
                raise self._error("expected a value")
            value = _WORDS[found[0]]
        self._index = found.end()
        self._builder.scalar(Scalar(value, Style.PLAIN, start, self._index))

    def _number(self, found: re.Match[str]) -> expressions.Scalar:
        fraction, exponent = found.groups()
        try:
            if fraction or exponent:
                return scalars.double(found[0])
            return scalars.integer(found[0])
        except scalars.ScalarError as error:
            self._problems.add(str(error), self._source.position(*found.span()))
            return None

    def _string(self) -> None:
        start = self._index
        found = _STRING.match(self._text, start)
        if found is None:
            raise self._error("this string has no end on its line")
        try:
            value: str = json.loads(found[0])
        except ValueError:
            raise self._error("this string holds an invalid escape") from None
        if _SURROGATE.search(value):
            raise self._error("this string holds half of a surrogate pair")
        self._index = found.end()
        self._builder.scalar(Scalar(value, Style.DOUBLE, start, self._index))

    def _peek(self) -> str:
        """Return the next character that is not blank, "" at the end, and move to it."""
        if found := _BLANK.match(self._text, self._index):
            self._index = found.end()
        return self._text[self._index : self._index + 1]

    def _error(self, message: str) -> DefinitionError:
        place = self._source.position(self._index, self._index)
        return refusal(f"invalid JSON: {message}", place)
