"""`map`: reading and combining maps; each function returns a copy."""

from __future__ import annotations

from ringback_server.lang.errors import type_error
from ringback_server.lang.stdlib.registry import function
from ringback_server.lang.values import List, Map, Value


@function("map.get", keeps=False, instant=True)
def get(map_: Value, keys: str | List) -> Value:
    """Return the value under a key or a path of keys; null if there is none, or no map."""
    path: list[Value] = list(keys) if isinstance(keys, List) else [keys]
    value = map_
    for key in path:
        if not isinstance(key, str):
            raise type_error("map.get(): 'keys' must be a string or a list of strings")
        value = value.get(key) if isinstance(value, Map) else None
    return value


@function("map.delete")
def delete(map_: Map, key: str) -> Map:
    """Return the map without a key."""
    return Map.of([(name, value) for name, value in map_.items() if name != key])


@function("map.merge")
def merge(first: Map, second: Map) -> Map:
    """Return the pairs of both maps; those of the second win."""
    return Map.of({**first, **second}.items())


@function("map.merge_nested")
def merge_nested(first: Map, second: Map) -> Map:
    """Return the pairs of both maps, merging maps under the same key likewise."""
    merged: dict[str, Value] = dict(first)
    for key, value in second.items():
        old = merged.get(key)
        if isinstance(old, Map) and isinstance(value, Map):
            merged[key] = merge_nested(old, value)
        else:
            merged[key] = value
    return Map.of(merged.items())
