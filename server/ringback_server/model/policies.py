"""Policies: the bindings of one resource, as they are read and replaced."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from ringback_server.model.resources import Binding

_ETAG_BYTES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """All bindings of a resource, in no particular order."""

    resource: str
    bindings: tuple[Binding, ...]

    @property
    def etag(self) -> bytes:
        """What tells it from policies with other bindings, and from those of other resources."""
        rows = sorted(
            (b.role, b.email, repr(b.expire_time), b.title, b.description) for b in self.bindings
        )
        return hashlib.sha256(repr((self.resource, rows)).encode()).digest()[:_ETAG_BYTES]
