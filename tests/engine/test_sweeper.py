"""Old executions go by themselves."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from ringback_server.engine.observer import NoEngineObserver
from ringback_server.engine.sweeper import Sweeper
from ringback_server.errors import NotFoundError
from tests.clocks import FakeClock
from tests.engine.bench import WAITS, opened

_DAY = 86_400.0


class Counting(NoEngineObserver):
    """Counts what was removed."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.counts = Counter[str]()

    def deleted(self, kind: str, count: int) -> None:
        """Count."""
        self.counts[kind] += count


def test_sweep_when_retention_passes(tmp_path: Path) -> None:
    """What ended goes once its time is over, and not before; what waits stays."""
    with opened(tmp_path) as bench:
        observer = Counting()
        sweeper = Sweeper(bench.store.expiry, bench.clock, observer, retention_days=90)
        done = bench.ended(bench.start(bench.deploy("- a:\n    return: 1\n", "short")))
        waiting = bench.start(bench.deploy(WAITS.replace("3600", "31536000"), "long"))
        sweeper.start()
        try:
            bench.clock.advance(90 * _DAY - 1)
            kept = bench.store.executions.get(done.name).state
            # The thread looks every ten minutes.
            bench.clock.await_that(lambda: _advance(bench.clock, 600.0, observer, "execution"))
        finally:
            sweeper.close()

        assert (kept, observer.counts["operation"]) == ("SUCCEEDED", 2)
        assert bench.store.executions.get(waiting.name).state == "ACTIVE"
        with pytest.raises(NotFoundError):
            bench.store.executions.get(done.name)


def _advance(clock: FakeClock, seconds: float, observer: Counting, kind: str) -> bool:
    """Let time pass until something of a kind was removed."""
    if not observer.counts[kind]:
        clock.advance(seconds)
    return bool(observer.counts[kind])
