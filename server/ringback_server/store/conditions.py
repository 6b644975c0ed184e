"""Conditions and orders as SQL. Values are bound, never text of a statement.

A comparison is true or false, never NULL: with what is absent it is false, so `!=` and NOT hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ringback_server.model.filters import All, Any, Comparison, Condition, Kind, Not, Pattern

_MICROS = 1_000_000
_NAME = "projects/"


def micros(seconds: str) -> str:
    """Return the SQL of a time in microseconds as it is shown: rounded, and half to even."""
    rounded = f"CAST({seconds} * 1e6 + 0.5 AS INTEGER)"
    return f"({rounded} - ({seconds} * 1e6 + 0.5 = {rounded} AND {rounded} % 2))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What a field is in SQL: of a MAP and STRINGS, JSON text."""

    sql: str
    #: what is compared with texts that hold no slash: the last segment of a name
    short: str = ""
    #: by which rows are ordered, if that is cheaper; NULL comes first
    sort: str = ""
    #: makes of a text what it is compared with
    adapt: Callable[[str], str | int] = str


def moment(seconds: str) -> Column:
    """Return the column of a time in Unix seconds."""
    return Column(sql=micros(seconds), sort=seconds)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between which times, in Unix seconds, everything is that a condition admits."""

    since: float = float("-inf")
    until: float = float("inf")


@dataclass(slots=True)
class Conditions:
    """Makes SQL of a condition, and collects its values as parameters f0, f1 and so on."""

    columns: Mapping[str, Column]
    parameters: dict[str, object] = field(default_factory=dict[str, object])

    def sql(self, condition: Condition) -> str:
        """Return the SQL of a condition."""
        match condition:
            case Comparison():
                return self._comparison(condition)
            case All(terms):
                return f"({' AND '.join(map(self.sql, terms))})"
            case Any(terms):
                return f"({' OR '.join(map(self.sql, terms))})"
            case Not(term):
                return f"(NOT {self.sql(term)})"

    def _comparison(self, compared: Comparison) -> str:
        if compared.operator == "!=":
            return f"(NOT {self._holds(compared, '=')})"
        return self._holds(compared, compared.operator)

    def _holds(self, compared: Comparison, operator: str) -> str:
        column = self.columns[compared.field.name]
        match compared.field.kind:
            case Kind.MAP if compared.key is not None:
                entry = f"e.key = {self._bind(compared.key)}"
                return self._exists(column.sql, entry, self._one("e.value", compared, "="))
            case Kind.MAP | Kind.STRINGS:
                return self._exists(column.sql, self._one("e.value", compared, "="))
            case _:
                value = compared.value
                short = column.short and isinstance(value, str) and "/" not in value
                return self._one(column.short if short else column.sql, compared, operator)

    def _exists(self, json: str, *conditions: str) -> str:
        parts = ("EXISTS (SELECT 1", f"FROM json_each({json}) e", "WHERE", " AND ".join(conditions))
        return f"{' '.join(parts)})"

    def _one(self, sql: str, compared: Comparison, operator: str) -> str:
        """Compare one value, which may be NULL."""
        value = compared.value
        contains = operator == ":" and compared.field.kind is Kind.STRING
        if value is None:
            absent = "''" if contains else "NULL"
            return f"({sql} IS NOT {absent})" if not contains else f"(IFNULL({sql}, '') <> '')"
        if isinstance(value, Pattern):
            parts = tuple(map(str, map(self.columns[compared.field.name].adapt, value.parts)))
            return self._like(sql, ("", *parts, "") if contains else parts, fold=contains)
        if contains:
            return f"(INSTR(LOWER(IFNULL({sql}, '')), LOWER({self._bind(value)})) > 0)"
        if isinstance(value, str):
            value = self.columns[compared.field.name].adapt(value)
        return f"IFNULL({sql} {'=' if operator == ':' else operator} {self._bind(value)}, 0)"

    def _like(self, sql: str, parts: tuple[str, ...], *, fold: bool) -> str:
        pattern = self._bind("*".join(map(_literally, parts)))
        if fold:
            return f"IFNULL(LOWER({sql}) GLOB LOWER({pattern}), 0)"
        return f"IFNULL({sql} GLOB {pattern}, 0)"

    def _bind(self, value: object) -> str:
        name = f"f{len(self.parameters)}"
        self.parameters[name] = value
        return f":{name}"


def bounds(condition: Condition | None, name: str) -> Bounds:
    """Return what a condition says of the time `name`, to a microsecond; it may say more."""
    found = Bounds()
    for term in condition.terms if isinstance(condition, All) else (condition,):
        if isinstance(term, All):
            found = _within(found, bounds(term, name))
        elif isinstance(term, Comparison) and term.field.name == name:
            found = _within(found, _bounds_of(term))
    return found


def _bounds_of(compared: Comparison) -> Bounds:
    value = compared.value
    if not isinstance(value, int):
        return Bounds()
    before, after = (value - 1) / _MICROS, (value + 1) / _MICROS
    match compared.operator:
        case ">" | ">=":
            return Bounds(since=before)
        case "<" | "<=":
            return Bounds(until=after)
        case "=" | ":":
            return Bounds(since=before, until=after)
        case _:
            return Bounds()


def _within(one: Bounds, other: Bounds) -> Bounds:
    return Bounds(max(one.since, other.since), min(one.until, other.until))


def _literally(text: str) -> str:
    """Return the pattern of GLOB that is this text."""
    return "".join(f"[{each}]" if each in "*?[" else each for each in text)
