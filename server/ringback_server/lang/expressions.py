"""The tree of values and expressions.

A value written in a definition, with `${…}` anywhere in it, and the inside of one `${…}` are the
same kind of tree. Nodes are inert; positions are those of the definition's text.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Position:
    """A stretch of source text: line and column count from 1, length in characters."""

    line: int
    column: int
    length: int


Scalar = None | bool | int | float | str


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant."""

    value: Scalar
    position: Position


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, or a subworkflow or library constant named as a value."""

    name: str
    position: Position


@dataclass(frozen=True, slots=True)
class Member:
    """`target.key`; a chain of members on a name may also be a dotted library name."""

    target: Expression
    key: str
    position: Position


@dataclass(frozen=True, slots=True)
class Index:
    """`target[key]`."""

    target: Expression
    key: Expression
    position: Position


@dataclass(frozen=True, slots=True)
class Call:
    """`function(arguments…)`; `function` is a dotted library name or a subworkflow."""

    function: str
    arguments: tuple[Expression, ...]
    position: Position


@dataclass(frozen=True, slots=True)
class Unary:
    """`not operand` or `- operand`; operators are in lower case."""

    operator: str
    operand: Expression
    position: Position


@dataclass(frozen=True, slots=True)
class Binary:
    """`left operator right`, `and`, `or` and `in` included."""

    operator: str
    left: Expression
    right: Expression
    position: Position


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list, each item an expression."""

    items: tuple[Expression, ...]
    position: Position


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map, as only YAML or JSON can write it; keys may be expressions, in source order."""

    pairs: tuple[tuple[Expression, Expression], ...]
    position: Position


Expression = Literal | Name | Member | Index | Call | Unary | Binary | ListOf | MapOf
