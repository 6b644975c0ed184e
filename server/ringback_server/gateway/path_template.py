"""Path templates of `google.api.http` rules: `/v1/{name=projects/*/operations/*}:cancel`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

_TOKEN = re.compile(r"\{([\w.]+)(?:=([^}]*))?\}|(\*\*|\*)")


@dataclass(frozen=True, slots=True)
class PathTemplate:
    """A compiled template; `fields` are the paths of the fields it binds, in order."""

    pattern: re.Pattern[str]
    fields: tuple[str, ...]

    @classmethod
    def parse(cls, template: str) -> PathTemplate:
        """Compile a template."""
        fields: list[str] = []
        parts: list[str] = []
        place = 0
        for match in _TOKEN.finditer(template):
            parts.append(re.escape(template[place : match.start()]))
            place = match.end()
            last = "/" not in template[place:]
            if match[1]:
                fields.append(match[1])
                parts.append(f"({_segments(match[2] or '*', last=last)})")
            else:
                parts.append(_segments(match[3], last=last))
        parts.append(re.escape(template[place:]))
        return cls(re.compile("".join(parts)), tuple(fields))

    def match(self, raw_path: str) -> dict[str, str] | None:
        """Return the text of each field in a path as it was sent, or None if it differs."""
        match = self.pattern.fullmatch(raw_path)
        if match is None:
            return None
        return dict(zip(self.fields, map(decoded, match.groups()), strict=True))


def decoded(raw: str) -> str:
    """Undo percent-encoding, except of slashes: they would change which segment is which."""
    return "/".join(unquote(part).replace("/", "%2F") for part in raw.split("/"))


def _segments(text: str, *, last: bool) -> str:
    """Return a pattern; in the last segment of a path, a colon begins the custom verb."""
    *before, final = text.split("/")
    return "/".join([*(_segment(part, last=False) for part in before), _segment(final, last=last)])


def _segment(part: str, *, last: bool) -> str:
    if part == "**":
        return "[^:]+" if last else ".+"
    if part == "*":
        return "[^/:]+" if last else "[^/]+"
    return re.escape(part)
