"""The threads on which the HTTP edge does what blocks: never on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from ringback_server.errors import OverloadedError

Result = TypeVar("Result")


#: how much of what is done one at a time may wait
_ALONE_QUEUE = 500


class Workers:
    """A bounded pool with a bounded queue, and a thread for what is done one at a time."""

    def __init__(self, *, threads: int = 32, queue: int = 1_000) -> None:
        self._many = _Lane(threads, queue, "ringback-http")
        self._alone = _Lane(1, _ALONE_QUEUE, "ringback-http-new")

    def __repr__(self) -> str:
        return f"<Workers [{self._many.busy} of {self._many.limit} busy]>"

    async def run(self, work: Callable[[], Result]) -> Result:
        """Run `work` on a thread, in the scope that holds here.

        Raise OverloadedError if too much is queued already.
        """
        return await self._many.run(work)

    async def run_alone(self, work: Callable[[], Result]) -> Result:
        """Run `work` as `run` does, while no other work runs that is run alone."""
        return await self._alone.run(work)

    def close(self) -> None:
        """Start nothing more; what runs comes to its end."""
        self._many.close()
        self._alone.close()


class _Lane:
    """Threads, and what waits for them."""

    def __init__(self, threads: int, queue: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(threads, name)
        self.limit = threads + queue
        # Read and written on the event loop alone, so it needs no lock.
        self.busy = 0

    async def run(self, work: Callable[[], Result]) -> Result:
        if self.busy >= self.limit:
            raise OverloadedError
        self.busy += 1
        try:
            loop, scope = asyncio.get_running_loop(), copy_context()
            return await loop.run_in_executor(self._pool, scope.run, work)
        finally:
            self.busy -= 1

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
