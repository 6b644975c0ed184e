"""Path templates of `google.api.http` rules: `/v1/{name=projects/*/operations/*}:cancel`.

Grammar, matching and decoding are those that google/api/http.proto describes.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from enum import IntEnum
from urllib.parse import quote, unquote

_TEMPLATE = re.compile(r"((?:/(?:[^/{}:]+|\{[^{}]*\}))+)(?::([^/{}:*]+))?")
_PART = re.compile(r"/(?:\{([^{}=]*)(?:=([^{}]*))?\}|([^/{}]+))")
_FIELD = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_SLASH = re.compile(r"(%2[Ff])")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")


class Kind(IntEnum):
    """What a segment of a template matches; of two templates the more exact one is first."""

    LITERAL = 0
    #: `*`: one segment
    ONE = 1
    #: `**`: all that follow, or none
    REST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One segment of a template."""

    kind: Kind
    text: str
    #: the path of the field that it belongs to, empty for none
    field: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PathTemplate:
    """A compiled template."""

    segments: tuple[Segment, ...]
    #: the custom verb behind the colon, empty for none
    verb: str
    #: the paths of the fields that it binds, in order
    fields: tuple[str, ...]
    pattern: re.Pattern[str]

    @classmethod
    def parse(cls, template: str) -> PathTemplate:
        """Compile a template; raise ValueError for one that the grammar does not know."""
        match = _TEMPLATE.fullmatch(template)
        if match is None:
            raise ValueError(f"not a path template: {template!r}")
        segments: list[Segment] = []
        fields: list[str] = []
        pattern = ""
        for part in _PART.finditer(match[1]):
            if part[1] is not None and not _FIELD.fullmatch(part[1]):
                raise ValueError(f"{part[1]!r} is not the path of a field in {template!r}")
            inside = tuple(_segments(part[2] or part[3] or "*", part[1] or ""))
            segments += inside
            if part[1] is None:
                pattern += _pattern(inside, "")
            else:
                fields.append(part[1])
                pattern += _pattern(inside, "(")
        if any(segment.kind is Kind.REST for segment in segments[:-1]):
            raise ValueError(f"** is not the last segment of {template!r}")
        if len(set(fields)) != len(fields):
            raise ValueError(f"a field is bound twice in {template!r}")
        return cls(
            segments=tuple(segments),
            verb=match[2] or "",
            fields=tuple(fields),
            pattern=re.compile(pattern),
        )

    @property
    def order(self) -> tuple[Kind, ...]:
        """What to sort templates by, so that the one meant for a path is met first."""
        return tuple(segment.kind for segment in self.segments)

    def match(self, path: str, verb: str = "") -> dict[str, str] | None:
        """Return the text of each field in a path that was split off its verb, or None."""
        match = self.pattern.fullmatch(path) if verb == self.verb else None
        if match is None:
            return None
        found = zip(self.fields, match.groups(default=""), strict=True)
        return {field: self._decoded(field, raw) for field, raw in found}

    def _decoded(self, field: str, raw: str) -> str:
        """Undo percent-encoding: that of slashes only where they cannot part two segments."""
        bound = [segment for segment in self.segments if segment.field == field]
        single = len(bound) == 1 and bound[0].kind is not Kind.REST
        return unquote(raw) if single else decoded(raw)


def split_path(raw_path: str, verbs: Container[str]) -> tuple[str, str]:
    """Split a path as it was sent from its custom verb, which is empty if it has none.

    A colon that precedes something else than one of `verbs` belongs to the last segment.
    """
    path = _ENCODED.sub(_unreserved, raw_path)
    head, _, last = path.rpartition("/")
    segment, _, verb = last.rpartition(":")
    return (f"{head}/{segment}", verb) if segment and verb in verbs else (path, "")


def decoded(raw: str) -> str:
    """Undo percent-encoding, except of slashes: they would change which segment is which."""
    return "".join(part if _SLASH.fullmatch(part) else unquote(part) for part in _SLASH.split(raw))


def _segments(text: str, field: str) -> Iterator[Segment]:
    for part in text.split("/"):
        kind = {"*": Kind.ONE, "**": Kind.REST}.get(part, Kind.LITERAL)
        if not part or (kind is Kind.LITERAL and "*" in part):
            raise ValueError(f"not a segment of a path template: {part!r}")
        yield Segment(kind=kind, text=part, field=field)


def _pattern(segments: tuple[Segment, ...], opening: str) -> str:
    """Return what segments match, with the slash before each; a group begins behind the first."""
    pattern = ""
    for segment in segments:
        if segment.kind is Kind.REST:
            pattern += f"(?:/{opening}.*{')' if opening else ''})?" if not pattern else "(?:/.*)?"
        else:
            pattern += f"/{'' if pattern else opening}{_one(segment)}"
    # A group of `**` alone is closed already, for its slash is as optional as itself.
    closed = not opening or segments[0].kind is Kind.REST
    return pattern if closed else f"{pattern})"


def _one(segment: Segment) -> str:
    if segment.kind is Kind.ONE:
        return "[^/]+"
    plain, encoded = re.escape(segment.text), re.escape(quote(segment.text, safe=""))
    return plain if plain == encoded else f"(?:{plain}|{encoded})"


def _unreserved(match: re.Match[str]) -> str:
    """Write a character as it is where RFC 3986 says that this makes no difference."""
    character = unquote(match[0])
    return character if _UNRESERVED.fullmatch(character) else match[0]
