"""Ids that sort in the order of their making: UUIDs of version 7."""

from __future__ import annotations

import secrets
import time

_NANOSECONDS = 1_000_000


def new_uid() -> bytes:
    """Return a new UUIDv7 in 16 bytes.

    Its first 60 bits (version apart) are the time in steps of a quarter microsecond (RFC 9562,
    6.2, method 3), so neighbours in time are neighbours in an index; the rest is random.
    """
    milliseconds, nanoseconds = divmod(time.time_ns(), _NANOSECONDS)
    fraction = (nanoseconds << 12) // _NANOSECONDS
    head = milliseconds << 16 | 0x7 << 12 | fraction
    tail = 0b10 << 62 | secrets.randbits(62)
    return head.to_bytes(8, "big") + tail.to_bytes(8, "big")
