"""Calls whose message comes late, or never: they keep nobody else waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping

import grpc
import pytest
from google.protobuf.message import Message

from ringback.v1.executions_pb2 import WaitExecutionRequest, WatchExecutionRequest
from ringback_server.rpc.server import Capacity
from tests.edges import bearer, grpc_edge
from tests.rpc.calls import REQUESTS, call, code_of, info_of, status_of
from tests.services import ADMIN, NOBODY, Service
from tests.waiting import until

LIST = "ringback.v1.Workflows.ListWorkflows"
#: more than there are threads of any kind for calls that do not wait
MANY = 60
#: seconds that a good caller may have to wait
SOON = 5.0


class Silence(Iterator[bytes]):
    """Messages of which none comes before it is told to end."""

    def __init__(self) -> None:
        self.ended = threading.Event()

    def __next__(self) -> bytes:
        self.ended.wait(20.0)
        raise StopIteration


def begin(
    channel: grpc.Channel,
    messages: Iterator[bytes],
    metadata: tuple[tuple[str, str], ...] = (),
    method: str = "ringback.v1.Workflows/ListWorkflows",
) -> grpc.Future[bytes]:
    """Begin a call without its message."""
    send = channel.stream_unary(f"/{method}", request_serializer=bytes, response_deserializer=bytes)
    begun: grpc.Future[bytes] = send.future(messages, metadata=metadata, timeout=20.0)
    return begun


def test_strangers_when_they_send_no_message(service: Service) -> None:
    """They are refused without it, and their calls take no thread from others."""
    silence = Silence()
    with grpc_edge(service, Capacity(threads=2, newcomers=2)) as channel:
        begun = [
            begin(channel, silence, (("authorization", f"Bearer not.a.{number}"),))
            for number in range(MANY)
        ]
        good = code_of(channel, LIST, REQUESTS[LIST], bearer(service, ADMIN))
        refused = [each.exception(10.0) for each in begun]
        silence.ended.set()

    assert grpc.StatusCode.OK is good
    for error in refused:
        assert isinstance(error, grpc.RpcError)
        assert grpc.StatusCode.UNAUTHENTICATED is status_of(error)


@pytest.mark.parametrize(
    "method", ["ringback.v1.Workflows/ListWorkflows", "ringback.v1.Executions/WatchExecution"]
)
def test_callers_when_they_send_no_message(service: Service, method: str) -> None:
    """Who may call is sent away in time, and the thread is another's."""
    silence, metadata = Silence(), bearer(service, NOBODY)
    with grpc_edge(service, Capacity(threads=2, message=0.3)) as channel:
        begun = [begin(channel, silence, metadata, method) for _ in range(8)]
        gone = [each.exception(10.0) for each in begun]
        silence.ended.set()

        assert grpc.StatusCode.OK is code_of(channel, LIST, REQUESTS[LIST], bearer(service, ADMIN))

    assert {grpc.StatusCode.CANCELLED} == {
        status_of(error) for error in gone if isinstance(error, grpc.RpcError)
    }


@pytest.mark.parametrize(
    "method",
    [
        "ringback.v1.Workflows/ListWorkflows",
        "ringback.v1.Executions/WaitExecution",
        "ringback.v1.Executions/WatchExecution",
    ],
)
def test_others_when_one_caller_sends_no_messages(service: Service, method: str) -> None:
    """Others who are known are answered soon, by whatever threads; only so many are waited for."""
    silence, slow, good = Silence(), bearer(service, NOBODY), bearer(service, ADMIN)
    execution = service.execution("w", "- done:\n    return: 1\n")
    service.ended(execution.name)
    requests: Mapping[str, Message] = {
        LIST: REQUESTS[LIST],
        "ringback.v1.Executions.WaitExecution": WaitExecutionRequest(name=str(execution.name)),
        "ringback.v1.Executions.WatchExecution": WatchExecutionRequest(name=str(execution.name)),
    }
    capacity = Capacity(threads=2, waiting=MANY, streams=MANY)
    with grpc_edge(service, capacity) as channel:
        for known in (slow, good):
            code_of(channel, LIST, REQUESTS[LIST], known)
        began = time.monotonic()
        held = [begin(channel, silence, slow, method) for _ in range(3 * MANY)]
        codes = {code_of(channel, name, requests[name], good) for name in requests}
        took = time.monotonic() - began
        until(lambda: any(each.done() for each in held))
        refused = [each.exception() for each in held if each.done()]
        silence.ended.set()

    assert {grpc.StatusCode.OK} == codes
    assert took < SOON
    assert {grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE} >= {
        status_of(error) for error in refused if isinstance(error, grpc.RpcError)
    }


def test_message_when_it_is_late(service: Service) -> None:
    """A message that takes longer than most is waited for, beside the only thread for others."""
    gate, good = threading.Event(), bearer(service, ADMIN)

    def late() -> Iterator[bytes]:
        gate.wait(20.0)
        yield REQUESTS[LIST].SerializeToString()

    with grpc_edge(service, Capacity(threads=1)) as channel:
        call(channel, LIST, REQUESTS[LIST], metadata=good)
        begun = begin(channel, late(), good)
        assert grpc.StatusCode.OK is code_of(channel, LIST, REQUESTS[LIST], good)
        gate.set()

        assert begun.exception(10.0) is None


def test_caller_when_the_call_has_no_message(service: Service) -> None:
    """A call that ends without its message is a bad request."""
    with grpc_edge(service) as channel:
        begun = begin(channel, iter(()), bearer(service, ADMIN))
        error = begun.exception(10.0)

    assert isinstance(error, grpc.RpcError)
    assert grpc.StatusCode.INVALID_ARGUMENT is status_of(error)


def test_caller_when_the_message_is_unreadable(service: Service) -> None:
    """What cannot be read is a bad request, which says what it was to be."""
    with grpc_edge(service) as channel:
        error = begin(channel, iter([b"\x0b" * 99]), bearer(service, ADMIN)).exception(10.0)
        assert call(channel, LIST, REQUESTS[LIST], metadata=bearer(service, ADMIN))

    assert isinstance(error, grpc.RpcError)
    assert grpc.StatusCode.INVALID_ARGUMENT is status_of(error)
    assert isinstance(error, grpc.Call)
    assert "ringback.v1.ListWorkflowsRequest" in (error.details() or "")
    assert info_of(error).reason
