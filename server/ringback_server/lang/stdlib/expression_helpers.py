"""The functions without a namespace (SPEC 2.6)."""

from __future__ import annotations

import math
import re

from ringback_server.lang.errors import tagged, value_error
from ringback_server.lang.evaluator import int64, is_number
from ringback_server.lang.stdlib.registry import Boolean, function
from ringback_server.lang.values import List, Map, Value, text_of, type_name

_INTEGER = re.compile(r"[+-]?[0-9]{1,40}")
_DOUBLE = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")

# What the known message of string() calls the types.
_PYTHON_NAMES = {"map": "dict", "list": "list", "null": "NoneType", "bytes": "bytes"}


@function("int", keeps=False)
def to_int(x: float | str) -> int:
    """Return an integer from a number, cut towards zero, or from decimal text."""
    if isinstance(x, str):
        if _INTEGER.fullmatch(x) is None:
            raise value_error(f"int(): {x[:100]!r} is not an integer")
        return int64(int(x))
    try:
        return int64(int(x))
    except (OverflowError, ValueError):
        raise value_error(f"int(): {text_of(x)} is not an integer") from None


@function("double", keeps=False)
def to_double(x: float | str) -> float:
    """Return a double from a number or from decimal text."""
    if isinstance(x, str) and _DOUBLE.fullmatch(x) is None:
        raise value_error(f"double(): {x[:100]!r} is not a number")
    number = float(x)
    if isinstance(x, str) and math.isinf(number):
        raise value_error(f"double(): {x[:100]!r} is too large")
    return number


@function("string", keeps=False)
def to_string(x: Value) -> str:
    """Return a number, boolean or string as text."""
    if isinstance(x, bool):
        return "true" if x else "false"
    if isinstance(x, str):
        return x
    if is_number(x):
        return text_of(x)
    kind = type_name(x)
    raise tagged(
        f"unsupported operand type for string(): '{_PYTHON_NAMES.get(kind, kind)}'"
        " (expecting number, string, or boolean)",
        "TypeError",
    )


@function("keys", keeps=False)
def keys(map_: Map) -> list[str]:
    """Return the keys of a map."""
    return list(map_)


@function("len", keeps=False, instant=True)
def length(x: str | Map | List) -> int:
    """Count the characters of a string, the items of a list or the pairs of a map."""
    return len(x)


@function("default", keeps=False, instant=True)
def default(v: Value, d: Value) -> Value:
    """Return `d` if `v` is null, else `v`."""
    return d if v is None else v


@function("if", keeps=False, instant=True)
def choose(cond: Boolean | None, a: Value, b: Value) -> Value:
    """Return `a` if the condition is true, `b` if it is false or null."""
    return a if cond else b


@function("get_type", keeps=False, instant=True)
def get_type(x: Value) -> str:
    """Return the name of a value's type."""
    return type_name(x)
