"""Threads that answer calls: one whose call takes its time lets another go on in its place."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import ParamSpec, TypeAlias, TypeVar

from ringback_server.store.capture import Capture

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Call: TypeAlias = Callable[[], None]


class Threads(ThreadPoolExecutor):
    """Threads of which so many at a time take up calls, until a call lets the next thread do so.

    grpcio takes no pool of another class.
    """

    def __init__(self, leaders: int, most: int, name: str) -> None:
        """Take how many threads take up calls, and how many there may be with those that do not."""
        super().__init__(most, name)
        self._most = most
        self._name = name
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        # Held by each thread that takes up calls, also while it waits for one.
        self._turns = threading.Semaphore(leaders)
        # Those threads, and which of them wait for a call; each step is one operation on a set, so
        # it needs no lock.
        self._leading: set[int] = set()
        self._ready: set[int] = set()
        # Guards the counts; nothing else is locked while it is held.
        self._counting = threading.Lock()
        self._started = 0
        # Turns that no thread has, and threads that are about to take one, or wait for one.
        self._free = leaders
        self._coming = 0

    def __repr__(self) -> str:
        return f"<Threads [{len(self._leading)} of {self._started} take up calls]>"

    def submit(
        self,
        fn: Callable[Parameters, Result],
        /,
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Future[Result]:
        """Run a call when it is its turn."""
        future: Future[Result] = Future()

        def call() -> None:
            capture = Capture()
            with capture:
                future.set_result(fn(*args, **kwargs))
            if capture.error is not None:
                future.set_exception(capture.error)

        self._calls.put(call)
        self._have_taken_up()
        return future

    def pass_on(self, thread: int | None = None) -> None:
        """Let another thread take up calls; for a call that may take its time from here on.

        Take the thread that runs it, which does not leave the call meanwhile; None is this one.
        """
        ident = threading.get_ident() if thread is None else thread
        if not self._leads(ident):
            return
        self._leading.discard(ident)
        with self._counting:
            self._free += 1
        self._turns.release()
        self._start()

    def close(self) -> None:
        """Start nothing more; what runs comes to its end."""
        self._calls.put(None)

    def _leads(self, ident: int) -> bool:
        return ident in self._leading

    def _serve(self, call: Call) -> None:
        call()

    def _have_taken_up(self) -> None:
        """Start a thread if more calls wait than threads for them."""
        if self._free > self._coming and self._calls.qsize() > len(self._ready):
            self._start()

    def _start(self) -> None:
        """Start a thread if there is a turn for it."""
        with self._counting:
            if self._free <= self._coming or self._started >= self._most:
                return
            self._started += 1
            self._coming += 1
            name = f"{self._name}_{self._started}"
        try:
            threading.Thread(target=self._run, name=name, daemon=True).start()
        except RuntimeError:
            # The system has no thread to spare: the turn stays free, and the next call tries again.
            with self._counting:
                self._started -= 1
                self._coming -= 1

    def _run(self) -> None:
        ident = threading.get_ident()
        self._lead(ident)
        while True:
            if not self._leads(ident):
                with self._counting:
                    self._coming += 1
                self._lead(ident)
            self._ready.add(ident)
            call = self._calls.get()
            self._ready.discard(ident)
            # For what came while this thread was still taken for one that waits.
            self._have_taken_up()
            if call is None:
                # For the others.
                self._calls.put(None)
                self._leading.discard(ident)
                self._turns.release()
                return
            self._serve(call)

    def _lead(self, ident: int) -> None:
        self._turns.acquire()
        with self._counting:
            self._free -= 1
            self._coming -= 1
        self._leading.add(ident)
