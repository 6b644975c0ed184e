"""Where a URL leads: what tells servers apart."""

from __future__ import annotations

from typing import Final
from urllib.parse import SplitResult, urlsplit

_PORTS: Final = {"http": 80, "https": 443}


def origin_of(url: str) -> tuple[str, str, int]:
    """Return the scheme, host and port of a URL; see `port_of`."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", port_of(parts)


def port_of(parts: SplitResult) -> int:
    """Return the port of a URL, given or its scheme's; 0 for schemes other than http and https."""
    return parts.port or _PORTS.get(parts.scheme, 0)
