"""Watching executions: what is told goes on where it was when the connection breaks."""

from __future__ import annotations

import asyncio

import grpc
import pytest
from google.rpc import code_pb2
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from ringback.v1.executions_pb2 import Execution, WatchExecutionRequest, WatchExecutionResponse
from ringback_client import AsyncClient, Client, RequestError, Retries, ServerNotFoundError
from ringback_client.connection import Server
from tests.client.stand_in import StandIn

NAME = "projects/local/locations/us-central1/workflows/w/executions/e"
BREAKS, EXPIRED = grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNAUTHENTICATED
WHERE = "7"
QUICK = Retries(first=0.001, times=3)


def message(token: str) -> WatchExecutionResponse:
    """Return a message that can be gone on after."""
    return WatchExecutionResponse(execution=Execution(name=NAME), resume_token=token)


def tokens(stand_in: StandIn) -> list[str]:
    """Return where each call began."""
    return [one.resume_token for _, one in stand_in.asked if isinstance(one, WatchExecutionRequest)]


def test_watch_when_the_connection_breaks(server: Server, stand_in: StandIn) -> None:
    """A stream that breaks is called again, after the last message that came."""
    stand_in.streams["WatchExecution"] = [
        [BREAKS],
        [message("1"), message("2"), BREAKS],
        [EXPIRED],
        [message("3")],
    ]
    stand_in.streams["WatchExecution"][2].insert(0, message("2b"))

    with Client(server, retries=QUICK) as client:
        told = [one.resume_token for one in client.watch(NAME)]

    assert ["1", "2", "2b", "3"] == told
    assert ["", "", "2", "2b"] == tokens(stand_in)


def test_watch_from_an_event_loop(server: Server, stand_in: StandIn) -> None:
    """The asynchronous client does the same, from wherever it is told to begin."""
    stand_in.streams["WatchExecution"] = [[message("8"), BREAKS], [message("9")]]

    async def scenario() -> list[str]:
        async with AsyncClient(server, retries=QUICK) as client:
            return [one.resume_token async for one in client.watch(NAME, resume_token=WHERE)]

    assert ["8", "9"] == asyncio.run(scenario())
    assert ["7", "8"] == tokens(stand_in)


def test_watch_when_no_server_comes_back(server: Server, stand_in: StandIn) -> None:
    """When nothing comes any more, it is told of; so is a token that was never good."""
    stand_in.streams["WatchExecution"] = [[BREAKS] for _ in range(4)]
    with Client(server, retries=QUICK) as client, pytest.raises(ServerNotFoundError):
        list(client.watch(NAME))
    stand_in.streams["WatchExecution"] = [[EXPIRED]]
    with Client(server, retries=QUICK) as client, pytest.raises(RequestError, match="It breaks"):
        list(client.watch(NAME))


def test_watch_when_left(server: Server, stand_in: StandIn) -> None:
    """Who stops to iterate hangs up, and can watch again."""
    stand_in.streams["WatchExecution"] = [[message("1"), message("2")], [message("1")]]

    with Client(server) as client:
        for one in client.watch(NAME):
            assert "1" == one.resume_token
            break
        assert 1 == len(list(client.watch(NAME)))


def test_wait_when_too_many_wait(client: Client, stand_in: StandIn) -> None:
    """A call that the server does not let wait asks from time to time instead."""
    full = Status(code=code_pb2.RESOURCE_EXHAUSTED, message="Too many calls are waiting.")
    full.details.add().Pack(ErrorInfo(reason="TOO_MANY_WAITING_CALLS"))
    ended = Execution(name=NAME, state=Execution.SUCCEEDED)
    stand_in.answer("WaitExecution", full)
    stand_in.answer("GetExecution", Execution(name=NAME, state=Execution.ACTIVE), ended)

    assert ended == client.wait(NAME)
