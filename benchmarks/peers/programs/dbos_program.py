"""DBOS Transact in its best form here: its caller is the process that runs the workflows.

python -m benchmarks.peers.programs.dbos_program DATABASE_URL
"""

from __future__ import annotations

import asyncio
import sys
import time

from dbos import DBOS

from benchmarks.answering import answer, closed_loop, sample

_TIMEOUT = 86_400
_MILLIS = 1_000
_THREADS = 64


@DBOS.workflow()
def nothing() -> str:
    """End at once."""
    return "done"


@DBOS.workflow()
def waits() -> str:
    """Wait for a message and end."""
    return str(DBOS.recv("callback", timeout_seconds=_TIMEOUT))


async def starts(clients: int, seconds: float) -> dict[str, object]:
    """Start workflows that end at once, each client on a thread, and take their results."""

    def once() -> None:
        DBOS.start_workflow(nothing).get_result()

    return await closed_loop(lambda: asyncio.to_thread(once), clients, seconds)


async def callbacks(count: int, pause: float) -> dict[str, object]:
    """Send one message at a time; each is timed until the workflow has ended."""
    return await asyncio.to_thread(_callbacks, count, pause)


def _callbacks(count: int, pause: float) -> dict[str, object]:
    took: list[float] = []
    first = time.perf_counter()
    for _ in range(count):
        handle = DBOS.start_workflow(waits)
        time.sleep(pause)
        begun = time.perf_counter()
        DBOS.send(handle.workflow_id, "done", "callback")
        handle.get_result()
        took.append((time.perf_counter() - begun) * _MILLIS)
    return sample(time.perf_counter() - first, took)


async def main() -> None:
    """Launch and answer."""
    pool = {"sys_db_pool_size": _THREADS, "max_executor_threads": _THREADS}
    DBOS(
        config={
            "name": "bench",
            "system_database_url": sys.argv[1],
            "log_level": "WARNING",
            **pool,
        }
    )
    DBOS.launch()
    await answer({"starts": starts, "callbacks": callbacks})
    DBOS.destroy()


if __name__ == "__main__":
    asyncio.run(main())
