"""`base64`: bytes as text, in the standard alphabet (RFC 4648)."""

from __future__ import annotations

import base64
import binascii

from ringback_server.lang.errors import value_error
from ringback_server.lang.stdlib.registry import Boolean, function

_PADDED = True
#: characters that stand for three bytes
_GROUP = 4


@function("base64.encode", keeps=False)
def encode(data: bytes, padding: Boolean = _PADDED) -> str:
    """Return bytes as text, filled up with `=` to a multiple of four characters."""
    text = base64.b64encode(data).decode("ascii")
    return text if padding else text.rstrip("=")


@function("base64.decode", keeps=False)
def decode(data: str, padding: Boolean = _PADDED) -> bytes:
    """Return the bytes that a text stands for; without `padding` it may not end in `=`."""
    if padding and len(data) % _GROUP:
        raise value_error("base64.decode(): the padding is incomplete")
    if not padding:
        if "=" in data:
            raise value_error("base64.decode(): there is padding, and 'padding' is false")
        data += "=" * (-len(data) % _GROUP)
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise value_error("base64.decode(): 'data' is not Base64") from None
