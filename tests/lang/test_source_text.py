"""Where a character of a scalar stands in the source."""

from __future__ import annotations

import pytest

from ringback_server.lang.expressions import Position
from ringback_server.lang.limits import Limits
from ringback_server.lang.nodes import Mapping, Scalar
from ringback_server.lang.problems import Problems
from ringback_server.lang.source import read_source
from ringback_server.lang.source_text import SourceText

#: a text whose `X` is found at a line and column
SCALARS = [
    ("a: ${X}", 1, 6),
    ("a: 'b X'", 1, 7),
    ("a: 'it''s X'", 1, 11),
    ('a: "b X"', 1, 7),
    (r'a: "\"b\" X"', 1, 11),
    (r'a: "\x41\u00e9\U0001F600 X"', 1, 26),
    (r'{"a": "\ud83d\ude00 X"}', 1, 21),
    ("a: b\n  X\n", 2, 3),
    ("a: b\n\n\n   X\n", 4, 4),
    ("a: 'b  \n   c X'\n", 2, 6),
    ('a: "b\\\n  cX"\n', 2, 4),
    ("a: >-\n  b\n  c X\n", 3, 5),
    ("a: |  # note\n  b\n  c X\n", 3, 5),
    ("a: |\r\n  b\r\n  X\r\n", 3, 3),
    ("é: '😀 X'", 1, 7),
]


@pytest.mark.parametrize(("text", "line", "column"), SCALARS)
def test_character_of_a_scalar_when_located(text: str, line: int, column: int) -> None:
    """A character's place is found through quotes, escapes, folds and indentation."""
    source, root = read_source(text, Limits(), Problems())
    assert isinstance(root, Mapping)
    scalar = root.entries[0].value
    assert isinstance(scalar, Scalar)
    content = str(scalar.value)

    index = source.indexes(scalar, content)[content.index("X")]

    assert Position(line, column, 1) == source.position(index, index + 1)


def test_indexes_when_a_scalar_ends() -> None:
    """There is an index for each character, and one behind the last."""
    source, root = read_source('"a\\nb"', Limits(), Problems())
    assert isinstance(root, Scalar)

    assert [1, 2, 4, 5] == source.indexes(root, "a\nb")


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n", "\x85", "\u2028", "\u2029"])
def test_position_when_lines_break_in_any_way(line_break: str) -> None:
    """Lines are counted as YAML counts them."""
    source = SourceText(f"ab{line_break}cd")

    assert Position(2, 2, 1) == source.position(3 + len(line_break), 4 + len(line_break))
