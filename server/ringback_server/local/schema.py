"""Plain data -> records, and in words of people what is wrong with data that do not fit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec
from msgspec import inspect

from ringback_server.lang.problems import nearest, shown
from ringback_server.local.documents import Document

Record = TypeVar("Record")

_WHERE: Final = re.compile(r" - at (?:`key` in )?`\$(?P<route>.*)`\Z", re.DOTALL)
_ROUTE_STEP: Final = re.compile(r"\.(?P<key>\w+)|\[(?P<index>\d+)\]")
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(?P<key>.*)`\Z", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(?P<key>\w+)`\Z")
_TYPES: Final = re.compile(r"Expected `(?P<wanted>[^`]+)`(?:, got `(?P<got>\w+)`)?(?P<bound>.*)\Z")
_CHOICE: Final = re.compile(r"Invalid enum value (?P<value>.*)\Z", re.DOTALL)
_WORDS: Final = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "null": "null",
    "array": "a list",
    "object": "a map",
}
_SCALARS: Final = frozenset({"int", "float", "bool"})


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why data do not fit: where, perhaps which key there, and the problem in words."""

    route: tuple[str | int, ...]
    key: str | None
    problem: str

    def __str__(self) -> str:
        """Return it for people whose data come from no file."""
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.route)
        place = "".join(steps).removeprefix(".")
        return f"{place}: {self.problem}" if place else self.problem


def record_of(document: Document, kind: type[Record]) -> Record:
    """Return a document as a record; raises BadFileError at the first thing that does not fit."""
    plain = document.plain()
    try:
        return msgspec.convert({} if plain is None else plain, kind)
    except msgspec.ValidationError as error:
        misfit = misfit_of(error, kind)
        raise document.refusal(misfit.problem, misfit.route, misfit.key) from None


def converted(plain: object, kind: type[Record]) -> Record:
    """Return plain data as a record; raises ValueError at the first thing that does not fit."""
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        raise ValueError(str(misfit_of(error, kind))) from None


def misfit_of(error: msgspec.ValidationError, kind: object) -> Misfit:
    """Return what an error of msgspec means."""
    text = str(error)
    found = _WHERE.search(text)
    route = () if found is None else _route(found["route"])
    message = text if found is None else text[: found.start()]
    place = _type_at(inspect.type_info(kind), route)
    if unknown := _UNKNOWN.match(message):
        return Misfit(route, unknown["key"], _unknown(unknown["key"], place))
    if missing := _MISSING.match(message):
        return Misfit(route, None, f"'{missing['key']}' is missing")
    if choice := _CHOICE.match(message):
        return Misfit(route, None, f"{choice['value']} is none of {', '.join(_choices(place))}")
    if types := _TYPES.match(message):
        return Misfit(route, None, _mistyped(types["wanted"], types["got"], types["bound"]))
    return Misfit(route, None, message)


def _route(text: str) -> tuple[str | int, ...]:
    return tuple(
        step["key"] if step["index"] is None else int(step["index"])
        for step in _ROUTE_STEP.finditer(text)
    )


def _unknown(key: str, place: inspect.Type | None) -> str:
    known = [field.encode_name for field in _fields(place)]
    hint = nearest(key, known) or f"; there are {', '.join(known)}"
    return f"unknown key '{shown(key)}'{hint}"


def _mistyped(wanted: str, got: str | None, bound: str) -> str:
    kinds = [_WORDS.get(kind, kind) for kind in wanted.split(" | ") if kind != "null"]
    problem = f"this must be {' or '.join(kinds)}{bound}"
    if got is None:
        return problem
    hint = "; write it in quotes" if "str" in wanted and got in _SCALARS else ""
    return f"{problem}, not {_WORDS.get(got, got)}{hint}"


def _type_at(place: inspect.Type | None, route: tuple[str | int, ...]) -> inspect.Type | None:
    for step in route:
        if isinstance(step, int):
            place = _item(place)
        else:
            found = (field.type for field in _fields(place) if field.encode_name == step)
            place = next(found, None)
    return place


def _alternatives(place: inspect.Type | None) -> tuple[inspect.Type, ...]:
    if isinstance(place, inspect.UnionType):
        return place.types
    return () if place is None else (place,)


def _fields(place: inspect.Type | None) -> tuple[inspect.Field, ...]:
    kinds = _alternatives(place)
    return next((kind.fields for kind in kinds if isinstance(kind, inspect.StructType)), ())


def _item(place: inspect.Type | None) -> inspect.Type | None:
    kinds = _alternatives(place)
    return next((kind.item_type for kind in kinds if isinstance(kind, inspect.VarTupleType)), None)


def _choices(place: inspect.Type | None) -> list[str]:
    literals = (kind for kind in _alternatives(place) if isinstance(kind, inspect.LiteralType))
    return [repr(value) for literal in literals for value in literal.values]
