"""Restate's handlers and their caller in one process, on a server of its own.

python -m benchmarks.peers.programs.restate_program INGRESS_URL ADMIN_URL PORT
"""

from __future__ import annotations

import asyncio
import sys
import time
from uuid import uuid4

from aiohttp import ClientSession
from hypercorn.asyncio import serve
from hypercorn.config import Config
from restate import Context, Service, app

from benchmarks.answering import answer, closed_loop, sample

_MILLIS = 1_000


def handlers(awakeables: dict[str, asyncio.Future[str]]) -> Service:
    """Make the handlers; those that wait write down what for, by the key they were given."""
    service = Service("bench")

    @service.handler()
    async def nothing(ctx: Context) -> str:
        """End at once."""
        del ctx
        return "done"

    @service.handler()
    async def waits(ctx: Context, key: str) -> str:
        """Wait for an awakeable and end."""
        awakeable, future = ctx.awakeable()
        if not awakeables[key].done():  # it may be the second time that this runs
            awakeables[key].set_result(awakeable)
        return str(await future)

    return service


class Measures:
    """What is measured, over one session."""

    def __init__(
        self, session: ClientSession, ingress: str, awakeables: dict[str, asyncio.Future[str]]
    ) -> None:
        """Take the session, the server's URL, and where handlers write down what they wait for."""
        self._session = session
        self._ingress = ingress
        self._awakeables = awakeables

    async def starts(self, clients: int, seconds: float) -> dict[str, object]:
        """Call a handler that ends at once, and take its result."""
        return await closed_loop(lambda: self._post("bench/nothing"), clients, seconds)

    async def callbacks(self, count: int, pause: float) -> dict[str, object]:
        """Resolve one awakeable at a time; each is timed until the handler's result is there."""
        took: list[float] = []
        first = time.perf_counter()
        for _ in range(count):
            key = str(uuid4())
            made = self._awakeables[key] = asyncio.Future[str]()
            result = asyncio.create_task(self._post("bench/waits", key))
            awakeable = await made
            await asyncio.sleep(pause)
            begun = time.perf_counter()
            await self._post(f"restate/awakeables/{awakeable}/resolve", "done")
            await result
            took.append((time.perf_counter() - begun) * _MILLIS)
        return sample(time.perf_counter() - first, took)

    async def _post(self, path: str, body: str | None = None) -> None:
        # A handler without an argument takes no request that says what its body is.
        skipped = {"Content-Type"} if body is None else None
        url = f"{self._ingress}/{path}"
        async with self._session.post(url, json=body, skip_auto_headers=skipped) as response:
            response.raise_for_status()
            await response.read()


async def main() -> None:
    """Serve the handlers, make them known to the server, and answer."""
    ingress, admin, port = sys.argv[1:]
    awakeables: dict[str, asyncio.Future[str]] = {}
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.loglevel = "WARNING"
    over = asyncio.Event()
    serving = asyncio.create_task(
        serve(app([handlers(awakeables)]), config, shutdown_trigger=over.wait)
    )
    async with ClientSession() as session:
        deployment = {"uri": f"http://127.0.0.1:{port}"}
        async with session.post(f"{admin}/deployments", json=deployment) as response:
            response.raise_for_status()
        measures = Measures(session, ingress, awakeables)
        await answer({"starts": measures.starts, "callbacks": measures.callbacks})
    over.set()
    await serving


if __name__ == "__main__":
    asyncio.run(main())
