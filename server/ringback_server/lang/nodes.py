"""What YAML and JSON have in common: scalars, sequences and mappings with their places.

`start` and `end` are indexes into the definition's text; `SourceText` makes positions of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ringback_server.lang import expressions


class Style(Enum):
    """How a scalar is written."""

    PLAIN = "plain"
    SINGLE = "'"
    DOUBLE = '"'
    BLOCK = "|"  #: literal or folded


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text, number, boolean or null."""

    value: expressions.Scalar
    style: Style
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A key of a mapping, with the scalar that wrote it, and its value."""

    key: str
    key_node: Scalar
    value: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    """A map with text keys, no two of them equal, in source order."""

    entries: tuple[Entry, ...]
    start: int
    end: int


Node = Scalar | Sequence | Mapping
