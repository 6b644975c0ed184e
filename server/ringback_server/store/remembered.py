"""Rows that many requests need, kept in memory until something is written."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Remembered(Generic[Key, Value]):
    """What was read, by key, while the process is the only one that has the data directory.

    With several processes, each has to be told of what the others write.
    """

    def __init__(self, limit: int) -> None:
        """Keep at most about `limit` values."""
        self._limit = limit
        # Replaced by an empty one, never cleared: what was read before a write, by a thread that
        # is slow to keep it, goes into the one before.
        self._known: dict[Key, Value] = {}

    def get(self, key: Key, read: Callable[[], Value]) -> Value:
        """Return what is remembered, or what `read` returns; what it raises is not kept."""
        known = self._known
        if key in known:
            return known[key]
        value = read()
        if len(known) < self._limit:
            known[key] = value
        else:
            self._known = {}
        return value

    def forget(self) -> None:
        """Forget everything: something was written, or may have been."""
        self._known = {}
