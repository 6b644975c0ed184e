"""Has open streams look again now and then, so that none outlives the token it was opened with."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ringback_server.background import BackgroundThread

#: seconds between two looks; a token that counts no more reads for so long at most
SECONDS = 15.0


class Beats:
    """Tells streams, on a thread of its own, that there may be news."""

    def __init__(self, seconds: float = SECONDS) -> None:
        """Take the seconds between two beats."""
        self._seconds = seconds
        # Guards the set; nothing else is locked while it is held.
        self._lock = threading.Lock()
        self._told: set[Callable[[], None]] = set()
        self._thread = BackgroundThread(self._run, "ringback-beats")

    def __repr__(self) -> str:
        return f"<Beats for {len(self._told)}>"

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def add(self, told: Callable[[], None]) -> Callable[[], None]:
        """Have `told` called at each beat; it must not block. Return what ends that."""
        with self._lock:
            self._told.add(told)
        return lambda: self._remove(told)

    def close(self) -> None:
        """Beat no more; may be called twice, and before the start."""
        self._thread.close()

    def _remove(self, told: Callable[[], None]) -> None:
        with self._lock:
            self._told.discard(told)

    def _run(self) -> None:
        while self._thread.rest(self._seconds):
            with self._lock:
                everyone = tuple(self._told)
            for told in everyone:
                told()
