"""What can be told of a value without a run: constants, and maps as far as they hold any."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from ringback_server.lang.expressions import Expression, ListOf, Literal, MapOf
from ringback_server.lang.values import List, Map, Value


class Unknown(Enum):
    """Stands for what only a run can tell."""

    UNKNOWN = "unknown"


UNKNOWN = Unknown.UNKNOWN


def known_value(expression: Expression) -> Value | Unknown:
    """Return the value of an expression; from maps, what is not known is left out."""
    match expression:
        case Literal():
            return expression.value
        case ListOf():
            items = [known_value(item) for item in expression.items]
            found = [item for item in items if not isinstance(item, Unknown)]
            return List.of(tuple(found)) if len(found) == len(items) else UNKNOWN
        case MapOf():
            return Map.of(_known_pairs(expression))
        case _:
            return UNKNOWN


def is_whole(expression: Expression) -> bool:
    """Tell whether nothing is left out of a map."""
    if not isinstance(expression, MapOf):
        return True
    return len(list(_known_pairs(expression))) == len(expression.pairs)


def _known_pairs(expression: MapOf) -> Iterator[tuple[str, Value]]:
    for key, item in expression.pairs:
        name, value = known_value(key), known_value(item)
        if isinstance(name, str) and not isinstance(value, Unknown):
            yield name, value
