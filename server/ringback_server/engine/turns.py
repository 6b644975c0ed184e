"""One at a time, by turns of workflows."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager

from ringback_server.engine.lanes import Lanes


class Turns:
    """A lock that is handed on: to the thread that waited longest of the next workflow.

    An ordinary lock goes to whoever comes first when it is free, which is mostly the thread that
    had it, and a workflow with many executions would get many turns for one of another.
    """

    def __init__(self) -> None:
        """Start with nobody's turn."""
        # Guards the fields below.
        self._lock = threading.Lock()
        self._taken = False
        # What each waiting thread is blocked on: released by whoever hands it the turn.
        self._waiting = Lanes[threading.Lock]()

    def __repr__(self) -> str:
        """Show how many wait for their turn."""
        return f"<Turns [{len(self._waiting)} waiting]>"

    @contextmanager
    def turn(self, workflow: int) -> Generator[None]:
        """Wait for a turn and have it; nothing else is waited for meanwhile."""
        self._take(workflow)
        try:
            yield
        finally:
            self._hand_on()

    def _take(self, workflow: int) -> None:
        with self._lock:
            if not self._taken:
                self._taken = True
                return
            latch = threading.Lock()
            latch.acquire()
            self._waiting.push(workflow, latch)
        latch.acquire()

    def _hand_on(self) -> None:
        with self._lock:
            if len(self._waiting):
                self._waiting.pop().release()
            else:
                self._taken = False
