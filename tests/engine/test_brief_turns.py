"""Brief turns: of executions that go on at the same time, one at a time is loaded and advanced."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringback_server.engine.run import Run
from ringback_server.store.executions import Executions
from tests.engine.bench import WAITS, opened

#: what a thread gives another one to come in beside it, in seconds
_PATIENCE = 0.01


class Crowd:
    """Counts how many threads are within a function at the same time."""

    def __init__(self) -> None:
        """Start with nobody."""
        self.calls = 0
        self.most = 0
        self._inside = 0
        self._lock = threading.Lock()
        self._met = threading.Event()

    def within(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, counted."""

        def counted(*arguments: object) -> object:
            with self._lock:
                self.calls += 1
                self._inside += 1
                self.most = max(self.most, self._inside)
                if self._inside > 1:
                    self._met.set()
            self._met.wait(_PATIENCE)
            try:
                return function(*arguments)
            finally:
                with self._lock:
                    self._inside -= 1

        return counted


def test_deadlines_when_many_come_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many executions whose deadline comes, one at a time is loaded and advanced; all end."""
    crowd = Crowd()
    with opened(tmp_path, threads=8) as bench:
        workflow = bench.deploy(WAITS)
        started = [bench.start(workflow) for _ in range(30)]
        bench.clock.advance(5)
        bench.await_state("0 in hand")
        monkeypatch.setattr(Executions, "load", crowd.within(Executions.load))
        monkeypatch.setattr(Run, "advance", crowd.within(Run.advance))
        bench.clock.advance(3_600)
        ended = [bench.ended(execution) for execution in started]
    assert {execution.result for execution in ended} == {'"TimeoutError"'}
    assert (crowd.calls, crowd.most) == (60, 1)
