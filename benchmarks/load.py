"""A client process: asks a Ringback server, or the echo server, over gRPC (see `asking`)."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine
from contextlib import suppress

import grpc

from benchmarks.answering import answer, closed_loop, sample
from benchmarks.asking import BenchmarkError
from benchmarks.calls import Calls, endpoint
from benchmarks.echo import METHOD

_MILLIS = 1_000
_POLL_SECONDS = 0.1
#: so that a WaitExecution has arrived before what it waits for is made to happen
_AHEAD_SECONDS = 0.004
#: as long as the messages of a creation
_ECHO = bytes(200)


class Load:
    """What this process does, and the executions it knows to wait, by workflow."""

    def __init__(self) -> None:
        """Begin without a connection."""
        self._connected: Calls | None = None
        self._waiting: defaultdict[str, list[str]] = defaultdict(list)

    @property
    def _calls(self) -> Calls:
        if self._connected is None:
            raise BenchmarkError("connect first")
        return self._connected

    async def connect(self, address: str, key_file: str) -> dict[str, object]:
        """Open a connection, in place of the one there was."""
        if self._connected is not None:
            await self._connected.close()
        self._connected = Calls(address, key_file)
        return {}

    async def echo(self, address: str, clients: int, seconds: float) -> dict[str, object]:
        """Call the echo server."""
        async with grpc.aio.insecure_channel(address) as channel:
            call = channel.unary_unary(METHOD, _unchanged, _unchanged)

            async def once() -> None:
                await call(_ECHO)

            return await closed_loop(once, clients, seconds)

    async def starts(self, workflow: str, clients: int, seconds: float) -> dict[str, object]:
        """Start executions that end at once; their ends are looked for ten times a second."""
        pending: set[str] = set()

        async def once() -> None:
            pending.add(await self._calls.create(workflow))

        begun = time.perf_counter()
        loop = asyncio.create_task(closed_loop(once, clients, seconds))
        while pending or not loop.done():
            await asyncio.sleep(_POLL_SECONDS)
            seen = set(pending)
            pending -= seen - await self._calls.see_ended(workflow, seen)
        done = await loop
        return {**done, "seconds": time.perf_counter() - begun}

    async def starts_waited(self, workflow: str, clients: int, seconds: float) -> dict[str, object]:
        """Start executions that end at once, and ask WaitExecution for each."""

        async def once() -> None:
            await self._calls.wait(workflow, await self._calls.create(workflow))

        return await closed_loop(once, clients, seconds)

    async def create(
        self, workflow: str, count: int, clients: int, argument: str = "null"
    ) -> dict[str, object]:
        """Start executions that wait, and remember them."""
        begun = time.perf_counter()
        made = await self._calls.create_many(workflow, count, clients, argument)
        self._waiting[workflow] += made
        return {"seconds": time.perf_counter() - begun}

    async def keep(self, workflow: str, clients: int, seconds: float) -> dict[str, object]:
        """Send callbacks, by turns, to the first endpoints of executions that wait elsewhere."""
        names = itertools.cycle([endpoint(workflow, each) for each in self._waiting[workflow]])
        return await closed_loop(lambda: self._calls.send(next(names)), clients, seconds)

    async def resume(self, workflow: str, clients: int, count: int) -> dict[str, object]:
        """Send a callback to each of `count` that wait; the round ends when all have ended."""
        chosen = self._take(workflow, count)
        names = [endpoint(workflow, each) for each in chosen]
        took: list[float] = []

        async def client() -> None:
            while names:
                name, begun = names.pop(0), time.perf_counter()
                await self._calls.send(name)
                took.append((time.perf_counter() - begun) * _MILLIS)

        begun = time.perf_counter()
        await asyncio.gather(*(client() for _ in range(clients)))
        last = chosen[-2 * clients :]
        await asyncio.gather(*(self._calls.wait(workflow, each) for each in last))
        seconds = time.perf_counter() - begun
        left = await self._calls.see_ended(workflow, chosen)
        for each in left:
            await self._calls.wait(workflow, each)
            seconds = time.perf_counter() - begun
        return sample(seconds, took)

    async def callbacks(self, workflow: str, count: int, pause: float) -> dict[str, object]:
        """Send one callback at a time; each is timed until WaitExecution says the end.

        `pause` is how long an execution has waited before, in seconds.
        """
        took: list[float] = []
        begun = time.perf_counter()
        for _ in range(count):
            execution = await self._calls.create(workflow)
            await asyncio.sleep(pause)
            took.append(await self._followed(workflow, execution))
        return sample(time.perf_counter() - begun, took)

    async def paced(
        self, workflow: str, rate: int, seconds: float, followed: int
    ) -> dict[str, object]:
        """Send so many callbacks a second, answered or not, to some that wait.

        One in `followed` is also timed until WaitExecution says the end.
        """
        answered: list[float] = []
        ended: list[float] = []

        async def send(execution: str, number: int) -> None:
            if number % followed:
                begun = time.perf_counter()
                await self._calls.send(endpoint(workflow, execution))
                answered.append((time.perf_counter() - begun) * _MILLIS)
            else:
                ended.append(await self._followed(workflow, execution))

        begun = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number, execution in enumerate(self._take(workflow, int(rate * seconds))):
                await asyncio.sleep(begun + number / rate - time.perf_counter())
                group.create_task(send(execution, number))
        took = time.perf_counter() - begun
        return {"answered": sample(took, answered), "ended": sample(took, ended)}

    async def beside(self, few: int, many: int, seconds: float) -> dict[str, object]:
        """Start so many a second of the workflows `few` and `many`, whatever is answered.

        The few are timed until WaitExecution says the end.
        """
        took: list[float] = []

        async def start_few() -> None:
            begun = time.perf_counter()
            await self._calls.wait("few", await self._calls.create("few"))
            took.append((time.perf_counter() - begun) * _MILLIS)

        async def start_many() -> None:
            await self._calls.create("many")

        begun = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            group.create_task(_at_a_rate(group, start_few, few, seconds))
            group.create_task(_at_a_rate(group, start_many, many, seconds))
        return sample(time.perf_counter() - begun, took)

    async def gets(self, workflow: str, clients: int, seconds: float) -> dict[str, object]:
        """Read those that wait, by turns."""
        names = itertools.cycle(self._waiting[workflow])
        return await closed_loop(lambda: self._calls.get(workflow, next(names)), clients, seconds)

    async def reads(self, workflow: str, seconds: float) -> dict[str, object]:
        """Read one of those that wait, and a list, by turns, one call at a time."""
        names = itertools.cycle(self._waiting[workflow])
        took: dict[str, list[float]] = {"get": [], "list": []}
        begun = time.perf_counter()
        while time.perf_counter() < begun + seconds:
            for name, call in (
                ("get", self._calls.get(workflow, next(names))),
                ("list", self._calls.list(workflow)),
            ):
                asked = time.perf_counter()
                await call
                took[name].append((time.perf_counter() - asked) * _MILLIS)
        lasted = time.perf_counter() - begun
        return {name: sample(lasted, each) for name, each in took.items()}

    async def last_end(self, workflow: str, clients: int) -> dict[str, object]:
        """Wait for the end of all that were remembered; return the Unix time of the last end."""
        left, ends = self._take(workflow, len(self._waiting[workflow])), [0.0]

        async def client() -> None:
            while left:
                ends.append(await self._calls.wait(workflow, left.pop()))

        await asyncio.gather(*(client() for _ in range(clients)))
        return {"time": max(ends)}

    async def cancel(self, workflow: str) -> dict[str, object]:
        """Stop all that were remembered."""
        for execution in self._take(workflow, len(self._waiting[workflow])):
            with suppress(grpc.RpcError):  # it has ended already
                await self._calls.cancel(workflow, execution)
        return {}

    async def _followed(self, workflow: str, execution: str) -> float:
        """Send a callback and return the milliseconds until its execution was seen to end."""
        name = endpoint(workflow, execution)
        end = asyncio.create_task(self._calls.wait(workflow, execution))
        await asyncio.sleep(_AHEAD_SECONDS)
        begun = time.perf_counter()
        await self._calls.send(name)
        await end
        return (time.perf_counter() - begun) * _MILLIS

    def _take(self, workflow: str, count: int) -> list[str]:
        """Return `count` of those that wait, at random, and forget them."""
        waiting = self._waiting[workflow]
        if len(waiting) < count:
            raise BenchmarkError(f"{len(waiting)} wait, {count} are needed")
        for index in range(count):
            other = random.randrange(len(waiting) - index)
            last = len(waiting) - 1 - index
            waiting[other], waiting[last] = waiting[last], waiting[other]
        chosen = waiting[len(waiting) - count :]
        del waiting[len(waiting) - count :]
        return chosen


async def _at_a_rate(
    group: asyncio.TaskGroup,
    once: Callable[[], Coroutine[object, object, None]],
    rate: int,
    seconds: float,
) -> None:
    """Begin `once` so many times a second, whether or not it was done before."""
    begun = time.perf_counter()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(begun + number / rate - time.perf_counter())
        group.create_task(once())


def _unchanged(message: bytes) -> bytes:
    return message


async def main() -> None:
    """Answer until stdin closes."""
    load = Load()
    doing = (
        load.connect,
        load.echo,
        load.starts,
        load.starts_waited,
        load.create,
        load.keep,
        load.resume,
        load.callbacks,
        load.paced,
        load.beside,
        load.gets,
        load.reads,
        load.last_end,
        load.cancel,
    )
    await answer({each.__name__: each for each in doing})


if __name__ == "__main__":
    asyncio.run(main())
