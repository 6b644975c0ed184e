"""`time`: moments as text, in the time zones of the tz database."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

from ringback_server.lang.errors import value_error
from ringback_server.lang.stdlib.registry import function
from ringback_server.lang.values import text_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)

_ZONE = re.compile(r"[A-Za-z0-9+_-]{1,40}(/[A-Za-z0-9+_-]{1,40}){0,2}")
_RFC_3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?:\.([0-9]{1,9}))?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


@function("time.format", keeps=False)
def format_time(seconds: float, timezone: str = "UTC") -> str:
    """Return a moment, given in Unix seconds, in ISO 8601 with microseconds."""
    zone = _zone(timezone)
    if zone is None:
        raise value_error(f"time.format(): unknown time zone {timezone[:100]!r}")
    try:
        moment = _local(_EPOCH + timedelta(seconds=seconds), zone)
    except (OverflowError, ValueError):
        raise value_error(f"time.format(): {text_of(seconds)} is outside of the years") from None
    text = moment.isoformat(timespec="microseconds")
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


@function("time.parse", keeps=False)
def parse_time(value: str) -> float:
    """Return the Unix seconds of a moment in RFC 3339, to the microsecond."""
    found = _RFC_3339.fullmatch(value)
    if found is None:
        raise value_error(f"time.parse(): {value[:100]!r} is not a time of RFC 3339")
    date, clock, fraction, offset = found.groups(default="")
    micros = f"{fraction:0<6}"[:6]
    try:
        moment = datetime.fromisoformat(f"{date}T{clock}.{micros}{offset.upper()}")
        return (moment - _EPOCH) / _SECOND
    except (OverflowError, ValueError):
        raise value_error(f"time.parse(): there is no time {value[:100]!r}") from None


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo | None:
    """Return a zone as the package tzdata has it, whatever the machine knows of zones."""
    if _ZONE.fullmatch(name) is None:
        return None
    path = resources.files("tzdata").joinpath("zoneinfo", *name.split("/"))
    try:
        with path.open("rb") as file:
            return ZoneInfo.from_file(file, key=name)
    except (OSError, ValueError):
        return None


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment in a zone; offsets before there were zones have seconds, RFC 3339 not."""
    offset = moment.astimezone(zone).utcoffset() or timedelta()
    return moment.astimezone(timezone(round(offset / _MINUTE) * _MINUTE))
