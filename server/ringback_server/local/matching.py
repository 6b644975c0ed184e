"""Patterns: what is looked for in names, URLs and values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeGuard
from urllib.parse import parse_qsl


def glob_matches(pattern: str, text: str) -> bool:
    """Tell whether a text is as a pattern says, in which * stands for anything."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) is not None


def url_matches(pattern: str, url: str) -> bool:
    """Tell whether a URL is as a pattern says: its query must have what the pattern's has."""
    wanted, query_wanted, query = pattern.partition("?")
    address, _, given = url.partition("?")
    if not glob_matches(wanted, address):
        return False
    pairs = parse_qsl(given, keep_blank_values=True)
    return not query_wanted or all(
        any(key == name and glob_matches(value, text) for name, text in pairs)
        for key, value in parse_qsl(query, keep_blank_values=True)
    )


def includes(actual: object, wanted: object) -> bool:
    """Tell whether a value has in it all that is wanted: maps may have more, nothing else may."""
    if is_map(wanted):
        return is_map(actual) and all(
            key in actual and includes(actual[key], item) for key, item in wanted.items()
        )
    if is_list(wanted):
        return (
            is_list(actual)
            and len(actual) == len(wanted)
            and all(includes(*pair) for pair in zip(actual, wanted, strict=True))
        )
    return same(actual, wanted)


def same(one: object, other: object) -> bool:
    """Tell whether two values are equal: 1 is 1.0, but true is not 1."""
    if is_map(one):
        return is_map(other) and one.keys() == other.keys() and _all_same(one, other)
    if is_list(one):
        return (
            is_list(other)
            and len(one) == len(other)
            and all(same(*pair) for pair in zip(one, other, strict=True))
        )
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def is_map(value: object) -> TypeGuard[Mapping[str, object]]:
    """Tell whether a value is a map."""
    return isinstance(value, Mapping)


def is_list(value: object) -> TypeGuard[Sequence[object]]:
    """Tell whether a value is a list."""
    return isinstance(value, (list, tuple))


def _all_same(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    return all(same(item, other[key]) for key, item in one.items())
