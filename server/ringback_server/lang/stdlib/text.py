"""`text`: strings."""

from __future__ import annotations

from ringback_server.lang.stdlib.registry import function


@function("text.to_lower", keeps=False)
def to_lower(source: str) -> str:
    """Return the text in lower case."""
    return source.lower()


@function("text.to_upper", keeps=False)
def to_upper(source: str) -> str:
    """Return the text in upper case."""
    return source.upper()
