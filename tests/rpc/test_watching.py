"""Watching executions over gRPC: what is told, when, and at what cost to others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Protocol

import grpc
import pytest

from ringback.v1.executions_pb2 import Execution as Shown
from ringback.v1.executions_pb2 import (
    GetExecutionRequest,
    WatchExecutionRequest,
    WatchExecutionResponse,
)
from ringback.v1.executions_pb2_grpc import ExecutionsStub
from ringback_server.control import callbacks, executions
from ringback_server.control.executions import ExecutionSpec
from ringback_server.control.request_map import CallbackRequest
from ringback_server.model.names import ExecutionName
from ringback_server.model.resources import Execution
from ringback_server.rpc.server import Capacity
from tests.edges import bearer, grpc_edge
from tests.rpc.calls import status_of
from tests.services import ADMIN, INVOKER, Service
from tests.waiting import until

LOGS_AROUND = """
- before:
    call: sys.log
    args: {text: before}
- create:
    call: events.create_callback_endpoint
    args: {http_callback_method: POST}
    result: endpoint
- wait:
    call: events.await_callback
    args: {callback: "${endpoint}", timeout: 3600}
    result: request
- after:
    call: sys.log
    args: {json: {after: true}}
- finish:
    return: ${request.http_request.body}
"""


class Watched(Iterator[WatchExecutionResponse], Protocol):
    """A stream of messages, as grpcio's clients have it."""

    def cancel(self) -> bool:
        """Hang up."""
        ...


@pytest.fixture
def channel(service: Service) -> Iterator[grpc.Channel]:
    """Open a channel to the service."""
    with grpc_edge(service) as opened:
        yield opened


def watch(
    service: Service,
    channel: grpc.Channel,
    name: ExecutionName,
    *,
    email: str = ADMIN,
    token: str = "",
) -> Watched:
    """Watch an execution as an account."""
    request = WatchExecutionRequest(name=str(name), resume_token=token)
    stream: Watched = ExecutionsStub(channel).WatchExecution(
        request, metadata=bearer(service, email), timeout=20
    )
    return stream


def send(service: Service, execution: Execution, body: str = "1") -> None:
    """Send what the execution waits for."""
    name = service.endpoint(execution.name)
    callbacks.send(
        service.caller(),
        name,
        CallbackRequest(
            method="POST", headers=[("Content-Type", "application/json")], body=body.encode()
        ),
    )


def texts(message: WatchExecutionResponse) -> list[str]:
    """Return what the log entries of a message say."""
    return [entry.text_payload or entry.json_payload for entry in message.log_entries]


def test_watch_from_beginning_to_end(service: Service, channel: grpc.Channel) -> None:
    """The execution is told as it is, then as it changes, and the stream ends with its end."""
    execution = service.execution("w", LOGS_AROUND)
    stream = watch(service, channel, execution.name)
    first = next(stream)

    assert Shown.ACTIVE == first.execution.state
    assert [("main", "wait")] == [
        (step.routine, step.step) for step in first.execution.status.current_steps
    ]
    assert ["before"] == texts(first)
    [awaited] = first.callbacks
    assert str(service.endpoint(execution.name)) == awaited.name
    assert ("POST", 1) == (awaited.method, awaited.waiters)
    assert awaited.url == f"http://127.0.0.1:8780/v1/{awaited.name}"

    send(service, execution)
    messages = list(stream)

    assert Shown.SUCCEEDED == messages[-1].execution.state
    assert "1" == messages[-1].execution.result
    assert not messages[-1].callbacks
    assert ['{"after":true}'] == [text for message in messages for text in texts(message)]


def test_watch_with_a_token_of_an_earlier_stream(service: Service, channel: grpc.Channel) -> None:
    """Who resumes is told each log entry once, and of the whole end again only what is missing."""
    execution = service.execution("w", LOGS_AROUND)
    stream = watch(service, channel, execution.name)
    token = next(stream).resume_token
    stream.cancel()
    send(service, execution)
    service.ended(execution.name)
    messages = list(watch(service, channel, execution.name, token=token))

    assert [['{"after":true}']] == [texts(message) for message in messages]
    assert [] == list(watch(service, channel, execution.name, token=messages[-1].resume_token))


def test_watch_with_a_token_of_another_execution(service: Service, channel: grpc.Channel) -> None:
    """A token says nothing about other executions."""
    one = service.execution("w", LOGS_AROUND)
    other = executions.create(service.caller(), one.name.parent, ExecutionSpec())
    token = next(watch(service, channel, one.name)).resume_token
    with pytest.raises(grpc.RpcError) as caught:
        next(watch(service, channel, other.name, token=token))

    assert grpc.StatusCode.INVALID_ARGUMENT == status_of(caught.value)


def test_watch_without_all_permissions(service: Service, channel: grpc.Channel) -> None:
    """Who may not read logs is told of the rest, and what is missing."""
    execution = service.execution("w", LOGS_AROUND)
    first = next(watch(service, channel, execution.name, email=INVOKER))

    assert ["logging.logEntries.list"] == list(first.missing_permissions)
    assert not first.log_entries
    assert 1 == len(first.callbacks)


def test_watch_when_there_are_many_log_entries(service: Service, channel: grpc.Channel) -> None:
    """Log entries come in parts, each once and in order, also of one that has ended."""
    source = """
- all:
    for:
      value: n
      range: [1, 1000]
      steps:
        - say: {call: sys.log, args: {text: "${string(n)}"}}
"""
    execution = service.execution("w", source)
    service.ended(execution.name)
    messages = list(watch(service, channel, execution.name))

    assert len(messages) > 1
    assert [str(n) for n in range(1, 1001)] == [t for message in messages for t in texts(message)]


def test_watchers_when_threads_are_few(service: Service) -> None:
    """Streams that have nothing to tell hold no thread: many are open, and calls are answered."""
    execution = service.execution("w", LOGS_AROUND)
    before = threading.active_count()
    with grpc_edge(service, Capacity(threads=1, streams=60, streams_each=50)) as channel:
        streams = [watch(service, channel, execution.name) for _ in range(50)]
        firsts = [next(stream) for stream in streams]
        mine = [t for t in threading.enumerate() if t.name.startswith("ringback-rpc")]

        assert 50 == len(firsts)
        with pytest.raises(grpc.RpcError) as caught:
            next(watch(service, channel, execution.name))
        assert grpc.StatusCode.RESOURCE_EXHAUSTED == status_of(caught.value)
        assert len(mine) < 50
        # The one thread for calls that do not wait is free.
        found = ExecutionsStub(channel).GetExecution(
            GetExecutionRequest(name=str(execution.name)),
            metadata=bearer(service, ADMIN),
            timeout=10,
        )
        assert Shown.ACTIVE == found.state
        send(service, execution)
        ends = [list(stream)[-1].execution.state for stream in streams]
        assert [Shown.SUCCEEDED] * 50 == ends
    until(lambda: threading.active_count() <= before)


def test_watch_when_the_client_hangs_up(service: Service) -> None:
    """Its seat is free at once."""
    execution = service.execution("w", LOGS_AROUND)
    with grpc_edge(service, Capacity(streams=1, streams_each=1)) as channel:
        for _ in range(3):
            stream = watch(service, channel, execution.name)
            assert next(stream).execution
            stream.cancel()
            until(lambda: "[0 watched]" in repr(service.backend.engine))


def test_watch_when_the_server_leaves(service: Service, channel: grpc.Channel) -> None:
    """All streams end with UNAVAILABLE, and who comes later is told the same."""
    execution = service.execution("w", LOGS_AROUND)
    stream = watch(service, channel, execution.name)
    next(stream)
    service.backend.engine.leave()
    codes: list[grpc.StatusCode] = []
    for each in (stream, watch(service, channel, execution.name)):
        with pytest.raises(grpc.RpcError) as caught:
            next(each)
        codes.append(status_of(caught.value))

    assert [grpc.StatusCode.UNAVAILABLE] * 2 == codes
