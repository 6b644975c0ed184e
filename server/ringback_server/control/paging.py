"""Pages of lists: how many items, from where, and the token that leads to the next page.

A token holds the position of the page's last item and a fingerprint of the list it belongs to,
so that it cannot be used with another parent or filter. It grants nothing: permissions are
checked for each page.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

import msgspec

from ringback_server.control.caller import Page
from ringback_server.control.refusals import refused
from ringback_server.store.pages import PAGE_BYTES, Texts

Row = TypeVar("Row")
Item = TypeVar("Item", bound=Texts)
Position = TypeVar("Position")

_FINGERPRINT = 8
#: larger than any integer in the store
_NO_KEY = 2**63


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """What a caller says about the page it wants."""

    size: int = 0
    token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSizes:
    """How many items a page of some list has unless asked otherwise, and at most."""

    default: int
    maximum: int

    def limit(self, requested: int) -> int:
        """Return the size of a page; a larger one than allowed is coerced (SPEC 6.2)."""
        if requested < 0:
            raise refused("page_size", "page_size must not be negative")
        return min(requested or self.default, self.maximum)


def position(
    scope: str, token: str, kind: type[Position], *, field: str = "page_token"
) -> Position | None:
    """Return where the page after `token` begins, or None for the first page.

    `scope` says which list it is: verb, parent, filter, order. Raise InvalidArgumentError, which
    names the `field`, for a token that this list did not give out.
    """
    if not token:
        return None
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        found = msgspec.msgpack.decode(raw[_FINGERPRINT:], type=kind)
    except (UnicodeEncodeError, binascii.Error, msgspec.MsgspecError):
        raise _unusable(field) from None
    if raw[:_FINGERPRINT] != _fingerprint(scope) or not _storable(found):
        raise _unusable(field)
    return found


def page(
    scope: str,
    rows: Sequence[Row],
    limit: int,
    *,
    place: Callable[[Row], object],
    item: Callable[[Row], Item],
    rest: object = None,
) -> Page[Item]:
    """Make a page of at most `limit` items from one row more than that, if there is one.

    It ends before an item with which its texts would have over PAGE_BYTES, unless that is its
    first, so there may be fewer rows too: those up to such an item. `place` gives the position of a
    row, as `position` will return it for the next page; `rest` is the one to go on from after all
    rows, if there may be more.
    """
    items: list[Item] = []
    size = 0
    for row in rows[:limit]:
        found = item(row)
        size += found.text_bytes
        if items and size > PAGE_BYTES:
            break
        items.append(found)
    if len(rows) > len(items):
        rest = place(rows[len(items) - 1])
    if rest is None:
        return Page(items=tuple(items))
    return Page(items=tuple(items), next_token=token_of(scope, rest))


def token_of(scope: str, place: object) -> str:
    """Return the token from which `position` reads a place in a list."""
    raw = _fingerprint(scope) + msgspec.msgpack.encode(place)
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def _storable(found: object) -> bool:
    """Tell whether a position has no number that no row has: tokens are not signed."""
    if isinstance(found, tuple):
        return all(map(_storable, cast("tuple[object, ...]", found)))
    return not isinstance(found, int) or abs(found) < _NO_KEY


def _fingerprint(scope: str) -> bytes:
    return hashlib.sha256(scope.encode()).digest()[:_FINGERPRINT]


def _unusable(field: str) -> Exception:
    return refused(field, f"{field} is not one that this list returned")
