"""Parts of audit entries in few bytes. What is unpacked is exactly what was packed."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from ringback_server.model.callback_ids import callback_id, callback_number
from ringback_server.model.uids import uid_text

#: what stands for a text: a UUID in bytes, the text itself, or nothing if it is empty
Packed = bytes | str | None

_DASHED: Final = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_UUID: Final = re.compile(_DASHED)
_PLAIN_UUID: Final = re.compile("[0-9a-f]{32}")
_UUID_SEGMENT: Final = re.compile(rf"/({_DASHED})(?=/|\Z)")
_CALLBACKS: Final = "/callbacks/"
#: follows the bytes of a UUID that is written without dashes
_NO_DASHES: Final = b"\0"
_UUID_BYTES: Final = 16
_PORT: Final = re.compile("[1-9][0-9]{0,4}")
#: peers whose connections are in use
_PEERS: Final = 1_024


def pack(text: str) -> Packed:
    """Pack a text that often is a UUID."""
    if not text:
        return None
    if _PLAIN_UUID.fullmatch(text):
        return bytes.fromhex(text) + _NO_DASHES
    if _UUID.fullmatch(text):
        return bytes.fromhex(text.replace("-", ""))
    return text


def unpack(packed: Packed) -> str:
    """Reverse `pack`."""
    if not isinstance(packed, bytes):
        return packed or ""
    if len(packed) == _UUID_BYTES:
        return uid_text(packed)
    return packed.removesuffix(_NO_DASHES).hex()


def pack_resource(name: str) -> tuple[str, bytes | None, int | str | None]:
    """Split a name at the first UUID in it: what is before, the UUID, what comes after.

    After an execution that is the number of one of its callbacks, or text.
    """
    found = _UUID_SEGMENT.search(name)
    if found is None:
        return name, None, None
    uid = bytes.fromhex(found[1].replace("-", ""))
    head, rest = name[: found.start()], name[found.end() :]
    if not rest.startswith(_CALLBACKS):
        return head, uid, rest or None
    number = callback_number(uid, rest.removeprefix(_CALLBACKS))
    return head, uid, rest if number is None else number


def unpack_resource(head: str, uid: bytes | None, rest: int | str | None) -> str:
    """Reverse `pack_resource`."""
    if uid is None:
        return head
    if isinstance(rest, int):
        rest = f"{_CALLBACKS}{callback_id(uid, rest)}"
    return f"{head}/{uid_text(uid)}{rest or ''}"


@lru_cache(_PEERS)
def pack_peer(peer: str) -> tuple[str, int | None]:
    """Split an address and its port; `None` and all of it if there is none."""
    host, _, port = peer.rpartition(":")
    return (host, int(port)) if _PORT.fullmatch(port) and host else (peer, None)
