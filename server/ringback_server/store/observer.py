"""What the store lets others count: a seam for metrics."""

from __future__ import annotations

from typing import Protocol


class StoreObserver(Protocol):
    """Hears of every commit; called on the writer's thread, so it must be quick."""

    def committed(self, operations: int, seconds: float) -> None:
        """Hear of a batch that is on disk, and how long that took from its begin."""
        ...


class NoStoreObserver:
    """Counts nothing."""

    def committed(self, operations: int, seconds: float) -> None:
        """Do nothing."""
