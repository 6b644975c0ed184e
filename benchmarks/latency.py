"""How soon a callback's execution has ended while pure loops compute, within one process.

    python -m benchmarks.latency [--loops 4] [--callbacks 500]

Each time, an execution waits for a callback; the clock runs from sending it until the execution's
end is on disk. Loops that reach the step limit are started again at once.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import definitions
from ringback_server.clock import SystemClock
from ringback_server.engine.engine import Engine
from ringback_server.engine.programs import Told
from ringback_server.lang.limits import RunLimits
from ringback_server.model.creations import Creation
from ringback_server.model.names import CallbackName, WorkflowName
from ringback_server.model.resources import CallLogLevel, Execution, HistoryLevel, Workflow
from ringback_server.nesting import NestingGate
from ringback_server.store import Store, open_store
from ringback_server.store.callbacks import SendRequest
from ringback_server.store.ids import new_uid
from ringback_server.store.payloads import pack
from tests.others import Others

#: as `ringback serve` sets it, in seconds
_SWITCH_SECONDS = 0.0002
_PATIENCE = 60.0
_WAITS = """
- open: {call: events.create_callback_endpoint, result: endpoint}
- hold: {call: events.await_callback, args: {callback: "${endpoint}"}, result: request}
- finish: {return: "${request.body}"}
"""


@dataclass(frozen=True, slots=True)
class _Bench:
    store: Store
    engine: Engine

    def deploy(self, workflow: str, source: str) -> Workflow:
        """Deploy a workflow."""
        deployed, _ = self.store.workflows.create(
            WorkflowName("local", "us-central1", workflow),
            source=source,
            service_account="projects/local/serviceAccounts/invoker@local.iam.gserviceaccount.com",
            description="",
            labels={},
            user_env_vars={},
            call_log_level=CallLogLevel.CALL_LOG_LEVEL_UNSPECIFIED,
            history_level=HistoryLevel.EXECUTION_HISTORY_LEVEL_UNSPECIFIED,
            now=time.time(),
        )
        return deployed

    def start(self, workflow: Workflow) -> Execution:
        """Start an execution."""
        return self.engine.create(Creation(workflow=workflow)).execution

    def keep_looping(self, workflow: Workflow, stop: threading.Event) -> None:
        """Start a loop whenever the last one has ended."""
        while not stop.is_set():
            execution = self.start(workflow)
            self.engine.wait_ended(execution.name, execution.key, _PATIENCE)

    def send(self, execution: Execution) -> None:
        """Send a callback to an execution."""
        sent = self.store.callbacks.send(
            SendRequest(
                name=CallbackName.of(execution.name, 0),
                method="POST",
                idempotency_key=None,
                request_hash=b"",
                payload_id=new_uid(),
                sender="somebody@local.iam.gserviceaccount.com",
                token_id=str(execution.name),
                receive_time=time.time(),
                payload=pack({"body": "done"}),
                inbox_limit=100,
            )
        )
        self.engine.delivered(sent.execution_key, sent.delivery)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--loops", type=int, default=4)
    parser.add_argument("--callbacks", type=int, default=500)
    arguments = parser.parse_args()
    loops, callbacks = int(arguments.loops), int(arguments.callbacks)
    sys.setswitchinterval(_SWITCH_SECONDS)
    with tempfile.TemporaryDirectory() as folder, _bench(Path(folder)) as bench:
        took = _measured(bench, loops, callbacks)
    median, high = statistics.median(took), statistics.quantiles(took, n=100)[98]
    print(f"{loops} pure loops, {callbacks} callbacks: p50 {median:.1f} ms, p99 {high:.1f} ms")
    print("wanted with four loops: p50 <= 5 ms, p99 <= 20 ms")


@contextmanager
def _bench(folder: Path) -> Generator[_Bench, None, None]:
    store = open_store(folder)
    engine = Engine(
        store,
        SystemClock(),
        threads=64,
        park_after=5.0,
        told=Told(
            callback_base_url="http://localhost",
            project_number="1",
            gate=NestingGate(store.workflows, store.census, store.credentials, None, RunLimits()),
        ),
        network=Others().network,
    )
    engine.start()
    try:
        yield _Bench(store, engine)
    finally:
        engine.close(_PATIENCE)
        store.close()


def _measured(bench: _Bench, loops: int, callbacks: int) -> list[float]:
    """Return how long each callback took, in milliseconds."""
    waits = bench.deploy("waits", _WAITS)
    pure = bench.deploy("pure", definitions.loop(1_000_000))
    stop = threading.Event()
    threads = [threading.Thread(target=bench.keep_looping, args=(pure, stop)) for _ in range(loops)]
    for thread in threads:
        thread.start()
    took: list[float] = []
    for _ in range(callbacks):
        execution = bench.start(waits)
        time.sleep(0.005)  # so that its thread blocks, as it does with people who think
        began = time.perf_counter()
        bench.send(execution)
        bench.engine.wait_ended(execution.name, execution.key, _PATIENCE)
        took.append((time.perf_counter() - began) * 1_000)
    stop.set()
    for thread in threads:
        thread.join()
    return took


if __name__ == "__main__":
    main()
