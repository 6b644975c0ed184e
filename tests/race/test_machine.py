"""Random histories of several executions against a simple model, over a real store and engine."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ringback_server.errors import NotFoundError
from ringback_server.model.names import WorkflowName
from ringback_server.model.resources import Execution, ExecutionState
from tests.race.processes import Processes

#: takes payloads until one is 0, and logs what came of each wait of a hundred seconds
SOURCE = """
- create:
    call: events.create_callback_endpoint
    result: endpoint
- wait:
    try:
      call: events.await_callback
      args: {callback: "${endpoint}", timeout: 100}
      result: request
    except:
      as: e
      steps:
        - nothing:
            assign: [{request: null}]
- judge:
    switch:
      - condition: ${request == null}
        steps:
          - say_timeout:
              call: sys.log
              args: {text: timeout}
          - again:
              next: wait
- say:
    call: sys.log
    args: {text: "${\\"got \\" + request.body}"}
- more:
    switch:
      - condition: ${request.body != 0}
        next: wait
"""

_TIMEOUT = 100
_MOST = 4
_BODIES = st.integers(min_value=0, max_value=5)
_CHOICES = st.integers(min_value=0, max_value=_MOST)


@dataclass(slots=True)
class Model:
    """One execution: what it must have logged, and what it left behind."""

    execution: Execution
    workflow: WorkflowName
    deadline: float
    log: list[str] = field(default_factory=list[str])
    state: ExecutionState = ExecutionState.ACTIVE
    #: payloads that were accepted and that no await took
    held: int = 0

    def accept(self, body: int, now: float) -> None:
        """Take a payload: at once if it waits, which it always does until it ends."""
        if self.state is not ExecutionState.ACTIVE:
            self.held += 1
            return
        self.log.append(f"got {body}")
        self.deadline = now + _TIMEOUT
        if body == 0:
            self.state = ExecutionState.SUCCEEDED

    def pass_time(self, now: float) -> None:
        """Time out, once: the next wait begins when the clock has moved."""
        if self.state is ExecutionState.ACTIVE and self.deadline <= now:
            self.log.append("timeout")
            self.deadline = now + _TIMEOUT


class Histories(RuleBasedStateMachine):
    """Several executions, to which things happen in any order."""

    def __init__(self) -> None:
        """Start an engine on an empty data dir."""
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._processes = Processes(Path(self._folder.name), park_after=_TIMEOUT / 2)
        self._models: list[Model] = []
        self._started = 0

    def teardown(self) -> None:
        """End the engine and remove the data dir."""
        self._processes.close()
        self._folder.cleanup()

    @property
    def _now(self) -> float:
        return self._processes.clock.now()

    def _full(self) -> bool:
        return len(self._models) >= _MOST

    def _any(self) -> bool:
        return bool(self._models)

    def _chosen(self, choice: int) -> Model:
        return self._models[choice % len(self._models)]

    def _send(self, model: Model, body: int, *, alone: bool = False) -> bool:
        bench = self._processes.bench
        try:
            (bench.store_and_tell if alone else bench.send)(model.execution.name, body)
        except NotFoundError:
            assert model.state is not ExecutionState.ACTIVE
            return False
        model.accept(body, self._now)
        return True

    def _advance(self, seconds: float) -> None:
        self._processes.clock.advance(seconds)
        for model in self._models:
            model.pass_time(self._now)

    @precondition(lambda self: not self._full())
    @rule()
    def start(self) -> None:
        """Start an execution of a workflow of its own."""
        bench = self._processes.bench
        workflow = bench.deploy(SOURCE, f"w{self._started}")
        self._started += 1
        execution = bench.start(workflow)
        self._models.append(Model(execution, workflow.name, self._now + _TIMEOUT))

    @precondition(lambda self: self._any())
    @rule(choice=_CHOICES, bodies=st.lists(_BODIES, min_size=1, max_size=4), alone=st.booleans())
    def send(self, choice: int, bodies: list[int], *, alone: bool) -> None:
        """Send callbacks, one right after the other, each with its resumption or alone."""
        model = self._chosen(choice)
        for body in bodies:
            self._send(model, body, alone=alone)

    @precondition(lambda self: self._any())
    @rule(choice=_CHOICES, body=_BODIES, then=st.sampled_from(["timeout", "cancel", "restart"]))
    def send_unheard(self, choice: int, body: int, then: str) -> None:
        """Send a callback whose sender dies before it tells the engine; then something else."""
        model = self._chosen(choice)
        if model.state is not ExecutionState.ACTIVE:
            return
        if then == "cancel":
            self._processes.bench.send(model.execution.name, body, tell=False)
            self._processes.bench.cancel(model.execution.name)
            model.state, model.held = ExecutionState.CANCELLED, model.held + 1
            return
        # It is taken when the deadline or the next process comes, and before that deadline counts.
        self._processes.bench.send(model.execution.name, body, tell=False)
        if then == "restart":
            self._processes.restart()
            model.accept(body, self._now)
        else:
            self._processes.clock.advance(_TIMEOUT)
            model.accept(body, self._now)
            for other in self._models:
                other.pass_time(self._now)

    @precondition(lambda self: self._any())
    @rule(choice=_CHOICES)
    def cancel(self, choice: int) -> None:
        """Cancel an execution that has not ended."""
        model = self._chosen(choice)
        if model.state is ExecutionState.ACTIVE:
            self._processes.bench.cancel(model.execution.name)
            model.state = ExecutionState.CANCELLED

    @precondition(lambda self: self._any())
    @rule(choice=_CHOICES)
    def delete(self, choice: int) -> None:
        """Delete a workflow with its execution."""
        model = self._chosen(choice)
        self._processes.bench.delete(model.workflow)
        self._models.remove(model)

    @rule(seconds=st.sampled_from([1, 30, 50, 60, 100, 1_000]))
    def advance(self, seconds: int) -> None:
        """Let time pass."""
        self._advance(seconds)

    @rule()
    def restart(self) -> None:
        """Replace the process."""
        self._processes.restart()

    @invariant()
    def agrees(self) -> None:
        """Once nothing moves, the store says what the model says."""
        self._processes.settle()
        bench = self._processes.bench
        for model in self._models:
            name = model.execution.name
            found = bench.store.executions.get(name)
            assert (found.state, found.state_detail) == (model.state, "")
            assert [entry.text for entry in bench.logs(name)] == model.log
            assert bench.late(name) == (0 if model.state is ExecutionState.ACTIVE else model.held)


def test_histories_when_they_are_random() -> None:
    """Whatever happens in whatever order: one outcome per await, first in, first out."""
    run_state_machine_as_test(
        Histories, settings=settings(max_examples=25, stateful_step_count=25, deadline=None)
    )
