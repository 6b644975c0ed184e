"""What is stored together with the write of a request: who asked for it.

A request that may write has a companion. The first write that succeeds on its thread takes it, and
what the companion then tells is in the same transaction: neither is there without the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar, Token
from typing import Protocol

from ringback_server.model.audit import AuditEntry


class Companion(Protocol):
    """Tells what is to be stored with a write."""

    def claim(self) -> bool:
        """Tell whether it goes with the write that is about to be queued."""
        ...

    def release(self) -> None:
        """Hear that the write failed, so that another may take it."""
        ...

    def entries(self, value: object) -> Sequence[AuditEntry]:
        """Return what to store with a write that gave `value`; called on the writer's thread."""
        ...


_companion: ContextVar[Companion | None] = ContextVar("ringback_companion", default=None)


def companion() -> Companion | None:
    """Return the companion of this thread's request."""
    return _companion.get()


def accompany(by: Companion) -> Token[Companion | None]:
    """Let a companion go with what this thread does, until `leave` is told what this returns.

    Two functions are cheaper than a `with` of one, and each request needs them.
    """
    return _companion.set(by)


def leave(before: Token[Companion | None]) -> None:
    """Take a companion away again."""
    _companion.reset(before)
