"""Pages and their tokens."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ringback_server.control.paging import PageSizes, page, position
from ringback_server.errors import InvalidArgumentError
from ringback_server.store.pages import PAGE_BYTES

SIZES = PageSizes(default=100, maximum=1_000)


@dataclass(frozen=True, slots=True)
class _Item:
    """An item of a list."""

    number: int
    text_bytes: int = 1


def test_page_when_there_is_more() -> None:
    """Following the tokens shows every item once, in order."""
    items = list(range(10))
    seen: list[int] = []
    token = ""
    while True:
        after = position("list", token, int)
        rows = [item for item in items if after is None or item > after][:4]
        found = page("list", rows, 3, place=lambda row: row, item=_Item)
        seen += (item.number for item in found.items)
        token = found.next_token
        if not token:
            break

    assert items == seen


def test_page_when_it_is_the_last() -> None:
    """The last page has no token, even when it is full."""
    assert "" == page("x", [1, 2], 2, place=lambda row: row, item=_Item).next_token


@pytest.mark.parametrize(
    ("sizes", "fit"), [((PAGE_BYTES, 0, 1), 2), ((PAGE_BYTES + 1, 1), 1), ((1, PAGE_BYTES), 1)]
)
def test_page_when_items_are_big(sizes: tuple[int, ...], fit: int) -> None:
    """A page ends before the item that is too much for it, but has one in any case."""
    found = page(
        "x", sizes, 9, place=lambda row: row, item=lambda row: _Item(number=0, text_bytes=row)
    )

    assert (fit, True) == (len(found.items), bool(found.next_token))


@pytest.mark.parametrize(
    ("requested", "expected"), [(0, 100), (1, 1), (1_000, 1_000), (1_001, 1_000)]
)
def test_limit_of_a_page(requested: int, expected: int) -> None:
    """No size means the default; a larger one than allowed is coerced."""
    assert expected == SIZES.limit(requested)


def test_limit_when_negative() -> None:
    """A negative size is refused."""
    with pytest.raises(InvalidArgumentError):
        SIZES.limit(-1)


def _token() -> str:
    return page("list a", [1, 2], 1, place=lambda row: row, item=_Item).next_token


@pytest.mark.parametrize(
    "token",
    ["x", "?", "ä", "AAAA", "A" * 5_000, _token()[:-1], f"{_token()}AAAA", _token().swapcase()],
)
def test_position_of_a_bad_token(token: str) -> None:
    """A token that no list gave out is refused."""
    with pytest.raises(InvalidArgumentError) as caught:
        position("list a", token, int)

    assert ["page_token"] == [violation.field for violation in caught.value.violations]


def test_position_in_another_list() -> None:
    """A token belongs to one list: parent, filter and order."""
    assert 1 == position("list a", _token(), int)
    with pytest.raises(InvalidArgumentError):
        position("list b", _token(), int)


def test_position_of_another_kind() -> None:
    """A token of the same list with a position of another type is refused, not misread."""
    with pytest.raises(InvalidArgumentError):
        position("list a", _token(), tuple[int, int])
