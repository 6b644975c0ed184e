"""Values: JSON in and out, sizes, limits."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringback_server.lang.values import (
    INT64_MAX,
    INT64_MIN,
    MAX_DEPTH,
    List,
    Map,
    Reference,
    Value,
    from_json,
    size_of,
    to_json,
    wrap,
)

documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(INT64_MIN, INT64_MAX)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(documents)
def test_json_when_written_and_read(document: object) -> None:
    """JSON text means the same to other readers, and to ours."""
    text = to_json(wrap(document))

    assert document == json.loads(text)
    assert document == from_json(text)


@given(st.text() | st.binary())
def test_from_json_when_anything_is_read(text: str | bytes) -> None:
    """Whatever the text, there is a value or a ValueError."""
    try:
        from_json(text)
    except ValueError:
        return
    json.loads(text)


@pytest.mark.parametrize(
    "text",
    ["", "NaN", "Infinity", "1 2", "[1,]", "{1: 2}", '"\\ud800"', '"\ud800"', "1e999", "1" * 5000],
)
def test_from_json_when_not_json(text: str) -> None:
    """Text that is not JSON, or that no value can hold, is refused."""
    with pytest.raises(ValueError, match=r"."):
        from_json(text)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_from_json_when_nested_too_deeply(opening: str) -> None:
    """A depth bomb is a ValueError, not the end of the stack."""
    for depth in (MAX_DEPTH + 1, 1_000, 100_000):
        with pytest.raises(ValueError, match="deeper"):
            from_json(opening * depth + "1" + ("]" if opening == "[" else "}") * depth)


def test_from_json_when_as_deep_as_allowed() -> None:
    """Containers may nest MAX_DEPTH deep."""
    value = from_json("[" * MAX_DEPTH + "]" * MAX_DEPTH)

    assert isinstance(value, List)
    assert value.depth == MAX_DEPTH


def test_from_json_when_an_integer_is_large() -> None:
    """Integers within int64 are exact, others become doubles."""
    value = from_json(f"[{INT64_MAX}, {INT64_MAX + 1}, {INT64_MIN}, {INT64_MIN - 1}]")

    assert [INT64_MAX, 2.0**63, INT64_MIN, -(2.0**63)] == value
    assert isinstance(value, List)
    assert [int, float, int, float] == [type(item) for item in value]


@pytest.mark.parametrize("value", [b"x", Reference("retry.always"), List.of([b"x"])])
def test_to_json_when_there_is_no_json_for_it(value: Value) -> None:
    """Bytes and functions have no JSON form."""
    with pytest.raises(TypeError, match="cannot be encoded"):
        to_json(value)


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (1, 8),
        (1.5, 8),
        (True, 8),
        ("a" * 28, 36),
        ("é", 10),
        (b"abc", 11),
        ([1, "a"], 8 + 8 + 9),
        ({"ab": [1]}, 8 + 10 + 16),
        ([None], 16),
        (None, 0),
    ],
)
def test_size_when_accounted(value: object, size: int) -> None:
    """Sizes are those of SPEC 1.13."""
    assert size == size_of(wrap(value))


def test_wrap_when_it_is_no_value() -> None:
    """What the language has no type for is refused."""
    for plain in (object(), {1: 2}, {"a": {1}}):
        with pytest.raises(ValueError, match=r"not a value|must be strings"):
            wrap(plain)


def test_map_when_built_from_equal_keys() -> None:
    """The size counts each key once."""
    assert Map.of([("a", 1), ("a", 2)]).size == Map.of([("a", 2)]).size


@given(st.lists(documents), documents)
def test_list_when_an_item_is_appended(items: list[object], item: object) -> None:
    """A list that grew is the list that would have been built, measures included."""
    before, value = wrap(items), wrap(item)
    assert isinstance(before, List)
    built = List.of([*before, value])
    grown = before.appended(value)

    assert built == grown
    assert (built.size, built.depth) == (grown.size, grown.depth)
