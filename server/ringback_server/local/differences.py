"""What is expected beside what came, as people read it: - expected, + actual."""

from __future__ import annotations

import json
from base64 import b64encode
from difflib import unified_diff

from ringback_server.local.matching import includes, is_list, is_map

_CONTEXT = 1_000


def difference(expected: object, actual: object) -> list[str]:
    """Return the lines of both values, those that differ marked."""
    before, after = written(expected).splitlines(), written(actual).splitlines()
    found = list(unified_diff(before, after, lineterm="", n=_CONTEXT))
    return found[3:]


def written(value: object) -> str:
    """Write a value as JSON with a line for each item, keys sorted."""
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True, default=_bytes)


def compact(value: object) -> str:
    """Write a value as JSON on one line."""
    return json.dumps(value, ensure_ascii=False, default=_bytes)


def projected(actual: object, wanted: object) -> object:
    """Return of a value what is wanted of it, so that only what matters differs."""
    if is_map(actual) and is_map(wanted):
        return {key: projected(actual[key], wanted[key]) for key in wanted if key in actual}
    if is_list(actual) and is_list(wanted):
        pairs = zip(actual, wanted, strict=False)
        return [*(projected(*pair) for pair in pairs), *actual[len(wanted) :]]
    return wanted if includes(actual, wanted) else actual


def _bytes(value: object) -> object:
    if isinstance(value, bytes):
        return {"base64": b64encode(value).decode()}
    raise TypeError(value)
