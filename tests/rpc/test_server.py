"""The gRPC server: names, authentication, threads, deadlines, ports."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from ringback.v1 import callbacks_pb2, executions_pb2, operations_pb2
from ringback_server.api.table import SERVICES, Method
from ringback_server.api.table import Service as ApiService
from ringback_server.control import executions
from ringback_server.control.caller import Caller
from ringback_server.control.executions import ExecutionSpec
from ringback_server.errors import StartError
from ringback_server.rpc.server import Capacity, GrpcServer
from ringback_server.setting_values import Address
from tests.edges import LOOPBACK, bearer, grpc_edge
from tests.rpc.calls import REQUESTS, WORKFLOW, begin, call, code_of, info_of, rpcs, status_of
from tests.services import ADMIN, INVOKER, NOBODY, Service

GOOGLES = {
    "ringback.v1.Workflows": "google.cloud.workflows.v1.Workflows",
    "ringback.v1.Executions": "google.cloud.workflows.executions.v1.Executions",
    "ringback.v1.Locations": "google.cloud.location.Locations",
    "ringback.v1.Operations": "google.longrunning.Operations",
    "ringback.v1.IAMCredentials": "google.iam.credentials.v1.IAMCredentials",
}
WAIT = "ringback.v1.Executions.WaitExecution"


@pytest.fixture
def channel(service: Service) -> Iterator[grpc.Channel]:
    """Open a channel to the service."""
    with grpc_edge(service) as opened:
        yield opened


def test_table_of_services_is_complete() -> None:
    """Every RPC in the descriptors has a handler, and a request in these tests."""
    handled = [
        f"{service.descriptor.full_name}.{name}" for service in SERVICES for name in service.methods
    ]

    assert rpcs() == sorted(handled)
    assert rpcs() == sorted(REQUESTS)


def test_call_of_every_rpc_without_a_token(channel: grpc.Channel) -> None:
    """Without a token every RPC, under every name, answers UNAUTHENTICATED."""
    answers = {name: code_of(channel, name, REQUESTS[_ours(name)], ()) for name in _all_names()}

    assert dict.fromkeys(answers, grpc.StatusCode.UNAUTHENTICATED) == answers


def test_call_of_every_rpc_without_a_role(service: Service, channel: grpc.Channel) -> None:
    """An account without roles is denied every RPC, under every name, but told what it may."""
    token = bearer(service, NOBODY)
    answers = {name: code_of(channel, name, REQUESTS[_ours(name)], token) for name in _all_names()}
    denied, tells = grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.OK

    assert answers == {
        name: tells if name.endswith(".TestIamPermissions") else denied for name in answers
    }


def test_call_with_roles(service: Service, channel: grpc.Channel) -> None:
    """With its roles, the administrator is denied nothing."""
    token = bearer(service, ADMIN)
    answers = {code_of(channel, name, REQUESTS[name], token) for name in rpcs()}

    assert not answers & {
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
    }


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer x.y.z", "token"])
def test_call_with_a_bad_token(channel: grpc.Channel, value: str) -> None:
    """What is no valid bearer token is refused, and the reason is told."""
    with pytest.raises(grpc.RpcError) as caught:
        call(channel, WAIT, REQUESTS[WAIT], metadata=(("authorization", value),))

    assert grpc.StatusCode.UNAUTHENTICATED == status_of(caught.value)
    assert info_of(caught.value).reason


def test_call_of_an_unknown_method(service: Service, channel: grpc.Channel) -> None:
    """What the contract does not have stays UNIMPLEMENTED, with a token and without."""
    name = "google.cloud.workflows.executions.v1.Executions.WaitExecutions"
    for metadata in ((), bearer(service, ADMIN)):
        assert grpc.StatusCode.UNIMPLEMENTED == code_of(channel, name, Empty(), metadata)


def test_error_with_details(service: Service, channel: grpc.Channel) -> None:
    """A refusal carries google.rpc.Status with a reason."""
    with pytest.raises(grpc.RpcError) as caught:
        call(
            channel,
            "ringback.v1.Workflows.GetWorkflow",
            REQUESTS["ringback.v1.Workflows.GetWorkflow"],
            metadata=bearer(service, ADMIN),
        )

    info = info_of(caught.value)
    assert ("WORKFLOW_NOT_FOUND", "ringback") == (info.reason, info.domain)
    assert {"resource": WORKFLOW} == dict(info.metadata)


def test_list_when_results_are_big(service: Service, channel: grpc.Channel) -> None:
    """A page in full fits in what a client takes that set nothing, and all are on one."""
    source = """
    - make:
        assign: [{s: "0123456789abcdef"}]
    - double:
        switch:
          - condition: ${len(s) < 200000}
            assign: [{s: "${s + s}"}]
            next: double
    - done:
        return: ${s}
    """
    first = service.execution("big", source)
    more = [
        executions.create(service.caller(), first.name.parent, ExecutionSpec()) for _ in range(19)
    ]
    names = [str(service.ended(found.name).name) for found in (first, *more)]
    wanted = executions_pb2.ListExecutionsRequest(
        parent=str(first.name.parent), view=executions_pb2.FULL
    )
    pages: list[list[str]] = []
    while wanted.page_token or not pages:
        page = call(
            channel,
            "ringback.v1.Executions.ListExecutions",
            wanted,
            metadata=bearer(service, ADMIN),
        )
        assert isinstance(page, executions_pb2.ListExecutionsResponse)
        pages.append([found.name for found in page.executions])
        wanted.page_token = page.next_page_token

    assert [7, 7, 6] == [len(found) for found in pages]
    assert names[::-1] == [name for found in pages for name in found]


def test_wait_until_a_callback(service: Service, channel: grpc.Channel) -> None:
    """A waiting call returns when the callback sent by another one ends the execution."""
    execution = service.execution("w")
    endpoint = service.endpoint(execution.name)
    metadata = bearer(service, INVOKER)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(_wait, channel, str(execution.name), metadata, 10.0)
        sent = call(
            channel,
            "ringback.v1.Callbacks.SendCallback",
            callbacks_pb2.SendCallbackRequest(
                name=str(endpoint),
                headers={"X-Tag": "t", "content-type": "ignored"},
                query={"a": callbacks_pb2.QueryValues(values=["1", "2"])},
                content_type="application/json",
                body=b'{"n": 9007199254740993}',
            ),
            metadata=metadata,
        )
        ended = waiting.result(5.0)

    assert isinstance(sent, callbacks_pb2.SendCallbackResponse)
    assert isinstance(ended, executions_pb2.Execution)
    assert callbacks_pb2.SendCallbackResponse.RESUMED == sent.outcome
    assert executions_pb2.Execution.SUCCEEDED == ended.state
    for part in (
        '"body":{"n":9007199254740993}',
        '"headers":{"Content-Type":"application/json","X-Tag":"t"}',
        '"method":"POST"',
        '"query":{"a":["1","2"]}',
    ):
        assert part in ended.result


def test_wait_does_not_starve_others(service: Service) -> None:
    """With every seat taken by calls that wait, others are served, and one more is refused."""
    execution = service.execution("w")
    metadata = bearer(service, INVOKER)
    capacity = Capacity(threads=1, waiting=3, waiting_each=3)
    with grpc_edge(service, capacity) as channel, ThreadPoolExecutor(4) as pool:
        waiting = [
            pool.submit(_wait, channel, str(execution.name), metadata, 10.0) for _ in range(4)
        ]
        refused = _first_failure(waiting)
        name = "ringback.v1.Executions.CancelExecution"
        request = executions_pb2.CancelExecutionRequest(name=str(execution.name))
        call(channel, name, request, metadata=metadata, timeout=2.0)
        states = [future.result(5.0) for future in waiting if future.exception(5.0) is None]

    assert grpc.StatusCode.RESOURCE_EXHAUSTED == refused
    assert 3 == len(states)


def test_wait_for_more_than_one_principal_may(service: Service) -> None:
    """One principal cannot take all the seats."""
    execution = service.execution("w")
    capacity = Capacity(threads=1, waiting=3, waiting_each=1)
    with grpc_edge(service, capacity) as channel, ThreadPoolExecutor(3) as pool:
        invokers = [
            pool.submit(_wait, channel, str(execution.name), bearer(service, INVOKER), 10.0)
            for _ in range(2)
        ]
        refused = _first_failure(invokers)
        _wait(channel, str(execution.name), bearer(service, ADMIN), 0.0)
        executions.cancel(service.caller(), execution.name)

    assert grpc.StatusCode.RESOURCE_EXHAUSTED == refused


def test_wait_until_the_client_gives_up(service: Service) -> None:
    """A call that its client cancelled stops waiting, and its seat is free again."""
    execution = service.execution("w")
    metadata = bearer(service, INVOKER)
    with grpc_edge(service, Capacity(waiting=1, waiting_each=1)) as channel:
        given_up = _seated(channel, str(execution.name), metadata)
        given_up.cancel()

        assert _until(lambda: _wait_is_possible(channel, str(execution.name), metadata))


def test_wait_until_the_deadline_of_the_call(service: Service) -> None:
    """No call is answered later than its own deadline, whatever timeout it asks for."""
    execution = service.execution("w")
    metadata = bearer(service, INVOKER)
    with grpc_edge(service) as channel:
        begun = time.monotonic()
        try:
            _wait(channel, str(execution.name), metadata, 30.0, timeout=0.2)
        except grpc.RpcError as error:
            answered = status_of(error)
        else:
            answered = grpc.StatusCode.OK

    assert answered in {grpc.StatusCode.OK, grpc.StatusCode.DEADLINE_EXCEEDED}
    assert time.monotonic() - begun < 2.0


def test_stop_while_a_call_waits(service: Service) -> None:
    """A call that waits is answered when the server stops, before its grace is over."""
    execution = service.execution("w")
    server = GrpcServer(LOOPBACK, service.admission)
    server.start()
    metadata = bearer(service, INVOKER)
    with grpc.insecure_channel(str(server.address)) as channel, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(_wait, channel, str(execution.name), metadata, 30.0)
        stub = "ringback.v1.Executions.GetExecution"
        call(
            channel,
            stub,
            executions_pb2.GetExecutionRequest(name=str(execution.name)),
            metadata=metadata,
        )
        server.stop(8.0)
        server.stop(8.0)
        answer = waiting.result(1.0)

    assert isinstance(answer, executions_pb2.Execution)
    assert executions_pb2.Execution.ACTIVE == answer.state


def test_internal_error_says_nothing(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    """What fails inside is logged with its traceback and leaves without detail."""
    services = [_failing()]
    server = GrpcServer(LOOPBACK, service.admission, services=services)
    server.start()
    name = "ringback.v1.Operations.GetOperation"
    with grpc.insecure_channel(str(server.address)) as channel:
        with pytest.raises(grpc.RpcError) as caught, caplog.at_level(logging.ERROR):
            call(channel, name, REQUESTS[name], metadata=bearer(service, ADMIN))
        server.stop(0.0)

    assert isinstance(caught.value, grpc.Call)
    assert (grpc.StatusCode.INTERNAL, "Internal error.") == (
        caught.value.code(),
        caught.value.details(),
    )
    assert "the secret" in caplog.text
    assert "the secret" not in repr(caught.value)


def test_listen_when_the_port_is_taken(service: Service) -> None:
    """A port that another process listens on is refused in one clear line."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = Address("127.0.0.1", other.getsockname()[1])
        with pytest.raises(StartError) as caught:
            GrpcServer(address, service.admission)

    assert str(address) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_listen_twice(service: Service) -> None:
    """Two servers never share a port."""
    server = GrpcServer(LOOPBACK, service.admission)
    server.start()
    try:
        with pytest.raises(StartError):
            GrpcServer(server.address, service.admission)
    finally:
        server.stop(0.0)


def _failing() -> ApiService:
    def fail(_message: Message, _caller: Caller) -> Message:
        raise RuntimeError("the secret")

    operations = operations_pb2.DESCRIPTOR.services_by_name["Operations"]
    method = Method(request=operations_pb2.GetOperationRequest, answer=fail)
    return ApiService(descriptor=operations, methods={"GetOperation": method})


def _all_names() -> list[str]:
    googles = [
        f"{GOOGLES[service]}.{method}"
        for service, _, method in (name.rpartition(".") for name in rpcs())
        if service in GOOGLES
    ]
    return [*rpcs(), *googles]


def _ours(name: str) -> str:
    service, _, method = name.rpartition(".")
    ours = {googles: ringbacks for ringbacks, googles in GOOGLES.items()}
    return f"{ours.get(service, service)}.{method}"


def _wait(
    channel: grpc.Channel,
    name: str,
    metadata: tuple[tuple[str, str], ...],
    seconds: float,
    *,
    timeout: float = 10.0,
) -> Message:
    return call(channel, WAIT, _wait_request(name, seconds), metadata=metadata, timeout=timeout)


def _wait_request(name: str, seconds: float) -> executions_pb2.WaitExecutionRequest:
    return executions_pb2.WaitExecutionRequest(name=name, timeout=Duration(seconds=int(seconds)))


def _wait_is_possible(
    channel: grpc.Channel, name: str, metadata: tuple[tuple[str, str], ...]
) -> bool:
    answer = code_of(channel, WAIT, _wait_request(name, 0.0), metadata)
    assert answer in {grpc.StatusCode.OK, grpc.StatusCode.RESOURCE_EXHAUSTED}
    return answer is grpc.StatusCode.OK


def _seated(
    channel: grpc.Channel, name: str, metadata: tuple[tuple[str, str], ...]
) -> grpc.Future[Message]:
    """Begin a call that waits in the only seat; a probe may have been there when it came."""
    for _ in range(100):
        begun = begin(channel, WAIT, _wait_request(name, 30.0), metadata)
        assert _until(partial(_seated_or_refused, begun, channel, name, metadata))
        if not begun.done():
            return begun
    raise AssertionError("No call got the only seat.")


def _seated_or_refused(
    begun: grpc.Future[Message],
    channel: grpc.Channel,
    name: str,
    metadata: tuple[tuple[str, str], ...],
) -> bool:
    return begun.done() or not _wait_is_possible(channel, name, metadata)


def _until(holds: Callable[[], bool]) -> bool:
    pause = threading.Event()
    return any(holds() or pause.wait(0.02) for _ in range(100))


def _first_failure(futures: list[Future[Message]]) -> grpc.StatusCode:
    done, _ = wait(futures, timeout=5.0, return_when=FIRST_COMPLETED)
    error = next(iter(done)).exception()
    assert isinstance(error, grpc.RpcError)
    return status_of(error)
