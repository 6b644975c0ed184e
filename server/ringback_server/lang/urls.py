"""URLs that requests may be sent to."""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import quote, unquote, urlsplit

_SCHEMES = ("http", "https")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_HOST = re.compile(r"[a-z0-9._-]{1,253}")

# What may stand for itself in a path and in a query (RFC 3986), and what is encoded already.
_PATH = "/%:@!$&'()*+,;=~"
_QUERY = _PATH + "?[]"

#: how often something may be encoded: no name is, and nobody decodes it as often
_DECODINGS: Final = 8


def absolute_url(text: str) -> str:
    """Return a URL with everything encoded that has to be, and without its fragment.

    Raises ValueError with the reason unless it is one of http or https with a host and without
    user and password.
    """
    if _CONTROLS.search(text):
        raise ValueError("it holds a line break or another control character")
    parts = urlsplit(text)
    if parts.scheme not in _SCHEMES:
        raise ValueError("it must begin with http:// or https://")
    if "@" in parts.netloc:
        raise ValueError("it must not hold a user or password")
    host, port = _host(parts.hostname or ""), parts.port
    if port == 0:
        raise ValueError("0 is not a port")
    query = f"?{quote(parts.query, safe=_QUERY)}" if parts.query else ""
    authority = host if port is None else f"{host}:{port}"
    return f"{parts.scheme}://{authority}{quote(parts.path, safe=_PATH) or '/'}{query}"


def has_dot_segments(path: str) -> bool:
    """Tell whether `.` or `..` is a segment of a path, for whoever decodes it, however often."""
    for _ in range(_DECODINGS):
        if {".", ".."} & set(path.split("/")):
            return True
        encoded, path = path, unquote(path)
        if path == encoded:
            return False
    return True


def _host(name: str) -> str:
    if ":" in name and "%" not in name:
        return f"[{ipaddress.IPv6Address(name)}]"
    try:
        encoded = name.encode("idna").decode() if not name.isascii() else name
    except UnicodeError:
        raise ValueError("its host is not a name") from None
    if not _HOST.fullmatch(encoded):
        raise ValueError("it has no host, or one that is not a name")
    return encoded
