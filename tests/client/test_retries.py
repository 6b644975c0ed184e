"""Calls that find no server are made again, when that is safe and as long as there is time."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import islice

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc import code_pb2
from google.rpc.status_pb2 import Status

from ringback.v1.callbacks_pb2 import SendCallbackRequest, SendCallbackResponse
from ringback.v1.executions_pb2 import CreateExecutionRequest, Execution
from ringback.v1.workflows_pb2 import Workflow
from ringback_client import Client, RequestError, Retries, ServerNotFoundError
from ringback_client.connection import Server
from tests.client.stand_in import StandIn

UNAVAILABLE = Status(code=code_pb2.UNAVAILABLE, message="Not now.")
QUICK = Retries(first=0.001)
ENDPOINT = "projects/p/locations/l/workflows/w/executions/e/callbacks/c"


def asked(stand_in: StandIn, method: str) -> int:
    """Return how often a method was called."""
    return len([name for name, _ in stand_in.asked if name == method])


def test_pauses_in_the_course_of_time() -> None:
    """Pauses grow up to a bound, and each is between half of it and all of it."""
    pauses = list(islice(Retries(first=1, factor=2, most=5).pauses(), 6))

    for longest, pause in zip((1, 2, 4, 5, 5, 5), pauses, strict=True):
        assert longest / 2 <= pause <= longest
    assert not list(Retries(times=0).pauses())


CALLS: list[tuple[str, Callable[[Client], object], Message]] = [
    ("GetWorkflow", lambda client: client.get_workflow("w"), Workflow(name="w")),
    ("CreateExecution", lambda client: client.execute("w"), Execution(name="e")),
    ("WaitExecution", lambda client: client.wait("e", workflow="w", timeout=0), Execution()),
    (
        "SendCallback",
        lambda client: client.send_callback(ENDPOINT),
        SendCallbackResponse(payload_id="p"),
    ),
]


@pytest.mark.parametrize(("method", "call", "answer"), CALLS)
def test_call_when_the_server_comes_back(
    server: Server,
    stand_in: StandIn,
    method: str,
    call: Callable[[Client], object],
    answer: Message,
) -> None:
    """What can be repeated safely is, until the server answers; each time with the same id."""
    stand_in.answer(method, UNAVAILABLE, UNAVAILABLE, answer)

    with Client(server, retries=QUICK) as client:
        assert answer == call(client)

    sent = [request for name, request in stand_in.asked if name == method]
    assert 3 == len(sent)
    assert sent[0] == sent[1] == sent[2]
    if isinstance(sent[0], (CreateExecutionRequest, SendCallbackRequest)):
        assert sent[0].request_id


def test_call_when_ids_are_made_up(client: Client, stand_in: StandIn) -> None:
    """Two calls are two executions: each has an id of its own, unless the caller gives one."""
    stand_in.answer("CreateExecution", Execution(name="e"))

    for request_id in ("", "", "mine"):
        client.execute("w", request_id=request_id)

    ids = [one.request_id for _, one in stand_in.asked if isinstance(one, CreateExecutionRequest)]
    assert 3 == len(set(ids))
    assert ids[-1] == "mine"


def test_cancel_when_unavailable(server: Server, stand_in: StandIn) -> None:
    """What would mean something else the second time is done once."""
    stand_in.answer("CancelExecution", UNAVAILABLE)

    with Client(server, retries=QUICK) as client, pytest.raises(RequestError) as caught:
        client.cancel("e", workflow="w")

    assert caught.value.status is grpc.StatusCode.UNAVAILABLE
    assert 1 == asked(stand_in, "CancelExecution")


def test_call_when_refused(server: Server, stand_in: StandIn) -> None:
    """Another refusal than UNAVAILABLE is final."""
    stand_in.answer("GetWorkflow", Status(code=code_pb2.RESOURCE_EXHAUSTED, message="Full."))

    with Client(server, retries=QUICK) as client, pytest.raises(RequestError, match="Full"):
        client.get_workflow("w")

    assert 1 == asked(stand_in, "GetWorkflow")


def test_call_when_repeated_as_often_as_allowed(server: Server, stand_in: StandIn) -> None:
    """A bound on repetitions is kept."""
    stand_in.answer("GetWorkflow", UNAVAILABLE)

    with (
        Client(server, retries=Retries(first=0.001, times=2)) as client,
        pytest.raises(RequestError, match="Not now"),
    ):
        client.get_workflow("w")

    assert 3 == asked(stand_in, "GetWorkflow")


def test_call_when_its_deadline_comes(server: Server) -> None:
    """Calls are not repeated beyond their deadline, and then say who cannot be reached."""
    gone = Server(address="127.0.0.1:1", tls=False, key_file=server.key_file, found="a test")
    began = time.monotonic()

    with (
        Client(gone, timeout=0.5) as client,
        pytest.raises(ServerNotFoundError, match=r"127\.0\.0\.1:1"),
    ):
        client.get_workflow("w")

    assert time.monotonic() - began < 2


def test_call_when_the_server_is_slow(server: Server, stand_in: StandIn) -> None:
    """A call that is not answered in time ends as DEADLINE_EXCEEDED."""

    def never(_: object) -> Workflow:
        time.sleep(1)
        return Workflow()

    stand_in.answers["GetWorkflow"] = never

    with Client(server, timeout=0.1) as client, pytest.raises(RequestError) as caught:
        client.get_workflow("w")

    assert caught.value.status is grpc.StatusCode.DEADLINE_EXCEEDED
