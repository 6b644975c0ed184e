"""Whether requests should come to this server: it has started, can store, and is not stopping."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ringback_server.clock import Clock
from ringback_server.errors import RingbackError

#: how long it is believed that the store can be written, in seconds
_FRESH_SECONDS = 5.0
#: how long the store may take to prove it
_PATIENCE_SECONDS = 2.0


class Readiness:
    """Knows why requests should not come here, if they should not."""

    def __init__(self, probe: Callable[[], None], clock: Clock) -> None:
        """Take a function that brings something to disk, or raises."""
        self._probe = probe
        self._clock = clock
        # Guards the fields below; the probe runs while nobody holds it, on a thread of its own,
        # one at a time, because a disk may also never answer.
        self._changed = threading.Condition()
        self._state = "The server is starting."
        self._probing = False
        self._proved = -_FRESH_SECONDS
        self._trouble: str | None = None

    def __repr__(self) -> str:
        with self._changed:
            return f"<Readiness [{self._state or 'started'} | trouble: {self._trouble}]>"

    def start(self) -> None:
        """Note that requests are taken."""
        with self._changed:
            self._state = ""

    def drain(self) -> None:
        """Note that the server stops; nothing makes it ready again."""
        with self._changed:
            self._state = "The server is stopping."
            self._changed.notify_all()

    def trouble(self) -> str | None:
        """Return why requests should not come here, None if they should.

        The store is asked when it has not proved itself lately; this takes two seconds at most.
        """
        until = self._clock.monotonic() + _PATIENCE_SECONDS
        with self._changed:
            if self._state or self._clock.monotonic() - self._proved < _FRESH_SECONDS:
                return self._state or None
            if not self._probing:
                self._probing = True
                threading.Thread(target=self._ask, name="ringback-probe", daemon=True).start()
            while self._probing and not self._state:
                left = until - self._clock.monotonic()
                if left <= 0:
                    return "The store does not answer."
                self._clock.wait(self._changed, left)
            return self._state or self._trouble

    def _ask(self) -> None:
        trouble: str | None = "The store cannot be asked."
        try:
            self._probe()
            trouble = None
        except RingbackError as error:
            trouble = error.message
        finally:
            with self._changed:
                self._probing, self._trouble = False, trouble
                if trouble is None:
                    self._proved = self._clock.monotonic()
                self._changed.notify_all()
