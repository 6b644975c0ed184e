"""`json`: text to values and back."""

from __future__ import annotations

from ringback_server.lang.encoding import encoded
from ringback_server.lang.errors import memory_limit_error, type_error, value_error
from ringback_server.lang.host import Host
from ringback_server.lang.memory import check_string_size
from ringback_server.lang.stdlib.registry import Boolean, function
from ringback_server.lang.values import List, Map, Value, from_json

_COMPACT = False


@function("json.decode", keeps=False)
def decode(data: bytes | str) -> Value:
    """Read a value from JSON text."""
    try:
        return from_json(data)
    except ValueError as error:
        raise value_error(f"json.decode(): {error}") from None


@function("json.encode", keeps=False)
def encode(host: Host, data: Value, indent: Boolean | Map = _COMPACT) -> bytes:
    """Write a value as JSON in UTF-8, indented as by `json.encode_to_string`."""
    layout = _layout(indent)
    if _white_space(data, layout) > host.limits.memory_bytes:
        raise memory_limit_error()
    return _laid_out(data, layout).encode()


@function("json.encode_to_string", keeps=False)
def encode_to_string(host: Host, data: Value, indent: Boolean | Map = _COMPACT) -> str:
    """Write a value as JSON, indented by four spaces or by `prefix` and `indent` of a map."""
    layout = _layout(indent)
    check_string_size(host, _white_space(data, layout))
    return _laid_out(data, layout)


def _layout(indent: Boolean | Map) -> tuple[str, str | None]:
    """Return what begins each line, and what is repeated for each level: None for one line."""
    if not isinstance(indent, Map):
        return "", "    " if indent else None
    prefix, unit = indent.get("prefix", ""), indent.get("indent", "")
    if not isinstance(prefix, str) or not isinstance(unit, str):
        raise type_error("json.encode(): 'prefix' and 'indent' must be strings")
    return prefix, unit


def _laid_out(data: Value, layout: tuple[str, str | None]) -> str:
    prefix, unit = layout
    text = encoded(data, unit)
    return text.replace("\n", "\n" + prefix) if prefix else text


def _white_space(data: Value, layout: tuple[str, str | None]) -> int:
    """Return how many characters a layout adds, before any of them is written."""
    prefix, unit = layout
    if unit is None:
        return 0
    level = len(unit) + unit.count("\n") * len(prefix)
    return _added(data, 1 + len(prefix), level, 0)


def _added(data: Value, line: int, level: int, depth: int) -> int:
    if not isinstance(data, (Map, List)) or not data:
        return 0
    own = (len(data) + 1) * (line + depth * level) + len(data) * level
    items = data.values() if isinstance(data, Map) else data
    return own + sum(_added(item, line, level, depth + 1) for item in items)
