"""What a run did, call by call and entry by entry, beside what is expected of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import UNSET, structs

from ringback_server.control.request_map import canonical_header
from ringback_server.local.cases import ExpectedCall, ExpectedEntry
from ringback_server.local.differences import difference, projected, written
from ringback_server.local.matching import glob_matches, includes, url_matches
from ringback_server.local.results import Call, Entry

#: a call or an entry as a map, or what is expected of one
Fields = Mapping[str, object]

_GLOBS: Final = frozenset({"call", "step", "method", "auth", "severity", "text"})
#: what tells of one that nobody expected
_BRIEF: Final = ("severity", "call", "step", "method", "url", "text", "json")


def call_fields(call: Call) -> Fields:
    """Return a call as a map of what can be expected of it."""
    fields: dict[str, object] = {"call": call.call, "step": call.step, "body": call.body}
    if call.url is None:
        return {**fields, "args": call.args}
    request = {"method": call.method, "url": call.url, "headers": call.headers}
    return {**fields, **request, "auth": call.auth}


def entry_fields(entry: Entry) -> Fields:
    """Return a log entry as a map of what can be expected of it."""
    content = {"json": entry.json} if entry.text is None else {"text": entry.text}
    return {"severity": entry.severity, "step": entry.step, **content}


def expected_fields(expected: str | ExpectedCall | ExpectedEntry) -> Fields:
    """Return what is expected as a map of what was given; a text is the text of an entry."""
    if isinstance(expected, str):
        return {"text": expected}
    given = structs.asdict(expected)
    fields = {key: item for key, item in given.items() if item is not None and item is not UNSET}
    if isinstance(expected, ExpectedCall) and expected.headers is not None:
        named = {canonical_header(name): text for name, text in expected.headers.items()}
        fields["headers"] = named
    return fields


def all_complaints(kind: str, actual: Sequence[Fields], wanted: Sequence[Fields]) -> list[str]:
    """Return a complaint unless all that happened is what was expected, in order."""
    if len(actual) == len(wanted) and all(map(_fits, actual, wanted)):
        return []
    lines = difference([dict(one) for one in wanted], _aligned(actual, wanted))
    return ["\n".join([f"{kind}: not as expected", *lines])]


def some_complaints(kind: str, actual: Sequence[Fields], wanted: Sequence[Fields]) -> list[str]:
    """Return a complaint unless what was expected is among what happened, in order."""
    left = iter(actual)
    for one in wanted:
        if not any(_fits(other, one) for other in left):
            seen = "\n".join(written(_brief(other)) for other in actual) or "nothing"
            return [f"{kind}: there is no (further) one like\n{written(dict(one))}\nbut\n{seen}"]
    return []


def _aligned(actual: Sequence[Fields], wanted: Sequence[Fields]) -> list[dict[str, object]]:
    """Return what happened, those that were expected looking like it, whatever came in between."""
    seen, rest = list[dict[str, object]](), list(actual)
    for number, one in enumerate(wanted):
        place = next((place for place, other in enumerate(rest) if _fits(other, one)), None)
        if place is not None:
            seen += [*map(_brief, rest[:place]), dict(one)]
            rest = rest[place + 1 :]
        elif rest and not any(_fits(rest[0], later) for later in wanted[number + 1 :]):
            seen.append(_seen(rest.pop(0), one))
    return [*seen, *map(_brief, rest)]


def _fits(actual: Fields, wanted: Fields) -> bool:
    return all(key in actual and _fits_at(key, actual[key], item) for key, item in wanted.items())


def _fits_at(key: str, actual: object, wanted: object) -> bool:
    if isinstance(actual, str) and isinstance(wanted, str):
        if key == "url":
            return url_matches(wanted, actual)
        if key in _GLOBS:
            return glob_matches(wanted, actual)
    return includes(actual, wanted)


def _seen(actual: Fields, wanted: Fields) -> dict[str, object]:
    """Return of what happened what was expected of it; what fits looks like it."""
    found = {key: actual[key] for key in wanted if key in actual} or _brief(actual)
    return {
        key: wanted[key]
        if key in wanted and _fits_at(key, item, wanted[key])
        else projected(item, wanted.get(key))
        for key, item in found.items()
    }


def _brief(actual: Fields) -> dict[str, object]:
    return {key: actual[key] for key in _BRIEF if key in actual}
