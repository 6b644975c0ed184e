"""The ids of callback endpoints, which lead to their rows."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from ringback_server.model.uids import uid_of, uid_text

#: endpoints that are called about now; each is looked up several times for a callback
_REMEMBERED = 1_024


def callback_id(uid: bytes, number: int) -> str:
    """Derive the id of an endpoint, two joined UUIDs, from its execution and its number.

    The number travels masked in the first four bytes, so that a name leads to its row without
    being stored and without a search.
    """
    digest = hashlib.sha256(b"callback" + uid + number.to_bytes(4, "big")).digest()
    mask = hashlib.sha256(b"mask" + uid + digest[4:]).digest()[:4]
    masked = bytes(a ^ b for a, b in zip(number.to_bytes(4, "big"), mask, strict=True))
    return f"{uid_text(masked + digest[4:16])}_{uid_text(digest[16:])}"


@lru_cache(_REMEMBERED)
def callback_number(uid: bytes, text: str) -> int | None:
    """Return the number of the endpoint with this id, or None if the id is not one of `uid`'s."""
    first, _, second = text.partition("_")
    head, tail = uid_of(first), uid_of(second)
    if head is None or tail is None:
        return None
    raw = head + tail
    mask = hashlib.sha256(b"mask" + uid + raw[4:]).digest()[:4]
    number = int.from_bytes(bytes(a ^ b for a, b in zip(raw[:4], mask, strict=True)), "big")
    return number if callback_id(uid, number) == text else None
