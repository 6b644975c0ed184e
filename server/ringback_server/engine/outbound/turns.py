"""Turns to send: so many in all, and so many for one host, so that a slow one leaves some over."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, Hashable
from contextlib import asynccontextmanager


class Turns:
    """Gives out turns; used on one event loop's thread only.

    Hosts that wait take their turns one after the other, each of them in the order of asking.
    """

    def __init__(self, total: int, per_host: int) -> None:
        """Take how many there are, and how many one host may have at a time."""
        self._left = total
        self._per_host = per_host
        self._taken = Counter[Hashable]()
        self._waiting: dict[Hashable, deque[asyncio.Future[None]]] = {}
        # Those of the waiting hosts that may have another turn, the next one first. There is
        # none as long as a turn is left.
        self._ready: dict[Hashable, None] = {}

    def __repr__(self) -> str:
        """Show how many turns are taken and how many are waited for."""
        waiting = sum(map(len, self._waiting.values()))
        return f"<Turns [{self._taken.total()} taken, {waiting} waited for]>"

    @asynccontextmanager
    async def turn(self, host: Hashable) -> AsyncGenerator[None]:
        """Wait for a turn for a host, and give it back at the end."""
        await self._take(host)
        try:
            yield
        finally:
            self._give_back(host)

    async def _take(self, host: Hashable) -> None:
        if self._left and self._taken[host] < self._per_host:
            self._grant(host)
            return
        turn = asyncio.get_running_loop().create_future()
        queue = self._waiting.setdefault(host, deque())
        queue.append(turn)
        self._look_at(host)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self._give_back(host)
            elif turn in queue:
                queue.remove(turn)
                self._look_at(host)
            raise

    def _grant(self, host: Hashable) -> None:
        self._left -= 1
        self._taken[host] += 1

    def _give_back(self, host: Hashable) -> None:
        self._left += 1
        self._taken[host] -= 1
        self._look_at(host)
        while self._left and self._ready:
            following = next(iter(self._ready))
            del self._ready[following]
            turn = self._waiting[following].popleft()
            # Who was cancelled a moment ago is still in the queue.
            if not turn.cancelled():
                self._grant(following)
                turn.set_result(None)
            self._look_at(following)

    def _look_at(self, host: Hashable) -> None:
        """Note whether a host waits and may have a turn: behind the others, if it did not yet."""
        waiting = self._waiting.get(host)
        if not waiting:
            self._waiting.pop(host, None)
            self._ready.pop(host, None)
        elif self._taken[host] < self._per_host:
            self._ready.setdefault(host)
        if not self._taken[host]:
            del self._taken[host]
