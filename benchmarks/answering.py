"""The far end of `asking`: a process that does what lines of JSON on its stdin say.

Only the standard library is used here, so that programs in other environments can share it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence

Handler = Callable[..., Awaitable[object]]

_MILLIS = 1_000


async def answer(handlers: Mapping[str, Handler]) -> None:
    """Say that the process is ready, then answer commands until stdin closes."""
    # What libraries print must not come between the answers.
    out, sys.stdout = sys.stdout, sys.stderr
    print("{}", file=out, flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        command = json.loads(line)
        handler = handlers[command.pop("do")]
        result = await asyncio.gather(handler(**command), return_exceptions=True)
        print(json.dumps(_shown(result[0])), file=out, flush=True)


async def closed_loop(
    once: Callable[[], Awaitable[object]], clients: int, seconds: float
) -> dict[str, object]:
    """Let `clients` call `once` again and again for some seconds; return the sample."""
    took: list[float] = []
    begun = time.perf_counter()
    until = begun + seconds

    async def client() -> None:
        while (start := time.perf_counter()) < until:
            await once()
            took.append((time.perf_counter() - start) * _MILLIS)

    await asyncio.gather(*(client() for _ in range(clients)))
    return sample(time.perf_counter() - begun, took)


def sample(seconds: float, took: Sequence[float]) -> dict[str, object]:
    """Return what `asking.Sample` reads: times in milliseconds, and seconds in all."""
    return {"seconds": seconds, "took": [round(each, 4) for each in took]}


def _shown(result: object) -> object:
    if isinstance(result, BaseException):
        return {"error": "".join(traceback.format_exception(result))}
    return result
