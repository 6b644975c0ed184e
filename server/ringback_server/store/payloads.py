"""The request map of a callback, as the inbox holds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ringback_server.errors import CorruptDataError
from ringback_server.store.packing import seal, unseal


def pack(request: Mapping[str, object]) -> bytes:
    """Pack a request map: strings, bytes, numbers, booleans, None, lists and maps of them."""
    return seal(msgspec.msgpack.encode(request))


def unpack(packed: bytes) -> dict[str, Any]:
    """Reverse `pack`; raise CorruptDataError if it is damaged."""
    try:
        return msgspec.msgpack.decode(unseal(packed), type=dict[str, Any])
    except (CorruptDataError, msgspec.MsgspecError) as error:
        raise CorruptDataError("A stored callback of this execution is damaged.") from error
