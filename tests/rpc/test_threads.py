"""Threads that answer calls, of which so many at a time take up calls."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from queue import Queue

import pytest

from ringback_server.rpc.threads import Threads

PATIENCE = 5.0
#: what waits outlasts what is to run meanwhile
LONGER = 3 * PATIENCE


def test_threads_when_none_passes_on() -> None:
    """So many calls run at the same time as there are to be, and the next when one ends."""
    threads, begun, release = Threads(2, 9, "test"), threading.Semaphore(0), threading.Event()

    def call() -> bool:
        begun.release()
        return release.wait(PATIENCE)

    futures = [threads.submit(call) for _ in range(3)]
    first = [begun.acquire(timeout=PATIENCE) for _ in range(2)]
    more = begun.acquire(blocking=False)
    release.set()

    assert [True, True] == first
    assert not more
    assert [True] * 3 == [future.result(PATIENCE) for future in futures]
    threads.close()


def test_threads_when_others_pass_on_for_them() -> None:
    """Another thread takes up calls in the place of one that waits, whoever says so."""
    threads, release = Threads(1, 3, "test"), threading.Event()
    waiting: Future[int] = Future()

    def call() -> bool:
        waiting.set_result(threading.get_ident())
        return release.wait(PATIENCE)

    late = threads.submit(call)
    thread = waiting.result(PATIENCE)
    threads.pass_on(thread)
    threads.pass_on(thread)
    quick = threads.submit(lambda: "quick")

    assert "quick" == quick.result(PATIENCE)
    release.set()
    assert late.result(PATIENCE)
    threads.close()


def test_threads_when_calls_pass_on_one_after_the_other() -> None:
    """As many calls as there are to be run in the place of those that wait."""
    threads, release = Threads(2, 9, "test"), threading.Event()
    together = threading.Barrier(2)

    for _ in range(4):
        _wait_beside(threads, release)
    futures = [threads.submit(lambda: together.wait(PATIENCE)) for _ in range(2)]

    assert [0, 1] == sorted(future.result(PATIENCE) for future in futures)
    release.set()
    threads.close()


def test_threads_when_more_pass_on_than_threads_are_idle() -> None:
    """An idle thread stands for one that passes on, not for all that do so before it runs."""
    threads, release = Threads(2, 9, "test"), threading.Event()
    begun: Queue[int] = Queue()
    together = threading.Barrier(2)

    def call() -> bool:
        begun.put(threading.get_ident())
        return release.wait(LONGER)

    idle = threading.Event()
    _wait_beside(threads, idle)
    futures = [threads.submit(call) for _ in range(2)]
    calling = [begun.get(timeout=PATIENCE) for _ in range(2)]
    idle.set()
    for thread in calling:
        threads.pass_on(thread)
    others = [threads.submit(lambda: together.wait(PATIENCE)) for _ in range(2)]

    assert [0, 1] == sorted(future.result(PATIENCE) for future in others)
    release.set()
    assert [True, True] == [future.result(PATIENCE) for future in futures]
    threads.close()


def _wait_beside(threads: Threads, release: threading.Event) -> None:
    """Have a call wait that has passed on."""
    passed = threading.Event()

    def call() -> bool:
        threads.pass_on()
        passed.set()
        return release.wait(LONGER)

    threads.submit(call)
    assert passed.wait(PATIENCE)


def test_threads_when_a_call_fails() -> None:
    """What a call raises is its future's, and the thread is another's."""
    threads = Threads(1, 1, "test")

    with pytest.raises(ZeroDivisionError):
        threads.submit(lambda: 1 // 0).result(PATIENCE)

    assert "fine" == threads.submit(lambda: "fine").result(PATIENCE)
    threads.close()


def test_threads_when_the_system_has_none_to_spare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call waits for the next one, which starts a thread for both."""
    threads = Threads(1, 1, "test")

    def start(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start)
        first = threads.submit(lambda: "first")
    second = threads.submit(lambda: "second")

    assert ["first", "second"] == [future.result(PATIENCE) for future in (first, second)]
    threads.close()
