"""Calls whose message comes late, or never: they keep nobody else waiting."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import grpc
import pytest

from ringback_server.rpc.server import Capacity
from tests.edges import bearer, grpc_edge
from tests.rpc.calls import REQUESTS, call, code_of, info_of, status_of
from tests.services import ADMIN, NOBODY, Service

LIST = "ringback.v1.Workflows.ListWorkflows"
#: more than there are threads of any kind for calls that do not wait
MANY = 60


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
