"""The threads on which the HTTP edge does what blocks: never on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from ringback_server.errors import OverloadedError

Result = TypeVar("Result")


class Workers:
    """A bounded pool with a bounded queue."""

    def __init__(self, *, threads: int = 32, queue: int = 1_000) -> None:
        self._pool = ThreadPoolExecutor(threads, "ringback-http")
        self._limit = threads + queue
        # Read and written on the event loop alone, so it needs no lock.
        self._busy = 0

    def __repr__(self) -> str:
        return f"<Workers [{self._busy} of {self._limit} busy]>"

    async def run(self, work: Callable[[], Result]) -> Result:
        """Run `work` on a thread, in the scope that holds here.

        Raise OverloadedError if too much is queued already.
        """
        if self._busy >= self._limit:
            raise OverloadedError
        self._busy += 1
        try:
            loop, scope = asyncio.get_running_loop(), copy_context()
            return await loop.run_in_executor(self._pool, scope.run, work)
        finally:
            self._busy -= 1

    def close(self) -> None:
        """Start nothing more; what runs comes to its end."""
        self._pool.shutdown(wait=False, cancel_futures=True)
