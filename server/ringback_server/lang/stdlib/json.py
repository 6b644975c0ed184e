"""`json`: text to values and back."""

from __future__ import annotations

from ringback_server.lang.errors import tagged, type_error, value_error
from ringback_server.lang.stdlib.registry import Boolean, function
from ringback_server.lang.values import Map, Value, from_json, to_json

_COMPACT = False


@function("json.decode", keeps=False)
def decode(data: bytes | str) -> Value:
    """Read a value from JSON text."""
    try:
        return from_json(data)
    except ValueError as error:
        raise value_error(f"json.decode(): {error}") from None


@function("json.encode", keeps=False)
def encode(data: Value, indent: Boolean | Map = _COMPACT) -> bytes:
    """Write a value as JSON in UTF-8."""
    return encode_to_string(data, indent).encode()


@function("json.encode_to_string", keeps=False)
def encode_to_string(data: Value, indent: Boolean | Map = _COMPACT) -> str:
    """Write a value as JSON, indented by four spaces or as `indent` says."""
    prefix, unit = _layout(indent)
    text = encoded(data, unit)
    return text if not prefix else text.replace("\n", "\n" + prefix)


def encoded(value: Value, indent: str | None = None) -> str:
    """Write a value as JSON; raises a WorkflowError for what JSON cannot hold."""
    try:
        return to_json(value, indent=indent)
    except TypeError as error:
        # The documentation says ValueError where the kind of error is inferred to be TypeError.
        raise tagged(f"TypeError: {error}", "TypeError", "ValueError") from None
    except ValueError:
        raise value_error("infinite numbers and NaN cannot be encoded as JSON") from None


def _layout(indent: Boolean | Map) -> tuple[str, str | None]:
    if not isinstance(indent, Map):
        return "", "    " if indent else None
    prefix, unit = indent.get("prefix", ""), indent.get("indent", "")
    if not isinstance(prefix, str) or not isinstance(unit, str):
        raise type_error("json.encode(): 'prefix' and 'indent' must be strings")
    return prefix, unit
