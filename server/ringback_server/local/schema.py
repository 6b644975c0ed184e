"""Plain data -> records, and in words of people what is wrong with data that do not fit."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import msgspec
from msgspec import inspect

from ringback_server.lang.problems import nearest, shown
from ringback_server.local.documents import BadFileError, Document, FieldError
from ringback_server.local.matching import is_list, is_map

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
    """Return a document as a record; raises BadFileError with all that does not fit."""
    plain = document.plain()
    given: object = {} if plain is None else plain
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError:
        found = _misfits(given, inspect.type_info(kind), ())
        if plain is None:
            problem = ", ".join(misfit.problem for misfit in found)
            raise document.refusal(f"there is nothing in this file: {problem}") from None
        raise BadFileError.joined(
            document.refusal(misfit.problem, misfit.route, misfit.key) for misfit in found
        ) from None


def converted(plain: object, kind: type[Record]) -> Record:
    """Return plain data as a record; raises ValueError at the first thing that does not fit."""
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        raise ValueError(str(misfit_of(error, kind))) from None


def _misfits(plain: object, place: inspect.Type, route: tuple[str | int, ...]) -> list[Misfit]:
    """Return what does not fit: all unknown keys, and one thing more of each record."""
    found = list[Misfit]()
    record = next((k for k in _alternatives(place) if isinstance(k, inspect.StructType)), None)
    if record is None or not (is_map(plain) or record is place):
        # whatever holds it says what it may be
        return found
    if is_map(plain):
        known = {field.encode_name: field.type for field in record.fields}
        unknown = (key for key in plain if key not in known)
        found += [Misfit(route, key, _unknown(key, record)) for key in unknown]
        for key in filter(plain.__contains__, known):
            found += _misfits(plain[key], known[key], (*route, key))
            item, several = _item(known[key]), plain[key]
            if item is not None and is_list(several):
                for number, one in enumerate(several):
                    found += _misfits(one, item, (*route, key, number))
        ill = {m.key if m.route == route else m.route[len(route)] for m in found}
        plain = {key: item for key, item in plain.items() if key not in ill}
    try:
        msgspec.convert(plain, record.cls)
    except msgspec.ValidationError as error:
        misfit = misfit_of(error, record.cls)
        # what is missing, or does not go together, may be so for want of what was left out
        if not found or misfit.route:
            found.append(replace(misfit, route=(*route, *misfit.route)))
    return found


def misfit_of(error: msgspec.ValidationError, kind: object) -> Misfit:
    """Return what an error of msgspec means."""
    text = str(error)
    found = _WHERE.search(text)
    route = () if found is None else _route(found["route"])
    message = text if found is None else text[: found.start()]
    place = _type_at(inspect.type_info(kind), route)
    if isinstance(error.__cause__, FieldError):
        return Misfit(route, error.__cause__.key, message)
    if unknown := _UNKNOWN.match(message):
        return Misfit(route, unknown["key"], _unknown(unknown["key"], place))
    if missing := _MISSING.match(message):
        return Misfit(route, None, f"'{missing['key']}' is missing")
    if choice := _CHOICE.match(message):
        value, choices = choice["value"], _choices(place)
        hint = nearest(value.strip("'"), choices)
        known = ", ".join(map(repr, choices))
        return Misfit(route, None, f"{value} is none of {known}{hint}")
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
    return [str(value) for literal in literals for value in literal.values]
