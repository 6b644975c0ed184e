"""Threads that sleep most of the time, and end at once when they are told to."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ringback_server.clock import Clock, SystemClock


class BackgroundThread:
    """Calls one function on a thread of its own; it rests now and then, and returns when closed."""

    def __init__(
        self,
        run: Callable[[], None],
        name: str,
        clock: Clock | None = None,
        changed: threading.Condition | None = None,
    ) -> None:
        """Take the function, and the condition that it waits on itself, if there is one."""
        self._clock = clock or SystemClock()
        # Guards the field below; nothing else is locked while it is held here.
        self._changed = changed or threading.Condition()
        #: whether the function is to return
        self.closed = False
        self._thread = threading.Thread(target=run, name=name, daemon=True)

    def __repr__(self) -> str:
        return f"<BackgroundThread {self._thread.name} [{'closed' if self.closed else 'open'}]>"

    def start(self) -> None:
        """Call the function."""
        self._thread.start()

    def rest(self, seconds: float) -> bool:
        """Sleep; False at once when the function is to return."""
        until = self._clock.monotonic() + seconds
        with self._changed:
            while not self.closed and (left := until - self._clock.monotonic()) > 0:
                self._clock.wait(self._changed, left)
            return not self.closed

    def close(self) -> None:
        """Wake the function and wait for its return; may be called before `start`, and twice."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()
