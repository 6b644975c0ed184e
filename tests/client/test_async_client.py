"""The asynchronous client: the same verbs, over an event loop."""

from __future__ import annotations

import asyncio
import inspect
import threading

import pytest
from google.rpc import code_pb2
from google.rpc.status_pb2 import Status

from ringback.v1.executions_pb2 import Execution, ListExecutionsResponse
from ringback.v1.workflows_pb2 import Workflow
from ringback_client import AsyncClient, Client, ExecutionFailedError, RequestError, Retries
from ringback_client.client import Verbs
from ringback_client.connection import Server
from tests.client.stand_in import StandIn, TokenEndpoint
from tests.client.test_retries import UNAVAILABLE, asked

NAME = "projects/local/locations/us-central1/workflows/w/executions/e"
SECOND_PAGE = "2"


def test_verbs_of_both_clients() -> None:
    """All that one client can do the other can, with the same parameters and the same words."""
    verbs = {name for name in dir(Verbs) if not name.startswith("_")}

    assert verbs <= set(dir(Client))
    for name in verbs - {"place"}:
        ours, theirs = getattr(Client, name), getattr(AsyncClient, name)
        assert inspect.signature(theirs) == inspect.signature(ours)
        assert theirs.__doc__ == ours.__doc__


def test_run_from_an_event_loop(server: Server, stand_in: StandIn) -> None:
    """A workflow is run, awaited and has its result decoded."""
    stand_in.answer("CreateExecution", Execution(name=NAME))
    ended = Execution(state=Execution.SUCCEEDED, result='{"n": [1]}')
    stand_in.answer("WaitExecution", Execution(state=Execution.ACTIVE), ended)

    async def scenario() -> object:
        async with AsyncClient(server) as client:
            return await client.run("w", {"a": 1})

    assert {"n": [1]} == asyncio.run(scenario())


def test_run_when_the_execution_fails(server: Server, stand_in: StandIn) -> None:
    """An execution that fails raises the same error as with the other client."""
    stand_in.answer("CreateExecution", Execution(name=NAME))
    stand_in.answer("WaitExecution", Execution(state=Execution.FAILED))

    async def scenario() -> None:
        async with AsyncClient(server) as client:
            with pytest.raises(ExecutionFailedError):
                await client.run("w")

    asyncio.run(scenario())


def test_list_from_an_event_loop(server: Server, stand_in: StandIn) -> None:
    """Pages are read only when they are needed."""
    first, second = Execution(name="1"), Execution(name="2")
    stand_in.answer(
        "ListExecutions",
        ListExecutionsResponse(executions=[first], next_page_token=SECOND_PAGE),
        ListExecutionsResponse(executions=[second]),
    )

    async def scenario() -> tuple[int, list[Execution]]:
        async with AsyncClient(server) as client:
            async for _ in client.list("w"):
                break
            before = asked(stand_in, "ListExecutions")
            return before, [item async for item in client.list("w")]

    assert (1, [second]) == asyncio.run(scenario())


def test_calls_at_once(server: Server, stand_in: StandIn, endpoint: TokenEndpoint) -> None:
    """Calls of one client are under way at the same time, and share one token."""
    together = threading.Barrier(3, timeout=10)

    def meet(_: object) -> Workflow:
        together.wait()
        return Workflow(name="w")

    stand_in.answers["GetWorkflow"] = meet

    async def scenario() -> int:
        async with AsyncClient(server) as client:
            return len(await asyncio.gather(*(client.get_workflow("w") for _ in range(3))))

    assert 3 == asyncio.run(scenario())
    assert 1 == len(endpoint.forms)


def test_call_when_the_server_comes_back(server: Server, stand_in: StandIn) -> None:
    """Calls are repeated here too."""
    stand_in.answer("GetWorkflow", UNAVAILABLE, Workflow(name="w"))

    async def scenario() -> str:
        async with AsyncClient(server, retries=Retries(first=0.001)) as client:
            return (await client.get_workflow("w")).name

    assert "w" == asyncio.run(scenario())
    assert 2 == asked(stand_in, "GetWorkflow")


def test_call_when_refused(server: Server, stand_in: StandIn) -> None:
    """A refusal has the server's status, words and reason."""
    stand_in.answer("GetWorkflow", Status(code=code_pb2.NOT_FOUND, message="No workflow w."))

    async def scenario() -> None:
        async with AsyncClient(server) as client:
            with pytest.raises(RequestError, match="No workflow w"):
                await client.get_workflow("w")
            assert await client.find_workflow("w") is None

    asyncio.run(scenario())


def test_wait_when_cancelled(server: Server, stand_in: StandIn) -> None:
    """A task that is cancelled hangs up at once."""
    arrived, released = threading.Event(), threading.Event()

    def hold(_: object) -> Execution:
        arrived.set()
        released.wait(10)
        return Execution()

    stand_in.answers["WaitExecution"] = hold

    async def scenario() -> None:
        async with AsyncClient(server) as client:
            wait = asyncio.create_task(client.wait(NAME))
            await asyncio.to_thread(arrived.wait, 10)
            wait.cancel()
            with pytest.raises(asyncio.CancelledError):
                await wait

    try:
        asyncio.run(asyncio.wait_for(scenario(), 5))
    finally:
        released.set()
