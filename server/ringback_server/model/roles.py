"""Roles: permissions that are granted together."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import IntEnum

_ETAG_BYTES = 12


class RoleStage(IntEnum):
    """How far along a role is; Google's numbers. Only DISABLED makes a difference."""

    ALPHA = 0
    BETA = 1
    GA = 2
    DEPRECATED = 4
    DISABLED = 5
    EAP = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role, predefined (`roles/R`) or of a project (`projects/P/roles/R`)."""

    name: str
    title: str = ""
    description: str = ""
    permissions: frozenset[str]
    stage: RoleStage = RoleStage.GA

    @property
    def granted(self) -> frozenset[str]:
        """What whoever has the role may do."""
        return frozenset() if self.stage is RoleStage.DISABLED else self.permissions

    @property
    def etag(self) -> bytes:
        """What tells it from roles that say something else."""
        says = (self.name, self.title, self.description, sorted(self.permissions), int(self.stage))
        return hashlib.sha256(repr(says).encode()).digest()[:_ETAG_BYTES]

    @property
    def text_bytes(self) -> int:
        """The bytes of its texts."""
        texts = (self.name, self.title, self.description, *self.permissions)
        return sum(len(text.encode()) for text in texts)
