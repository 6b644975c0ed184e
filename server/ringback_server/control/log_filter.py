"""The language of log filters (SPEC 10.24): comparisons and one text, joined by AND."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from ringback_server.control.refusals import refused
from ringback_server.errors import InvalidArgumentError
from ringback_server.model.resources import SEVERITIES
from ringback_server.store.logs import LogFilter

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<field>[A-Za-z_][\w.]*)\s*(?P<operator>>=|<=|!=|=~|!~|=|>|<)\s*
            (?:"(?P<quoted_value>(?:[^"\\]|\\.)*)"|(?P<value>[^\s"]+))
        |"(?P<quoted>(?:[^"\\]|\\.)*)"
        |(?P<word>[^\s"]+)
    )""",
    re.VERBOSE,
)
_MAX_LENGTH = 2_000
_HINT = 'put "…" around a text to search for it as it is'


def parse_filter(text: str) -> LogFilter:
    """Read a filter; raise InvalidArgumentError that names what is not understood."""
    if len(text) > _MAX_LENGTH:
        raise _bad(f"a filter has at most {_MAX_LENGTH} characters")
    found = LogFilter()
    words: list[str] = []
    place = 0
    stripped = text.rstrip()
    while place < len(stripped):
        match = _TOKEN.match(stripped, place)
        if match is None:
            raise _bad(f"a quote is not closed in {stripped[place:].strip()[:80]!r}")
        place = match.end()
        if match["field"]:
            found = _compare(found, match)
        elif match["quoted"] is not None:
            words.append(_unquoted(match["quoted"]))
        elif match["word"] != "AND":
            words.append(_plain(match["word"]))
    return replace(found, text=" ".join(words)) if words else found


def _compare(found: LogFilter, match: re.Match[str]) -> LogFilter:
    comparison = f"{match['field']}{match['operator']}"
    apply = _COMPARISONS.get(comparison)
    if apply is None:
        known = ", ".join(_COMPARISONS)
        raise _bad(f"{comparison} is not supported; supported are {known}; {_HINT}")
    quoted = match["quoted_value"]
    return apply(found, match["value"] if quoted is None else _unquoted(quoted))


def _plain(word: str) -> str:
    if word in {"OR", "NOT"} or word.startswith("("):
        raise _bad(f"{word[:40]} is not supported; terms are joined by AND; {_HINT}")
    return word


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _severity(value: str) -> str:
    if value.upper() not in SEVERITIES:
        raise _bad(f"{value[:40]!r} is not a severity; severities are {', '.join(SEVERITIES)}")
    return value.upper()


def _time(value: str) -> float:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise _bad(f"{value[:40]!r} is not a time such as 2026-01-01T00:00:00Z") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


_COMPARISONS: dict[str, Callable[[LogFilter, str], LogFilter]] = {
    "severity>=": lambda found, value: replace(found, min_severity=_severity(value)),
    "severity=": lambda found, value: replace(found, severity=_severity(value)),
    "timestamp>=": lambda found, value: replace(found, since=_time(value)),
    "timestamp<=": lambda found, value: replace(found, until=_time(value)),
    "resource.labels.workflow_id=": lambda found, value: replace(found, workflow=value),
    "labels.execution_id=": lambda found, value: replace(found, execution=value),
}


def _bad(message: str) -> InvalidArgumentError:
    return refused("filter", f"filter: {message}")
