"""One data dir and the engine that has it, which can be replaced as by a restart."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from tests.clocks import FakeClock
from tests.engine.bench import Bench, opened

_THREADS = 3


class Processes:
    """The engine that is running over a data dir, on one clock."""

    def __init__(self, directory: Path, *, park_after: float) -> None:
        """Start the first engine; `park_after` is in seconds."""
        self.clock = FakeClock()
        self._directory = directory
        self._park_after = park_after
        self._stack = ExitStack()
        self.bench = self._open()

    def restart(self) -> None:
        """Replace the engine by one that knows what is on disk."""
        self._stack.close()
        self.bench = self._open()

    def close(self) -> None:
        """End the last engine."""
        self._stack.close()

    def settle(self) -> None:
        """Return once nothing moves until something comes from outside."""
        self.clock.await_that(self._settled)

    def _open(self) -> Bench:
        engine = opened(self._directory, self.clock, threads=_THREADS, park_after=self._park_after)
        bench = self._stack.enter_context(engine)
        # What an earlier process left runnable is taken up before anything new happens: only
        # then does the thread of the timers wait, as those of the pool do.
        self.clock.await_waiters(_THREADS + 1)
        return bench

    def _settled(self) -> bool:
        executions = self.bench.store.executions
        return (
            not executions.due(self.clock.now(), after=None, limit=1)
            and not executions.runnable(after=0, limit=1)
            and not executions.queued_workflows()
            and self._all_blocked()
        )

    def _all_blocked(self) -> bool:
        """Tell from the engine's state, as it shows it, whether all it has in hand is blocked."""
        _, _, shown = repr(self.bench.engine).partition("<Scheduler [")
        in_hand, _, rest = shown.partition(" in hand: ")
        queued, _, rest = rest.partition(" queued, ")
        return (queued, in_hand) == ("0", rest.partition(" blocked")[0])
