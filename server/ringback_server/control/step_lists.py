"""Which step entries a list wants, and in which order: by what they are, one after the other.

A comparison with what is absent is false, so `!=` and NOT hold, as with all lists.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any as Anything
from typing import Final

from ringback_server.model.filters import (
    All,
    Any,
    Comparison,
    Condition,
    Field,
    Kind,
    Not,
    OrderKey,
    Pattern,
)
from ringback_server.model.steps import StepEntry, StepState, StepType

_MICROS: Final = 1_000_000

#: prefixes that a filter may leave out, as Google's samples do
_STATE: Final = "STATE_"
_STEP: Final = "STEP_"


def _names(prefix: str, known: Sequence[str]) -> tuple[str, ...]:
    return (*known, *(name.removeprefix(prefix) for name in known))


FIELDS: Final = (
    Field(name="entryId", kind=Kind.INTEGER),
    Field(name="createTime", kind=Kind.TIME),
    Field(name="updateTime", kind=Kind.TIME),
    Field(name="routine", kind=Kind.STRING),
    Field(name="step", kind=Kind.STRING),
    Field(
        name="stepType", kind=Kind.ENUM, values=_names(_STEP, [each.name for each in StepType][1:])
    ),
    Field(
        name="state", kind=Kind.ENUM, values=_names(_STATE, [each.name for each in StepState][1:])
    ),
    Field(name="parent", kind=Kind.INTEGER, aliases=("navigationInfo.parent",)),
)

_VALUES: Final[Mapping[str, Callable[[StepEntry], str | int]]] = MappingProxyType(
    {
        "entryId": lambda entry: entry.begun.id,
        "createTime": lambda entry: round(entry.begun.time * _MICROS),
        "updateTime": lambda entry: round(entry.update_time * _MICROS),
        "routine": lambda entry: entry.begun.routine,
        "step": lambda entry: entry.begun.step,
        "stepType": lambda entry: entry.begun.type.name.removeprefix(_STEP),
        "state": lambda entry: entry.state.name.removeprefix(_STATE),
        "parent": lambda entry: entry.begun.parent,
    }
)

_COMPARE: Final[Mapping[str, Callable[[Anything, Anything], bool]]] = MappingProxyType(
    {
        "=": operator.eq,
        ":": operator.eq,
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
    }
)


def wanted(
    entries: Sequence[StepEntry], condition: Condition | None, order: Sequence[OrderKey]
) -> list[StepEntry]:
    """Return the entries that a condition admits, in an order; else as they come."""
    found = [entry for entry in entries if condition is None or _holds(condition, entry)]
    for key in reversed(order):
        found.sort(key=_VALUES[key.field.name], reverse=key.descending)
    return found


def _holds(condition: Condition, entry: StepEntry) -> bool:
    match condition:
        case All(terms):
            return all(_holds(term, entry) for term in terms)
        case Any(terms):
            return any(_holds(term, entry) for term in terms)
        case Not(term):
            return not _holds(term, entry)
        case Comparison(operator="!="):
            return not _compare(condition, "=", entry)
        case Comparison():
            return _compare(condition, condition.operator, entry)


def matches(parts: Sequence[str], text: str, *, anywhere: bool) -> bool:
    """Tell whether a text is made of the parts with anything between them; or contains such.

    Each part is looked for once, behind the one before: no pattern makes that take long.
    """
    if anywhere:
        parts, text = ["", *(part.lower() for part in parts), ""], text.lower()
    first, *between, last = parts
    if len(first) + len(last) > len(text) or not text.startswith(first):
        return False
    place, end = len(first), len(text) - len(last)
    for part in between:
        found = text.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return text.endswith(last)


def _compare(compared: Comparison, sign: str, entry: StepEntry) -> bool:
    found, value = _VALUES[compared.field.name](entry), compared.value
    contains = sign == ":" and compared.field.kind is Kind.STRING
    if value is None or (compared.field.name == "parent" and not found):
        # Only a parent may be absent.
        return value is None and bool(found)
    if isinstance(value, Pattern):
        return matches(value.parts, str(found), anywhere=contains)
    if contains:
        return str(value).lower() in str(found).lower()
    if compared.field.kind is Kind.ENUM:
        prefix = _STATE if compared.field.name == "state" else _STEP
        value = str(value).removeprefix(prefix)
    return _COMPARE[sign](found, value)
