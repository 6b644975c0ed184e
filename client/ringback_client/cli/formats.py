"""What `--format` takes: the forms of gcloud that scripts use, and a refusal that says which."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, cast

import typer

_FORMAT = re.compile(
    r"(?P<kind>[a-z]+)(?:\[(?P<attributes>[^\]]*)\])?(?:\((?P<keys>.*)\))?", re.DOTALL
)
#: a key, up to a comma that stands in no parentheses
_KEYS = re.compile(r"(?:[^,()]|\([^()]*\))+")
_KEY = re.compile(
    r"(?P<path>[\w.\-\[\]\"]+?)(?:\.(?P<transform>\w+)\((?P<argument>[^()]*)\))?"
    r"(?::label=\"?(?P<label>[^\":]+)\"?)?"
)
_PART = re.compile(r'\.?(?:"(?P<quoted>[^"]+)"|(?P<name>[\w-]+)|\[(?P<place>\d*)\])')
_SHOWN = "table, json, yaml, or fields by name: value(KEY,…), csv(KEY,…), table(KEY,…)"


class Kind(StrEnum):
    """How data are written."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    CSV = "csv"
    VALUE = "value"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One field to print: where it is, and what to call it."""

    #: names, indexes, and None for each element of a list
    path: tuple[str | int | None, ...]
    label: str
    transform: Callable[[str], str]

    def of(self, item: object) -> object:
        """Return the field of an item, None if it has none."""
        found = _follow(item, self.path)
        return self.transform(found) if isinstance(found, str) else found


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How to print data."""

    TABLE: ClassVar[Format]
    JSON: ClassVar[Format]
    YAML: ClassVar[Format]

    kind: Kind
    #: the fields to print; all if there are none
    columns: tuple[Column, ...] = ()
    heading: bool = True
    separator: str = ","
    #: as it was asked for
    text: str

    def __str__(self) -> str:
        return self.text


Format.TABLE = Format(kind=Kind.TABLE, text="table")
Format.JSON = Format(kind=Kind.JSON, text="json")
Format.YAML = Format(kind=Kind.YAML, text="yaml")


def parse_format(text: str | Format) -> Format:
    """Read how to print what fits a table, or raise typer.BadParameter."""
    return _parse(text, Format.TABLE)


def parse_document_format(text: str | Format) -> Format:
    """Read how to print one thing, which fits a table only by its fields; see `parse_format`."""
    form = _parse(text, Format.YAML)
    if form.kind is Kind.TABLE and not form.columns:
        raise typer.BadParameter("one thing is no table; write json, yaml or table(KEY,…)")
    return form


def _parse(text: str | Format, default: Format) -> Format:
    if isinstance(text, Format):
        return text
    match = _FORMAT.fullmatch(text.strip())
    kinds = {"default": default.kind, "disable": Kind.NONE, **{kind.value: kind for kind in Kind}}
    kind = kinds.get(match["kind"]) if match else None
    if match is None or kind is None:
        raise typer.BadParameter(f"{text!r} is not a format of Ringback's; there are {_SHOWN}")
    keys = match["keys"]
    columns = tuple(map(_column, _KEYS.findall(keys))) if keys and keys.strip() else ()
    if not columns and kind in {Kind.CSV, Kind.VALUE}:
        raise typer.BadParameter(f"{kind} needs the fields to print, such as {kind}(name,state)")
    heading, separator = True, "\t" if kind is Kind.VALUE else ","
    for attribute in filter(None, (match["attributes"] or "").split(",")):
        name, _, value = attribute.strip().partition("=")
        if name == "no-heading" and columns:
            heading = False
        elif name == "separator" and kind in {Kind.CSV, Kind.VALUE} and value.strip("'\""):
            separator = value.strip("'\"")
        else:
            raise typer.BadParameter(
                f"[{attribute}] is not taken; [no-heading] is, before the fields, and "
                "[separator=CHARACTER] of csv and value"
            )
    return Format(kind=kind, columns=columns, heading=heading, separator=separator, text=text)


def _column(text: str) -> Column:
    match = _KEY.fullmatch(text.strip())
    path = _path(match["path"]) if match else None
    if match is None or path is None:
        raise typer.BadParameter(
            f"{text.strip()!r} is not a field; write one as JSON has it: name, status.currentSteps"
        )
    names = [part for part in path if isinstance(part, str)]
    label = match["label"] or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", names[-1] if names else "")
    return Column(
        path=path,
        label=label if match["label"] else label.upper(),
        transform=_transform(match["transform"], match["argument"]),
    )


def _path(text: str) -> tuple[str | int | None, ...] | None:
    """Split the path of a field; None if it is none."""
    parts: list[str | int | None] = []
    end = 0
    while end < len(text):
        match = _PART.match(text, end)
        if match is None:
            return None
        place = match["place"]
        name = match["quoted"] or match["name"]
        parts.append(name if place is None else int(place) if place else None)
        end = match.end()
    return tuple(parts) or None


def _transform(name: str | None, argument: str | None) -> Callable[[str], str]:
    """Return what is done to a text before it is printed."""
    if name is None:
        return _same
    if name == "basename" and not argument:
        return lambda text: text.rpartition("/")[2]
    if name == "segment" and re.fullmatch(r"-?\d+", argument or ""):
        place = int(argument or "0")
        return lambda text: dict(_numbered(text.split("/"))).get(place, "")
    raise typer.BadParameter(
        f"{name}({argument}) is not taken; basename() and segment(NUMBER) are. "
        "For more, pipe --format=json into jq"
    )


def _same(text: str) -> str:
    return text


def _numbered(parts: Sequence[str]) -> list[tuple[int, str]]:
    """Give each part two numbers: from the beginning, from 0, and from the end, from -1."""
    return [pair for n, part in enumerate(parts) for pair in ((n, part), (n - len(parts), part))]


def _follow(item: object, path: Sequence[str | int | None]) -> object:
    if not path:
        return item
    first, rest = path[0], path[1:]
    if isinstance(first, str):
        inside = cast("Mapping[str, object] | None", item if isinstance(item, dict) else None)
        return _follow(inside[first], rest) if inside and first in inside else None
    elements = cast("list[object]", item) if isinstance(item, list) else []
    if first is None:
        return [_follow(element, rest) for element in elements]
    return _follow(elements[first], rest) if first < len(elements) else None


def in_words(value: object) -> str:
    """Write a field as gcloud does: lists and maps in one line, nothing for what is not there."""
    if value is None:
        return ""
    if isinstance(value, dict):
        pairs = cast("Mapping[str, object]", value).items()
        return ";".join(f"{key}={in_words(inside)}" for key, inside in pairs)
    if isinstance(value, list):
        return ";".join(map(in_words, cast("list[object]", value)))
    return str(value)


def fields(item: object, columns: Sequence[Column]) -> dict[str, object]:
    """Return those fields of an item that it has, nested as they are in it."""
    found: dict[str, object] = {}
    for column in columns:
        value = column.of(item)
        *outer, last = [part for part in column.path if isinstance(part, str)] or [column.label]
        inside = found
        for name in outer:
            inside = cast("dict[str, object]", inside.setdefault(name, {}))
        if value is not None:
            inside[last] = value
    return found
