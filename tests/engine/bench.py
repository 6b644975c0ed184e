"""An engine over a real store, with a clock that a test moves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ringback_server.engine.engine import Engine
from ringback_server.engine.outgoing import Network
from ringback_server.engine.programs import Told
from ringback_server.engine.scheduler import Pool
from ringback_server.lang.connectors import Connectors, NoConnectors
from ringback_server.lang.limits import RunLimits
from ringback_server.model.creations import Creation
from ringback_server.model.names import CallbackName, ExecutionName, WorkflowName
from ringback_server.model.resources import (
    CallLogLevel,
    Execution,
    HistoryLevel,
    LogEntry,
    Outcome,
    Workflow,
)
from ringback_server.nesting import NestingGate
from ringback_server.store import Store, open_store
from ringback_server.store.callbacks import SendRequest
from ringback_server.store.database import Database
from ringback_server.store.ids import new_uid
from ringback_server.store.logs import LogFilter
from ringback_server.store.opening import store_over
from ringback_server.store.payloads import pack
from tests import listed
from tests.clocks import PATIENCE, FakeClock
from tests.others import Others

_LIMITS = RunLimits()

#: waits an hour for a POST and returns its body; a timeout is caught and returned
WAITS = """
- create:
    call: events.create_callback_endpoint
    result: endpoint
- wait:
    try:
      call: events.await_callback
      args: {callback: "${endpoint}", timeout: 3600}
      result: request
    except:
      as: e
      steps:
        - give_up:
            return: ${e.tags[0]}
- finish:
    return: ${request.body}
"""


@dataclass(frozen=True, slots=True)
class Bench:
    """One process' engine and short ways to what tests need of it."""

    store: Store
    clock: FakeClock
    engine: Engine

    def deploy(self, source: str, workflow_id: str = "w") -> Workflow:
        """Deploy a workflow."""
        workflow, _ = self.store.workflows.create(
            WorkflowName("local", "us-central1", workflow_id),
            source=source,
            service_account="projects/local/serviceAccounts/invoker@local.iam.gserviceaccount.com",
            description="",
            labels={},
            user_env_vars={},
            call_log_level=CallLogLevel.CALL_LOG_LEVEL_UNSPECIFIED,
            history_level=HistoryLevel.EXECUTION_HISTORY_LEVEL_UNSPECIFIED,
            now=self.clock.now(),
        )
        return workflow

    def start(self, workflow: Workflow, argument: str = "null") -> Execution:
        """Start an execution."""
        return self.engine.create(Creation(workflow=workflow, argument=argument)).execution

    def send(self, execution: ExecutionName, body: object, *, tell: bool = True) -> Outcome:
        """Send a callback to the execution's first endpoint; `tell` the engine of it."""
        request = self._request(execution, body)
        if tell:
            return self.engine.send(request).outcome
        return self.store.callbacks.send(request).answer.outcome

    def store_and_tell(self, execution: ExecutionName, body: object) -> Outcome:
        """Send a callback as batches do: a thread of the engine's own goes on with it."""
        sent = self.store.callbacks.send(self._request(execution, body))
        self.engine.delivered(sent.execution_key, sent.delivery)
        return sent.answer.outcome

    def _request(self, execution: ExecutionName, body: object) -> SendRequest:
        return SendRequest(
            name=CallbackName.of(execution, 0),
            method="POST",
            idempotency_key=None,
            request_hash=b"",
            payload_id=new_uid(),
            sender="somebody@local.iam.gserviceaccount.com",
            token_id=str(execution),
            receive_time=self.clock.now(),
            payload=pack({"body": body}),
            inbox_limit=100,
        )

    def cancel(self, execution: ExecutionName) -> None:
        """Cancel an execution and tell the engine."""
        key, _ = self.store.executions.cancel(execution, self.clock.now())
        self.engine.ended(key)

    def delete(self, workflow: WorkflowName) -> None:
        """Delete a workflow with its executions and tell the engine."""
        for key in self.store.workflows.delete(workflow, self.clock.now())[1]:
            self.engine.ended(key)

    def late(self, execution: ExecutionName) -> int:
        """Count the payloads that nothing consumed before the execution ended."""
        late = listed.endpoints(self.store, execution, late=True)
        return sum(len(endpoint.available_payloads) for endpoint in late)

    def ended(self, execution: Execution) -> Execution:
        """Return an execution that has ended before long."""
        waiter = threading.Thread(
            target=self.engine.wait_ended, args=(execution.name, execution.key, 1e9)
        )
        waiter.start()
        waiter.join(PATIENCE)
        found = self.store.executions.get(execution.name)
        if not found.state.ended:
            raise TimeoutError(f"{found.state} in {self.engine!r}")
        return found

    def logs(self, execution: ExecutionName) -> list[LogEntry]:
        """Return an execution's log entries."""
        rows = self.store.logs.list(execution, LogFilter(), limit=1_000, after=None)
        return [entry for _, _, entry in rows]

    def await_state(self, part: str) -> None:
        """Return once the engine's state, as its repr shows it, contains `part`."""
        self.clock.await_that(lambda: part in repr(self.engine))


@contextmanager
def opened(
    directory: Path,
    clock: FakeClock | None = None,
    *,
    threads: int = 4,
    park_after: float = 5.0,
    network: Network | None = None,
    limits: RunLimits = _LIMITS,
    between: Callable[[Database], Database] = lambda database: database,
) -> Generator[Bench]:
    """Run an engine over the store in `directory`, as one process would.

    `between` may put something between the store and its database.
    """
    pool = Pool(threads=threads, park_after=park_after)
    with pooled(directory, pool, clock, network=network, limits=limits, between=between) as bench:
        yield bench


@contextmanager
def pooled(
    directory: Path,
    pool: Pool,
    clock: FakeClock | None = None,
    *,
    network: Network | None = None,
    connectors: Connectors | None = None,
    limits: RunLimits = _LIMITS,
    between: Callable[[Database], Database] = lambda database: database,
) -> Generator[Bench]:
    """Run an engine with a pool of its own, as `opened` does."""
    clock = clock or FakeClock()
    store = open_store(directory)
    store = store_over(between(store.database), store.data_dir)
    engine = Engine(
        store,
        clock,
        pool=pool,
        told=Told(
            callback_base_url="http://127.0.0.1:8780",
            project_number="1",
            gate=NestingGate(
                store.workflows,
                store.census,
                store.credentials,
                None,
                limits,
                max_queued=pool.queued,
            ),
            connectors=connectors or NoConnectors(),
            limits=limits,
        ),
        network=network or Others().network,
    )
    engine.start()
    try:
        yield Bench(store, clock, engine)
    finally:
        engine.close(PATIENCE)
        store.close()
