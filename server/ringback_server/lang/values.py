"""Values of the language, their accounted sizes, and their JSON form.

Containers know their own size and nesting, so that accounting never walks a value, and carry the
stamp by which a machine knows that nobody else can see them (see `memory`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import cast

import msgspec

INT64_MIN = -(2**63)
INT64_MAX = 2**63 - 1

#: how deep containers may nest, whether from JSON, assignments or functions
MAX_DEPTH = 128

#: what a scalar costs, and what a text, list or map costs beside its content
CELL = 8

# Above this, repr() of a double has an exponent and no ".0" to leave out.
_PLAIN_DOUBLES = 1e16


class Reference:
    """A routine or library function named as a value, for instance as a retry predicate.

    Not a dataclass, because those would be packed as maps.
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reference) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"Reference({self.name!r})"


class Map(dict[str, "Value"]):
    """A map; `size` in accounted bytes, `depth` counts nested containers, itself included."""

    __slots__ = ("depth", "size", "stamp")

    depth: int
    size: int
    stamp: int

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, Value]]) -> Map:
        """Build a map from values that are complete, and measure it."""
        made = cls(pairs)
        size, depth = _measured(made.values())
        made.size = CELL + size + sum(map(_size_of_text, made))
        made.depth, made.stamp = depth + 1, 0
        return made


class List(list["Value"]):
    """A list; `size` in accounted bytes, `depth` counts nested containers, itself included."""

    __slots__ = ("depth", "size", "stamp")

    depth: int
    size: int
    stamp: int

    @classmethod
    def of(cls, items: Iterable[Value]) -> List:
        """Build a list from values that are complete, and measure it."""
        made = cls(items)
        size, depth = _measured(made)
        made.size, made.depth, made.stamp = CELL + size, depth + 1, 0
        return made

    def appended(self, item: Value) -> List:
        """Return a list with one more item behind these."""
        made = List(self)
        made.append(item)
        depth = item.depth + 1 if isinstance(item, (Map, List)) else 1
        made.size, made.depth, made.stamp = self.size + element_size(item), self.depth, 0
        made.depth = max(made.depth, depth)
        return made


Value = None | bool | int | float | str | bytes | Map | List | Reference

#: Python's types of what is a value as it is
_VALUE_TYPES = frozenset({type(None), bool, float, str, bytes, Map, List, Reference})

_FIXED_SIZES: dict[type, int] = {type(None): 0, bool: CELL, int: CELL, float: CELL}

_TYPE_NAMES: dict[type, str] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "double",
    str: "string",
    bytes: "bytes",
    Map: "map",
    List: "list",
    Reference: "function",
}


def type_name(value: Value) -> str:
    """Return the name that `get_type` gives."""
    return _TYPE_NAMES[type(value)]


def size_of(value: Value) -> int:
    """Return the accounted bytes of a variable's value (SPEC 1.13); null frees a variable."""
    fixed = _FIXED_SIZES.get(type(value))
    if fixed is not None:
        return fixed
    if isinstance(value, (Map, List)):
        return value.size
    if isinstance(value, str):
        return _size_of_text(value)
    return CELL + (len(value) if isinstance(value, bytes) else 0)


def element_size(value: Value) -> int:
    """Return the accounted bytes of a value inside a container, where null is not free."""
    return CELL if value is None else size_of(value)


def _measured(values: Iterable[Value]) -> tuple[int, int]:
    """Return what the elements of a container take, and how deep the deepest of them is."""
    size, depth = 0, 0
    for value in values:
        if type(value) is str:
            size += _size_of_text(value)
        elif isinstance(value, (Map, List)):
            size += value.size
            depth = max(depth, value.depth)
        else:
            size += element_size(value)
    return size, depth


def _size_of_text(text: str) -> int:
    return CELL + (len(text) if text.isascii() else len(text.encode()))


def wrap(plain: object, room: int = MAX_DEPTH) -> Value:
    """Turn plain Python data into a value; integers beyond int64 become doubles.

    Raises ValueError for what is no value, and for containers nested deeper than `room`.
    """
    if type(plain) in _VALUE_TYPES:
        return cast("Value", plain)
    match plain:
        case dict() | list() | tuple():
            if room == 0:
                raise ValueError(_TOO_DEEP)
            return _container(cast("_Plain", plain), room - 1)
        case float() | str() | bytes():
            return plain
        case int():
            return plain if INT64_MIN <= plain <= INT64_MAX else float(plain)
        case _:
            raise ValueError(f"{type(plain).__name__} is not a value of the language")


def from_json(text: str | bytes) -> Value:
    """Read one JSON value; the last of equal keys wins, as with other JSON readers.

    Raises ValueError with the reason for anything that is not JSON, for numbers beyond a double's
    range, and for containers nested deeper than MAX_DEPTH.
    """
    try:
        return wrap(msgspec.json.decode(text))
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from None
    except UnicodeError:
        raise ValueError("the text is not valid UTF-8") from None
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None


def to_json(value: Value, *, indent: str | None = None) -> str:
    """Write a value as JSON: keys sorted, doubles without a needless `.0`, not escaped to ASCII.

    Without `indent` there is no white space. Raises TypeError for bytes and functions, ValueError
    for infinities and NaN.
    """
    return json.dumps(
        _writable(value),
        ensure_ascii=False,
        allow_nan=False,
        sort_keys=True,
        indent=indent,
        separators=(",", ":") if indent is None else (",", ": "),
    )


def text_of(number: float) -> str:
    """Write an integer or double as text, a double without a needless `.0` (SPEC 10.10)."""
    text = repr(number)
    return text.removesuffix(".0")


_Plain = dict[object, object] | list[object] | tuple[object, ...]

_TOO_DEEP = f"containers nest deeper than {MAX_DEPTH} levels"


def _container(plain: _Plain, room: int) -> Map | List:
    if isinstance(plain, dict):
        return Map.of([(_key(key), wrap(item, room)) for key, item in plain.items()])
    return List.of([wrap(item, room) for item in plain])


def _key(key: object) -> str:
    if isinstance(key, str):
        return key
    raise ValueError("keys of a map must be strings")


def _writable(value: Value) -> object:
    if isinstance(value, Map):
        return {key: _writable(item) for key, item in value.items()}
    if isinstance(value, List):
        return [_writable(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < _PLAIN_DOUBLES:
        return int(value)
    if isinstance(value, (bytes, Reference)):
        raise TypeError(f"{type_name(value)} cannot be encoded as JSON")
    return value
