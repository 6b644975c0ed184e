"""Moves what was written from the WAL into the database, away from the writer's thread."""

from __future__ import annotations

import logging
import sqlite3

from ringback_server.background import BackgroundThread
from ringback_server.errors import RingbackError
from ringback_server.store.writer import Writer

_log = logging.getLogger(__name__)


class Checkpoints:
    """A thread that makes a passive checkpoint every `interval` seconds if there is news.

    Passive ones wait for nobody, but under steady load they never reset the WAL. Once it is
    larger than `wal_limit` bytes, the writer pauses between two batches for the remainder, and
    writes from the beginning of the file again: cutting it would take longer than all else.
    """

    def __init__(
        self, connection: sqlite3.Connection, writer: Writer, *, wal_limit: int, interval: float
    ) -> None:
        """Take a connection of its own, and start the thread."""
        self._connection = connection
        self._writer = writer
        self._wal_limit = wal_limit
        self._interval = interval
        self._page_size = int(connection.execute("PRAGMA page_size").fetchone()[0])
        # The fields below belong to the thread.
        self._seen = -1
        self._resets = 0
        self._failing = False
        self._thread = BackgroundThread(self._run, "ringback-checkpoints")
        self._thread.start()

    def __repr__(self) -> str:
        state = f"{self._resets} resets | failing: {self._failing}"
        return f"<Checkpoints [{self._thread} | {state}]>"

    def close(self) -> None:
        """End the thread; the connection stays open."""
        self._thread.close()

    def _run(self) -> None:
        while self._thread.rest(self._interval):
            batches = self._writer.batches
            if batches == self._seen:
                continue
            try:
                done = self._checkpoint()
            except (sqlite3.Error, RingbackError) as error:
                # Nothing is lost: all of it is in the WAL, and the next round tries again.
                if not self._failing:
                    _log.warning("checkpoints fail at present: %s", error)
                self._failing = True
            else:
                self._failing = False
                if done:
                    self._seen = batches

    def _checkpoint(self) -> bool:
        """Move what can be moved; True if that was all there was at the beginning."""
        _, frames, moved = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if frames * self._page_size > self._wal_limit:
            self._writer.pause(lambda _: self._reset())
            return False
        return bool(frames == moved)

    def _reset(self) -> None:
        busy, _, _ = self._connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
        if not busy:
            self._resets += 1
