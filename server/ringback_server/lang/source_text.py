"""Where a character of the source stands: lines, columns, and the insides of scalars."""

from __future__ import annotations

import re
from bisect import bisect_right

from ringback_server.lang.expressions import Position
from ringback_server.lang.nodes import Node, Scalar, Style

#: as YAML breaks lines
_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
#: how many more characters of an escape follow the one behind the backslash
_ESCAPE_DIGITS = {"x": 2, "u": 4, "U": 8}
_QUOTED = (Style.SINGLE, Style.DOUBLE)
#: a code point beyond this takes two `\\u` escapes in JSON
_LAST_OF_BASIC_PLANE = 0xFFFF


def undecodable_position(error: UnicodeDecodeError) -> Position:
    """Return where bytes that should be a definition stop being UTF-8."""
    before = error.object[: error.start].decode()
    found = SourceText(before).position(len(before), len(before))
    return Position(found.line, found.column, 0)


class SourceText:
    """A definition's text, with its lines."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(found.end() for found in _LINE_BREAK.finditer(text))]

    def position(self, start: int, end: int) -> Position:
        """Return the position of a stretch of the text."""
        line = bisect_right(self._starts, start)
        return Position(line, start - self._starts[line - 1] + 1, max(end - start, 0))

    def of(self, node: Node) -> Position:
        """Return the position of a node."""
        return self.position(node.start, node.end)

    def indexes(self, scalar: Scalar, text: str) -> list[int]:
        """Return where in the source each character of a scalar's text stands, and its end.

        Exact for scalars on one line, escapes included; for folded ones the line is right.
        """
        quotes = scalar.style in _QUOTED
        if scalar.style is not Style.BLOCK and scalar.end - scalar.start - 2 * quotes == len(text):
            return list(range(scalar.start + quotes, scalar.end - quotes + 1))
        walk = _Walk(self.text, scalar)
        return [*(walk.step(char) for char in text), max(walk.index, scalar.start)]


class _Walk:
    """Follows a scalar's text through its source."""

    def __init__(self, source: str, scalar: Scalar) -> None:
        self._source = source
        self._style = scalar.style
        quoted = scalar.style in _QUOTED
        self._end = max(scalar.end - quoted, scalar.start)
        self.index = scalar.start + quoted
        if scalar.style is Style.BLOCK:
            # the header (`>-`) and a comment behind it are not part of the text
            found = _LINE_BREAK.search(source, scalar.start, scalar.end)
            self.index = found.end() if found else scalar.end

    def step(self, char: str) -> int:
        """Return where a character stands, and move behind it."""
        if self._here() != char:
            self._skip_fold(char)
        place, here = min(self.index, self._end), self._here()
        if here == "\\" and self._style is Style.DOUBLE:
            self.index += self._escape_length(char)
        elif here == char:
            self.index += 2 if here == "'" and self._style is Style.SINGLE else 1
        return place

    def _here(self) -> str:
        return self._source[self.index] if self.index < self._end else ""

    def _skip_fold(self, char: str) -> None:
        """Move over indentation and line breaks, of which a fold leaves a space or nothing."""
        source, index = self._source, self.index
        if self._style is Style.DOUBLE and source[index : index + 2] in {"\\\n", "\\\r"}:
            index += 1
        while index < self._end and source[index].isspace():
            index += 1
        # the one white character that a fold leaves stands for its last one
        self.index = index - 1 if char.isspace() and index > self.index else index

    def _escape_length(self, char: str) -> int:
        letter = self._source[self.index + 1 : self.index + 2]
        length = 2 + _ESCAPE_DIGITS.get(letter, 0)
        return 2 * length if letter == "u" and ord(char) > _LAST_OF_BASIC_PLANE else length
