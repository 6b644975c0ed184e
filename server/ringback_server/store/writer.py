"""The one thread that writes: what is queued meanwhile shares one commit."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar, cast

from ringback_server.errors import OverloadedError, RingbackError, ShuttingDownError
from ringback_server.model.audit import AuditEntry
from ringback_server.store.audit_words import AuditWords
from ringback_server.store.capture import Capture
from ringback_server.store.companions import Companion, companion
from ringback_server.store.database import Connection
from ringback_server.store.faults import (
    is_full,
    is_storage_fault,
    is_unsynced,
    storage_error,
    storage_failure,
)
from ringback_server.store.observer import NoStoreObserver, StoreObserver

_log = logging.getLogger(__name__)

T = TypeVar("T")

#: bounds how long the first operation of a batch waits for the last
_BATCH_LIMIT = 512


class _Submission(Generic[T]):
    """An operation, and its result once the writer is done with it."""

    __slots__ = ("_capture", "_companion", "_done", "_operation", "_value", "alone", "told")

    def __init__(self, operation: Callable[[Connection], T], *, alone: bool) -> None:
        self._operation = operation
        self._capture = Capture()
        self._value: T | None = None
        self.alone = alone
        #: what is to be stored with it; nothing of an operation that failed
        self.told: Sequence[AuditEntry] = ()
        found = companion()
        self._companion: Companion | None = found if found is not None and found.claim() else None
        # A latch, the cheapest there is: taken here, released by the writer when it is done.
        self._done = threading.Lock()
        self._done.acquire()

    @property
    def error(self) -> BaseException | None:
        """What the operation raised when it ran last."""
        return self._capture.error

    def run(self, connection: Connection) -> None:
        """Run the operation, for the first or the second time."""
        self.told = ()
        with self._capture:
            self._value = self._operation(connection)
            if self._companion is not None:
                self.told = self._companion.entries(self._value)

    def fail(self, error: BaseException) -> None:
        """Raise `error` to the submitter, whatever the operation did."""
        self._capture.error = error

    def finish(self) -> None:
        """Let the submitter go on."""
        self._done.release()

    def let_go(self) -> None:
        """Have another write take the companion."""
        if self._companion is not None:
            self._companion.release()

    def result(self) -> T:
        """Wait for the writer; return or raise what came of the operation."""
        self._done.acquire()
        error, self._capture.error = self._capture.error, None
        if error is not None:
            self.let_go()
            raise error
        return cast("T", self._value)


class Writer:
    """Runs operations on its own thread and connection, a batch per transaction.

    In the good case a batch has no savepoints. When an operation fails after it has written,
    the batch is rolled back and replayed with a savepoint around each.

    After a sync that failed, nothing is written any more: what the operating system still holds
    in memory may be lost from disk unnoticed, and later commits would stand on it. The next
    process starts from what is on disk (`recovery`).
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        queue_limit: int,
        on_failure: Callable[[], None] = lambda: None,
        observer: StoreObserver | None = None,
    ) -> None:
        """Take a connection to a database that is up to date, and start the thread.

        `on_failure` is called once, by the thread, when it can write no more; `observer` hears
        of each batch.
        """
        self._connection = connection
        self._queue_limit = queue_limit
        self._on_failure = on_failure
        self._observer = observer or NoStoreObserver()
        self._words = AuditWords()
        # Guards _queue, _closing and _failed; held to look and to change, never while SQL runs.
        self._changed = threading.Condition(threading.Lock())
        self._queue: deque[_Submission[object]] = deque()
        self._closing = False
        self._failed = False
        # Written by the thread alone: batches committed, and operations in them.
        self._batches = 0
        self._operations = 0
        self._thread = threading.Thread(target=self._run, name="ringback-writer", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        with self._changed:
            state = "closing" if self._closing else "failed" if self._failed else "open"
            counts = f"{self._batches} batches, {self._operations} operations"
            return f"<Writer [{state} | {len(self._queue)} queued | {counts}]>"

    @property
    def queued(self) -> int:
        """How many operations wait for the next batch."""
        return len(self._queue)

    @property
    def batches(self) -> int:
        """How many batches were committed."""
        return self._batches

    def write(self, operation: Callable[[Connection], T]) -> T:
        """Run an operation in the next batch; see Database.write."""
        return self._submit(_Submission(operation, alone=False))

    def pause(self, action: Callable[[Connection], T]) -> T:
        """Run `action` on the writer's thread between two batches, outside a transaction."""
        return self._submit(_Submission(action, alone=True))

    def close(self) -> None:
        """Finish what is queued and end the thread; the connection stays open."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()

    def _submit(self, submission: _Submission[T]) -> T:
        try:
            self._enqueue(cast("_Submission[object]", submission))
        except RingbackError:
            submission.let_go()
            raise
        return submission.result()

    def _enqueue(self, submission: _Submission[object]) -> None:
        with self._changed:
            if self._closing:
                raise ShuttingDownError
            if self._failed:
                raise storage_failure()
            if len(self._queue) >= self._queue_limit:
                raise OverloadedError
            self._queue.append(submission)
            self._changed.notify()

    def _run(self) -> None:
        while batch := self._next_batch():
            begun, capture = time.perf_counter(), Capture()
            with capture:
                if self._failed:
                    raise storage_failure()
                if batch[0].alone:
                    batch[0].run(self._connection)
                else:
                    self._commit(batch)
            if capture.error is not None:
                self._give_up(batch, capture.error)
            seconds = time.perf_counter() - begun
            for submission in batch:
                submission.finish()
            if capture.error is None and not batch[0].alone:
                self._observer.committed(len(batch), seconds)

    def _next_batch(self) -> list[_Submission[object]]:
        """Wait for work and take it; an empty batch means that it is time to stop."""
        with self._changed:
            while not self._queue and not self._closing:
                self._changed.wait()
            batch: list[_Submission[object]] = []
            while self._queue and len(batch) < _BATCH_LIMIT:
                if batch and (batch[0].alone or self._queue[0].alone):
                    break
                batch.append(self._queue.popleft())
            return batch

    def _commit(self, batch: list[_Submission[object]]) -> None:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        if not self._run_plain(batch):
            connection.execute("ROLLBACK")
            connection.execute("BEGIN IMMEDIATE")
            self._run_guarded(batch)
        if told := [entry for submission in batch for entry in submission.told]:
            self._words.store(connection, told)
        connection.execute("COMMIT")
        self._batches += 1
        self._operations += len(batch)

    def _run_plain(self, batch: list[_Submission[object]]) -> bool:
        """Run the batch as it is; False if an operation failed that had written already."""
        connection = self._connection
        for submission in batch:
            before = connection.total_changes
            submission.run(connection)
            if submission.error is not None:
                _raise_fault(submission.error)
                if connection.total_changes != before:
                    return False
        return True

    def _run_guarded(self, batch: list[_Submission[object]]) -> None:
        connection = self._connection
        for submission in batch:
            connection.execute("SAVEPOINT operation")
            submission.run(connection)
            if submission.error is not None:
                _raise_fault(submission.error)
                connection.execute("ROLLBACK TO operation")
            connection.execute("RELEASE operation")

    def _give_up(self, batch: list[_Submission[object]], error: BaseException) -> None:
        """Undo the batch and tell every member, also those whose operation went well."""
        with suppress(sqlite3.Error):
            self._connection.rollback()
        self._words.forget()
        if is_unsynced(error):
            _log.critical(
                "the disk did not confirm what was written: %d operations are not stored, and "
                "nothing will be until a restart",
                len(batch),
                exc_info=error,
            )
        elif is_full(error):
            _log.error("the disk is full: %d operations were not stored", len(batch))
        else:
            _log.error("a batch of %d operations was not stored", len(batch), exc_info=error)
        for submission in batch:
            submission.fail(storage_error(error))
        if is_unsynced(error):
            with self._changed:
                self._failed = True
            self._on_failure()


def _raise_fault(error: BaseException) -> None:
    """Raise what no rollback of one operation can make good."""
    if is_storage_fault(error):
        raise error
