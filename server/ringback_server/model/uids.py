"""UUIDs as 16 bytes, and as the text that names have of them."""

from __future__ import annotations

import re
from functools import lru_cache

#: executions that are called about now; each is looked up several times for a callback
_REMEMBERED = 1_024
_CANONICAL = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def uid_text(uid: bytes) -> str:
    """Return the canonical text of a UUID of 16 bytes (RFC 9562, 4)."""
    text = uid.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


@lru_cache(_REMEMBERED)
def uid_of(text: str) -> bytes | None:
    """Return the 16 bytes of a UUID, None unless the text is a canonical one."""
    return bytes.fromhex(text.replace("-", "")) if _CANONICAL.fullmatch(text) else None
