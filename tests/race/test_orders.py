"""Callback, await, timeout, cancel, delete and restart in every order, over a real engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import pytest

from ringback_server.errors import FailedPreconditionError, NotFoundError
from ringback_server.model.names import WorkflowName
from ringback_server.model.resources import Execution, ExecutionState, Outcome
from tests.engine.bench import WAITS
from tests.race.processes import Processes

EVENTS = ("callback", "timeout", "cancel", "delete", "restart")

#: sleeps for a minute before it awaits
EARLY = WAITS.replace(
    "- wait:\n", "- before:\n    call: sys.sleep\n    args: {seconds: 60}\n- wait:\n"
)

#: how an execution waits when the events begin: its source, and after how long it is parked
STARTS = {"early": (EARLY, 1e6), "parked": (WAITS, 5.0), "resident": (WAITS, 1e6)}


@dataclass(slots=True)
class Model:
    """What must have become of an execution: told by a handful of rules."""

    awaits: bool
    told: bool = True
    state: str = "ACTIVE"
    result: str | None = None
    outcome: Outcome | None = None
    held: int = 0

    def apply(self, event: str) -> None:
        """Let one thing happen."""
        if event == "delete":
            self.state = "gone"
        elif self.state != "ACTIVE":
            return
        elif event == "cancel":
            self.state = "CANCELLED"
        elif event == "callback":
            self.outcome = Outcome.RESUMED if self.awaits else Outcome.BUFFERED
            self.held = 1
            self._take(if_heard=self.told)
        elif event == "timeout" and self.awaits and not self.held:
            self.state, self.result = "SUCCEEDED", '"TimeoutError"'
        elif event == "timeout":
            # For an execution that sleeps, the time to await; for others it comes too late.
            self.awaits = True
            self._take(if_heard=True)
        elif event == "restart":
            self._take(if_heard=True)

    def _take(self, *, if_heard: bool) -> None:
        if self.held and self.awaits and if_heard:
            self.held, self.state, self.result = 0, "SUCCEEDED", '"body"'


class Play:
    """One execution, to which things happen."""

    def __init__(self, processes: Processes, start: str, number: int, *, told: bool) -> None:
        """Start it and let it come to its wait."""
        self.processes = processes
        self.model = Model(awaits=start != "early", told=told)
        self.workflow = WorkflowName("local", "us-central1", f"w{number}")
        bench = processes.bench
        self.execution = bench.start(bench.deploy(STARTS[start][0], self.workflow.workflow))
        processes.settle()
        if start == "parked":
            processes.clock.advance(5)
            bench.await_state("0 in hand")
        self._outcome: Outcome | None = None

    def apply(self, event: str) -> None:
        """Let one thing happen, and say to the model that it did."""
        bench, name = self.processes.bench, self.execution.name
        try:
            if event == "callback":
                self._outcome = bench.send(name, "body", tell=self.model.told)
            elif event == "timeout":
                bench.clock.advance(3_600)
            elif event == "cancel":
                bench.cancel(name)
            elif event == "delete":
                bench.delete(self.workflow)
            else:
                self.processes.restart()
        except (NotFoundError, FailedPreconditionError):
            pass
        self.model.apply(event)

    def found(self) -> Execution | None:
        """Return the execution, None once it is gone."""
        try:
            return self.processes.bench.store.executions.get(self.execution.name)
        except NotFoundError:
            return None

    def check(self) -> None:
        """Compare what is with what must be."""
        found, model = self.found(), self.model
        assert model.outcome is self._outcome
        if found is None:
            assert model.state == "gone"
            return
        assert (model.state, model.result) == (str(found.state), found.result)
        if found.state.ended:
            assert model.held == self.processes.bench.late(self.execution.name)

    def check_once(self) -> None:
        """Check what holds whatever came first: one end, and the payload at one place."""
        found = self.found()
        if found is None:
            return
        assert found.state in {ExecutionState.SUCCEEDED, ExecutionState.CANCELLED}
        late = self.processes.bench.late(self.execution.name)
        taken = found.result == '"body"'
        assert (self._outcome is not None) == (taken + late)


@pytest.fixture(params=STARTS)
def start(request: pytest.FixtureRequest) -> str:
    """Name how the execution waits."""
    return str(request.param)


@pytest.fixture
def processes(tmp_path: Path, start: str) -> Iterator[Processes]:
    """Run an engine."""
    made = Processes(tmp_path, park_after=STARTS[start][1])
    yield made
    made.close()


@pytest.mark.parametrize("first", EVENTS)
def test_end_when_all_happen_one_after_the_other(
    processes: Processes, start: str, first: str
) -> None:
    """After each event the execution is what its history makes it, and nothing else."""
    others = [event for event in EVENTS if event != first]
    for number, order in enumerate(permutations(others)):
        play = Play(processes, start, number, told=True)
        for event in (first, *order):
            play.apply(event)
            processes.settle()
            play.check()


@pytest.mark.parametrize("after", ["timeout", "cancel", "delete", "restart"])
def test_callback_when_nobody_hears_of_it(processes: Processes, start: str, after: str) -> None:
    """A payload whose sender's thread died before it told the engine is not slept over."""
    for number, before in enumerate(["restart", "timeout", "cancel", None]):
        play = Play(processes, start, number, told=False)
        if before is not None:
            play.apply(before)
            processes.settle()
        for event in ("callback", after):
            play.apply(event)
        processes.settle()
        play.check()
        play.apply("delete")


@pytest.mark.parametrize("first", EVENTS)
def test_end_when_all_happen_at_once(processes: Processes, start: str, first: str) -> None:
    """Without a moment between the events, still one of them wins and no payload is lost."""
    others = [event for event in EVENTS if event != first]
    for number, order in enumerate(permutations(others, 2)):
        play = Play(processes, start, number, told=True)
        for event in (first, *order, "timeout"):
            play.apply(event)
        processes.settle()
        processes.clock.advance(3_600)
        processes.settle()
        play.check_once()
        play.apply("delete")
