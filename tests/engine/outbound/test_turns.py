"""Turns to send: who waits, for whom, and who comes next."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Awaitable, Callable, Sequence

import pytest

from ringback_server.engine.outbound.turns import Turns
from ringback_server.lang.http_exchange import HttpAnswer
from tests.engine.outbound.upstream import client, request
from tests.waiting import until


class Sendings:
    """Requests that take turns and end when a test says so."""

    def __init__(self, total: int, per_host: int) -> None:
        """Start without a request."""
        self.turns = Turns(total, per_host)
        #: in the order of their turns
        self.begun: list[str] = []
        self._ends: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._cancelling: dict[str, str] = {}

    async def ask(self, *names: str) -> None:
        """Ask for turns for requests, whose first letter is their host."""
        for name in names:
            self._ends[name] = asyncio.Event()
            self._tasks[name] = asyncio.create_task(self._send(name))
            await asyncio.sleep(0)

    async def end(self, *names: str) -> None:
        """Let requests end at the same time."""
        for name in names:
            self._ends[name].set()
        await self._settled()

    async def cancel(self, *names: str) -> None:
        """Give requests up at the same time."""
        for name in names:
            self._tasks[name].cancel()
        await self._settled()

    async def end_and_cancel(self, ending: str, following: str) -> None:
        """Let a request end, and give up the one that gets its turn before it goes on."""
        self._cancelling[ending] = following
        await self.end(ending)

    async def _send(self, name: str) -> None:
        async with self.turns.turn(name[0]):
            self.begun.append(name)
            await self._ends[name].wait()
        if name in self._cancelling:
            self._tasks[self._cancelling[name]].cancel()

    async def _settled(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)


def played(play: Callable[[Sendings], Awaitable[None]], total: int, per_host: int) -> Sendings:
    """Return what came of a play."""

    async def run() -> Sendings:
        sendings = Sendings(total, per_host)
        await play(sendings)
        return sendings

    return asyncio.run(run())


def test_turns_when_a_host_has_as_many_as_it_may() -> None:
    """A host that has its share waits for itself, and others do not wait for it."""

    async def play(sendings: Sendings) -> None:
        await sendings.ask("a1", "a2", "a3", "a4", "b1")
        assert ["a1", "a2", "b1"] == sendings.begun
        await sendings.end("a2")
        await sendings.ask("a5")

    found = played(play, 10, 2)

    assert ["a1", "a2", "b1", "a3"] == found.begun


def test_turns_when_all_are_taken() -> None:
    """Hosts that wait come one after the other, however much each of them asks for."""

    async def play(sendings: Sendings) -> None:
        await sendings.ask("a1", "a2", "a3", "a4", "a5", "b1", "b2", "c1")
        await sendings.end("a1")
        await sendings.end("a2")
        await sendings.end("b1", "c1")

    found = played(play, 2, 2)

    # A has its share until a1 has ended, so B and C come first.
    assert ["a1", "a2", "b1", "c1"] == found.begun[:4]
    assert {"a3", "b2"} == set(found.begun[4:])


def test_turns_when_requests_are_given_up() -> None:
    """A request that is given up leaves its turn, or its place in the queue, to others."""

    async def play(sendings: Sendings) -> None:
        await sendings.ask("a1", "a2", "a3", "a4")
        await sendings.cancel("a2")
        await sendings.cancel("a1")
        # At the same moment: a turn that is given back, and the next in the queue that is gone.
        await sendings.ask("a5")
        await sendings.cancel("a3", "a4")
        assert ["a1", "a3", "a5"] == sendings.begun
        await sendings.end("a5")

    found = played(play, 1, 1)

    assert "<Turns [0 taken, 0 waited for]>" == repr(found.turns)


def test_turns_when_one_is_given_up_as_it_comes() -> None:
    """A request that is given up right when its turn comes hands it on."""

    async def play(sendings: Sendings) -> None:
        await sendings.ask("a1", "a2", "a3")
        await sendings.end_and_cancel("a1", "a2")

    found = played(play, 1, 1)

    assert ["a1", "a3"] == found.begun
    assert "<Turns [0 taken, 0 waited for]>" == repr(found.turns)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("http://a.test/", "http://A.test.:80/"),
        ("https://a.test/", "https://a.test:443/"),
        ("http://127.0.0.1:8/", "http://127.1:8/"),
        ("http://127.0.0.1:8/", "http://[::ffff:7f00:1]:8/"),
    ],
)
def test_requests_when_a_host_is_written_in_two_ways(first: str, second: str) -> None:
    """They share what one host may have."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        raise OSError(host, port)

    answers = queue.Queue[HttpAnswer]()
    with client(resolve=resolve, in_flight=8, per_host=1) as running:
        for url in (first, second):
            running.submit(request(url), answers.put)
        until(lambda: "[1 taken, 1 waited for]" in repr(running))
