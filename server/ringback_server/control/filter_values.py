"""Values in filters: texts as they are written, and what a field makes of them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from ringback_server.model.filters import Field, Kind, Pattern, Value

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MICROS = 1_000_000
_DURATION = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,9}))?s")
_INTEGER = re.compile(r"-?\d{1,18}")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_STAR = re.compile(r"\\.|\*", re.DOTALL)


def unescape(text: str) -> str:
    """Return what a text with escapes stands for."""
    return _ESCAPED.sub(r"\1", text)


def value_of(field: Field, text: str, *, quoted: bool) -> Value:
    """Read a value as it was written, without its quotes; or ValueError with what it should be."""
    if field.kind in {Kind.STRING, Kind.MAP, Kind.STRINGS}:
        if field.wildcards:
            return _string(text if quoted else text.replace("\\", "\\\\"))
        return unescape(text) if quoted else text
    return _parse(field, unescape(text) if quoted else text)


def _parse(field: Field, text: str) -> Value:
    match field.kind:
        case Kind.TIME:
            return _time(text)
        case Kind.DURATION:
            return _duration(text)
        case Kind.BOOLEAN:
            if text.lower() not in {"true", "false"}:
                raise ValueError("true or false")
            return text.lower() == "true"
        case Kind.ENUM:
            if text.upper() not in field.values:
                raise ValueError(f"one of {', '.join(field.values)}")
            return text.upper()
        case _:
            if _INTEGER.fullmatch(text) is None:
                raise ValueError("a whole number")
            return int(text)


def _string(text: str) -> str | Pattern:
    """Split at the wildcards, which are the stars without a backslash."""
    parts: list[str] = []
    start = 0
    for match in _STAR.finditer(text):
        if match[0] == "*":
            parts.append(unescape(text[start : match.start()]))
            start = match.end()
    last = unescape(text[start:])
    return Pattern((*parts, last)) if parts else last


def _time(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("a time such as 2026-01-01T00:00:00Z, or a date") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MICROSECOND


def _duration(text: str) -> int:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError("a duration in seconds such as 3.5s")
    sign, seconds, fraction = match.groups()
    micros = int(seconds) * _MICROS + int((fraction or "").ljust(6, "0")[:6])
    return -micros if sign else micros
