"""A bounded memory of what was used recently."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Keeps at least the `size` entries used last, and at most twice as many.

    Two generations: when the young one is full it becomes the old one, and what nobody asked
    for since is forgotten. Every step is one operation on a dict, so threads need no lock; a
    race costs at most an entry that is made again.
    """

    __slots__ = ("_old", "_size", "_young")

    def __init__(self, size: int) -> None:
        self._size = size
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """Return the entry, None if it is not remembered."""
        value = self._young.get(key)
        if value is None:
            value = self._old.get(key)
            if value is not None:
                self.put(key, value)
        return value

    def put(self, key: K, value: V) -> None:
        """Remember an entry."""
        if len(self._young) >= self._size:
            self._old, self._young = self._young, {}
        self._young[key] = value

    def __repr__(self) -> str:
        return f"<Recent {len(self._young)} young, {len(self._old)} old>"
