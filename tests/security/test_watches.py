"""Watches, which last: none outlives its token, and none is left when its caller is not there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message

from ringback.v1.executions_pb2 import WatchExecutionRequest
from ringback.v1.executions_pb2_grpc import ExecutionsStub
from ringback_server.api import executions as api
from ringback_server.api.google_names import google_pool
from ringback_server.api.streams import Stream
from ringback_server.api.table import StreamMethod
from ringback_server.control.caller import Caller
from ringback_server.gateway.events import Events, EventStream, Opening
from ringback_server.gateway.workers import Workers
from ringback_server.model.resources import Execution
from ringback_server.rpc.server import Capacity
from tests.edges import grpc_edge
from tests.rpc.calls import info_of, status_of
from tests.services import ADMIN, Service, running
from tests.waiting import until

METHOD = StreamMethod(
    request=WatchExecutionRequest,
    open=lambda message, caller, told: api.watch_execution(_asked(message), caller, told),
)


def _asked(message: Message) -> WatchExecutionRequest:
    assert isinstance(message, WatchExecutionRequest)
    return message


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Run a service."""
    with running(tmp_path) as started:
        yield started


@pytest.fixture
def execution(service: Service) -> Execution:
    """Start an execution that waits, of which there is no news."""
    started = service.execution("w")
    until(lambda: service.endpoint(started.name))
    return started


def opening(service: Service, execution: Execution, method: StreamMethod = METHOD) -> Opening:
    """Return the opening of a watch with a token that lasts for a second."""
    token = service.issuer.access_token(ADMIN, lifetime=1).token
    return Opening(
        caller=service.admission.admit(f"Bearer {token}"),
        method=method,
        asked=WatchExecutionRequest(name=str(execution.name)),
        enums_as_numbers=False,
    )


def test_watch_over_http_when_its_token_expires(service: Service, execution: Execution) -> None:
    """It ends and says so, though there is no news."""
    sent: list[bytes] = []

    async def scenario() -> None:
        async def receive() -> dict[str, object]:
            await asyncio.Event().wait()
            return {}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message.get("body", b""))

        events = Events(Workers(threads=2), google_pool(), heartbeat=0.1)
        answer = await events.open(opening(service, execution))
        assert isinstance(answer, EventStream)
        await asyncio.wait_for(answer.send(receive, send, []), 10.0)

    asyncio.run(scenario())

    assert b"event: status" in sent[-2]
    assert b"TOKEN_EXPIRED" in sent[-2]


def test_watch_over_grpc_when_its_token_expires(service: Service, execution: Execution) -> None:
    """So does one over gRPC."""
    token = service.issuer.access_token(ADMIN, lifetime=1).token
    with grpc_edge(service, Capacity(beat=0.1)) as channel:
        stream = ExecutionsStub(channel).WatchExecution(
            WatchExecutionRequest(name=str(execution.name)),
            metadata=(("authorization", f"Bearer {token}"),),
            timeout=10.0,
        )
        with pytest.raises(grpc.RpcError) as caught:
            list(stream)

    assert grpc.StatusCode.UNAUTHENTICATED is status_of(caught.value)
    assert "TOKEN_EXPIRED" == info_of(caught.value).reason


def test_watch_when_it_is_given_up_while_it_opens(service: Service, execution: Execution) -> None:
    """What is opened for nobody is closed, and its seat is free."""
    begun, go_on = threading.Event(), threading.Event()
    closed: list[bool] = []

    def begin(message: Message, caller: Caller, told: Callable[[], None]) -> Stream:
        begun.set()
        assert go_on.wait(10.0)
        stream = METHOD.open(message, caller, told)
        real = stream.close

        def close() -> None:
            real()
            closed.append(True)

        vars(stream)["close"] = close
        return stream

    slow = StreamMethod(request=WatchExecutionRequest, open=begin)

    async def scenario() -> None:
        events = Events(Workers(threads=2), google_pool())
        task = asyncio.create_task(events.open(opening(service, execution, slow)))
        await asyncio.to_thread(begun.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go_on.set()
        await asyncio.to_thread(until, lambda: closed)

    asyncio.run(asyncio.wait_for(scenario(), 20.0))

    assert [True] == closed
