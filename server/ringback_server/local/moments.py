"""Times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(time: float) -> str:
    """Return Unix seconds as RFC 3339; as seconds once there are no dates any more."""
    try:
        text = datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds")
    except (OverflowError, ValueError):
        return f"{time:.3f}"
    return text.replace("+00:00", "Z")
