"""A queue that serves its lanes by turns."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Lanes(Generic[Item]):
    """Items in lanes: each lane in order, one item of each lane after the other.

    However long a lane is, an item of another waits for no more than one of it at a time. No
    thread-safety: whoever owns it guards it.
    """

    def __init__(self) -> None:
        """Start without a lane."""
        # Those that have items, the next one to be served first.
        self._lanes: OrderedDict[int, deque[Item]] = OrderedDict()
        self._length = 0

    def __len__(self) -> int:
        """Return how many items there are."""
        return self._length

    def push(self, lane: int, item: Item) -> None:
        """Add an item at the end of its lane; a lane without items comes last."""
        self._lanes.setdefault(lane, deque()).append(item)
        self._length += 1

    def pop(self) -> Item:
        """Take the first item of the next lane; KeyError if there is none."""
        lane, items = self._lanes.popitem(last=False)
        item = items.popleft()
        self._length -= 1
        if items:
            self._lanes[lane] = items
        return item

    def clear(self) -> None:
        """Forget all items."""
        self._lanes.clear()
        self._length = 0
