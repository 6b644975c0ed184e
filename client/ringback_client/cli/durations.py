"""Durations as people type them."""

import re
from datetime import timedelta

import typer

# As `gcloud` takes it: 10m, 1d12h, and in the ISO form P1DT12H with or without its P.
_DURATION = re.compile(
    r"p?(?:(?P<weeks>\d+)w)?(?:(?P<days>\d+)d)?"
    r"t?(?:(?P<hours>\d+)h)?(?:(?P<minutes>\d+)m)?(?:(?P<seconds>\d+)s)?",
    re.IGNORECASE,
)
#: a thousand years: what is longer is a mistake, and no date
_LONGEST = timedelta(days=365_000)


def parse_duration(text: str, option: str) -> timedelta:
    """Read a duration such as `10m` or `1d12h`, or seconds as `600`.

    Raises typer.BadParameter, which names the option.
    """
    match = _DURATION.fullmatch(f"{text}s" if text.isdecimal() else text)
    parts = {unit: int(count) for unit, count in match.groupdict("0").items()} if match else {}
    try:
        duration = timedelta(**parts)
    except OverflowError:
        duration = timedelta()
    if not timedelta() < duration <= _LONGEST:
        raise typer.BadParameter(f"{text!r} is not a duration such as 10m", param_hint=option)
    return duration
