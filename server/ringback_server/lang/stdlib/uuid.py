"""`uuid`: unique identifiers."""

from __future__ import annotations

from uuid import UUID

from ringback_server.lang.host import Host
from ringback_server.lang.stdlib.registry import function


@function("uuid.generate", keeps=False)
def generate(host: Host) -> str:
    """Return a random UUID (version 4)."""
    return str(UUID(bytes=host.random_bytes(), version=4))
