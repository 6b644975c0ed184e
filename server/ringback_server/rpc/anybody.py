"""Calls that anybody may make without a token, health checks and reflection: only so many.

Whoever makes them may leave them open, and the server answers so many calls at once in all. So
what is one too many is refused, and leaves room for callers who say who they are.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

import grpc

from ringback_server.rpc.newcomers import Rpc

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Anybody(ThreadPoolExecutor):
    """The threads of such calls, and how many calls they were handed."""

    def __init__(self, threads: int, most: int, name: str) -> None:
        """Take how many calls may be answered, or wait for that."""
        super().__init__(threads, name)
        self._most = most
        # Guards the count; nothing else is locked while it is held.
        self._counting = threading.Lock()
        self._pending = 0

    @property
    def full(self) -> bool:
        """Whether no more calls are taken."""
        return self._pending >= self._most

    def submit(
        self,
        fn: Callable[Parameters, Result],
        /,
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Future[Result]:
        """Run a call when there is a thread for it."""
        self._count(1)
        future = super().submit(fn, *args, **kwargs)
        future.add_done_callback(lambda _: self._count(-1))
        return future

    def _count(self, change: int) -> None:
        with self._counting:
            self._pending += change


class Bounded(grpc.GenericRpcHandler):
    """Finds what serves such a call, and what refuses it while there are too many."""

    def __init__(self, inner: grpc.GenericRpcHandler, pool: Anybody, refuses: Rpc) -> None:
        """Take a handler whose calls run on the pool."""
        self._inner = inner
        self._pool = pool
        self._refuses = refuses

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Rpc | None:
        """Return what serves a call, None if nothing does."""
        found = self._inner.service(handler_call_details)
        return self._refuses if found is not None and self._pool.full else found
