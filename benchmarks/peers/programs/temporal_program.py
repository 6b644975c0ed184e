"""Temporal's client and worker in one process, without the sandbox, on a server of its own.

python -m benchmarks.peers.programs.temporal_program ADDRESS
"""

from __future__ import annotations

import asyncio
import sys
import time
from uuid import uuid4

from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from benchmarks.answering import answer, closed_loop, sample

_QUEUE = "bench"
_MILLIS = 1_000


@workflow.defn
class Nothing:
    """Ends at once."""

    @workflow.run
    async def run(self) -> str:
        """End."""
        return "done"


@workflow.defn
class Waits:
    """Waits for a signal and ends."""

    def __init__(self) -> None:
        """Begin without one."""
        self._sent = False

    @workflow.run
    async def run(self) -> str:
        """Wait."""
        await workflow.wait_condition(lambda: self._sent)
        return "done"

    @workflow.signal
    def callback(self) -> None:
        """Take the signal."""
        self._sent = True


class Measures:
    """What is measured, over one client."""

    def __init__(self, client: Client) -> None:
        """Take a client that is connected."""
        self._client = client

    async def starts(self, clients: int, seconds: float) -> dict[str, object]:
        """Start workflows that end at once, and take their results."""

        async def once() -> None:
            await self._client.execute_workflow(Nothing.run, id=str(uuid4()), task_queue=_QUEUE)

        return await closed_loop(once, clients, seconds)

    async def callbacks(self, count: int, pause: float) -> dict[str, object]:
        """Send one signal at a time; each is timed until the workflow's result is there."""
        took: list[float] = []
        first = time.perf_counter()
        for _ in range(count):
            handle = await self._client.start_workflow(
                Waits.run, id=str(uuid4()), task_queue=_QUEUE
            )
            result = asyncio.create_task(handle.result())
            await asyncio.sleep(pause)
            begun = time.perf_counter()
            await handle.signal(Waits.callback)
            await result
            took.append((time.perf_counter() - begun) * _MILLIS)
        return sample(time.perf_counter() - first, took)


async def main() -> None:
    """Connect, run a worker, and answer."""
    client = await Client.connect(sys.argv[1])
    worker = Worker(
        client,
        task_queue=_QUEUE,
        workflows=[Nothing, Waits],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    measures = Measures(client)
    async with worker:
        await answer({"starts": measures.starts, "callbacks": measures.callbacks})


if __name__ == "__main__":
    asyncio.run(main())
