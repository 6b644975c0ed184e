"""What a list is asked for: a condition on its items (AIP-160) and an order of them (AIP-132).

Conditions are checked before they are made: each compares a field that the list has with a value
of that field's kind, by an operator that it takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias


class Kind(Enum):
    """What values a field has."""

    STRING = auto()
    #: microseconds since 1970, UTC
    TIME = auto()
    #: microseconds
    DURATION = auto()
    INTEGER = auto()
    BOOLEAN = auto()
    #: one of some names
    ENUM = auto()
    #: strings by their keys
    MAP = auto()
    #: several strings
    STRINGS = auto()


_ORDERED = ("=", "!=", "<", "<=", ">", ">=", ":")
_COMPARED = ("=", "!=", ":")
_OPERATORS = {
    Kind.STRING: _ORDERED,
    Kind.TIME: _ORDERED,
    Kind.DURATION: _ORDERED,
    Kind.INTEGER: _ORDERED,
    Kind.BOOLEAN: _COMPARED,
    Kind.ENUM: _COMPARED,
    Kind.MAP: _COMPARED,
    Kind.STRINGS: _COMPARED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a list's items, by its name in JSON."""

    name: str
    kind: Kind
    #: other names, beside the one in snake_case
    aliases: tuple[str, ...] = ()
    #: of an ENUM
    values: tuple[str, ...] = ()
    #: those of its kind if there are none
    only: tuple[str, ...] = ()
    #: whether `*` in a string stands for anything
    wildcards: bool = True

    @property
    def operators(self) -> tuple[str, ...]:
        """The operators that it can be compared by."""
        return self.only or _OPERATORS[self.kind]

    @property
    def sortable(self) -> bool:
        """Whether items can be ordered by it."""
        return self.kind not in {Kind.MAP, Kind.STRINGS}

    @property
    def names(self) -> tuple[str, ...]:
        """All that it may be called."""
        snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.name).lower()
        return (self.name, snake, *self.aliases)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A string with wildcards: what stands before, between and after them."""

    parts: tuple[str, ...]


Value: TypeAlias = str | int | bool | Pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A field compared with a value; without a value: whether it has any."""

    field: Field
    operator: str
    value: Value | None
    #: of a MAP
    key: str | None = None


@dataclass(frozen=True, slots=True)
class All:
    """What holds when each of its terms does."""

    terms: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """What holds when one of its terms does."""

    terms: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """What holds when its term does not."""

    term: Condition


Condition: TypeAlias = Comparison | All | Any | Not


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderKey:
    """A field that items are ordered by."""

    field: Field
    descending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which items of a list are wanted, None for all, and in which order, () for its own."""

    condition: Condition | None = None
    order: tuple[OrderKey, ...] = ()


def comparisons(condition: Condition | None) -> Iterator[Comparison]:
    """Yield the comparisons in a condition."""
    match condition:
        case Comparison():
            yield condition
        case All(terms) | Any(terms):
            for term in terms:
                yield from comparisons(term)
        case Not(term):
            yield from comparisons(term)
        case None:
            return
