"""The client, against a server whose answers are written here."""

import json

import grpc
import pytest
from google.protobuf.any_pb2 import Any
from google.rpc import code_pb2
from google.rpc.status_pb2 import Status

from ringback.v1.callbacks_pb2 import (
    Callback,
    ListCallbacksRequest,
    ListCallbacksResponse,
    SendCallbackRequest,
    SendCallbackResponse,
)
from ringback.v1.executions_pb2 import (
    CreateExecutionRequest,
    Execution,
    ListExecutionsRequest,
    ListExecutionsResponse,
    WaitExecutionRequest,
)
from ringback.v1.operations_pb2 import Operation
from ringback.v1.workflows_pb2 import (
    CreateWorkflowRequest,
    UpdateWorkflowRequest,
    Workflow,
)
from ringback_client import (
    Client,
    ExecutionEndedError,
    ExecutionFailedError,
    InvalidInputError,
    RequestError,
    Retries,
    ServerNotFoundError,
    StackFrame,
    WaitTimeoutError,
)
from ringback_client.connection import Server
from tests.client.stand_in import StandIn

NAME = "projects/local/locations/us-central1/workflows/w"
ENDPOINT = f"{NAME}/executions/e/callbacks/c"
SECOND_PAGE = "2"
NOT_FOUND = Status(code=code_pb2.NOT_FOUND, message="There is no workflow w.")


def done(workflow: Workflow) -> Operation:
    """Return the operation of a deployment, in the form that Google's clients expect."""
    type_url = "type.googleapis.com/google.cloud.workflows.v1.Workflow"
    response = Any(type_url=type_url, value=workflow.SerializeToString())
    return Operation(name="o", done=True, response=response)


def test_deploy_when_workflow_is_new(client: Client, stand_in: StandIn) -> None:
    """An unknown workflow is created."""
    stand_in.answer("GetWorkflow", NOT_FOUND)
    stand_in.answer("CreateWorkflow", done(Workflow(name=NAME, revision_id="000001-abc")))

    workflow = client.deploy("w", "- a:\n    return: 1\n", env_vars={"K": "V"})

    request = stand_in.last("CreateWorkflow")
    assert isinstance(request, CreateWorkflowRequest)
    assert workflow.revision_id == "000001-abc"
    assert (request.parent, request.workflow_id) == ("projects/local/locations/us-central1", "w")
    assert {"K": "V"} == dict(request.workflow.user_env_vars)


def test_deploy_when_workflow_exists(client: Client, stand_in: StandIn) -> None:
    """A known workflow is updated, in no more fields than were given."""
    stand_in.answer("GetWorkflow", Workflow(name=NAME))
    stand_in.answer("UpdateWorkflow", done(Workflow(name=NAME, revision_id="000002-abc")))

    workflow = client.deploy("w", "source")

    request = stand_in.last("UpdateWorkflow")
    assert isinstance(request, UpdateWorkflowRequest)
    assert workflow.revision_id == "000002-abc"
    assert ["source_contents"] == list(request.update_mask.paths)


def test_deploy_when_operation_takes_a_while(client: Client, stand_in: StandIn) -> None:
    """An operation under way is awaited."""
    stand_in.answer("GetWorkflow", Workflow(name=NAME))
    stand_in.answer("UpdateWorkflow", Operation(name="o"))
    stand_in.answer("WaitOperation", Operation(name="o"), done(Workflow(revision_id="000003-abc")))

    assert client.deploy("w", "source").revision_id == "000003-abc"


def test_deploy_when_operation_fails(client: Client, stand_in: StandIn) -> None:
    """The error of an operation is an error of the call."""
    stand_in.answer("GetWorkflow", Workflow(name=NAME))
    stand_in.answer(
        "UpdateWorkflow", Operation(done=True, error=Status(code=code_pb2.ABORTED, message="No."))
    )

    with pytest.raises(RequestError, match="No") as caught:
        client.deploy("w", "source")

    assert caught.value.status is grpc.StatusCode.ABORTED


def test_execute_when_called_twice(client: Client, stand_in: StandIn) -> None:
    """Calls carry the access token, and the argument as it was written."""
    stand_in.answer("CreateExecution", Execution(name=f"{NAME}/executions/e"))

    client.execute("w", argument_json='{"n": 9007199254740993}')
    client.execute("w", argument_json='{"n": 9007199254740993}')

    request = stand_in.last("CreateExecution")
    assert isinstance(request, CreateExecutionRequest)
    assert json.loads(request.execution.argument) == {"n": 9007199254740993}
    assert stand_in.authorizations == {"Bearer token-1"}


def test_wait_when_execution_runs_on(client: Client, stand_in: StandIn) -> None:
    """Waiting goes on until the execution has ended."""
    running, ended = Execution(state=Execution.ACTIVE), Execution(state=Execution.FAILED)
    stand_in.answer("WaitExecution", running, running, ended)

    assert client.wait("e", workflow="w") == ended


def test_wait_when_time_is_over(client: Client, stand_in: StandIn) -> None:
    """After the timeout the execution is returned as it is."""
    stand_in.answer("WaitExecution", Execution(state=Execution.ACTIVE))

    execution = client.wait("e", workflow="w", timeout=0)

    request = stand_in.last("WaitExecution")
    assert isinstance(request, WaitExecutionRequest)
    assert execution.state == Execution.ACTIVE
    assert request.timeout.ToMilliseconds() == 0


def test_list_executions_when_there_are_pages(client: Client, stand_in: StandIn) -> None:
    """All pages are read, each only when it is needed."""
    first, second = Execution(name="1"), Execution(name="2")
    stand_in.answer(
        "ListExecutions",
        ListExecutionsResponse(executions=[first], next_page_token=SECOND_PAGE),
        ListExecutionsResponse(executions=[second]),
    )

    assert [first, second] == list(client.list("w", filter_="state=FAILED", order_by="endTime"))
    request = stand_in.last("ListExecutions")
    assert isinstance(request, ListExecutionsRequest)
    assert request.page_token == SECOND_PAGE
    assert ("state=FAILED", "endTime") == (request.filter, request.order_by)


def test_run_when_it_succeeds(client: Client, stand_in: StandIn) -> None:
    """The argument is sent as JSON, and the result is what the JSON says."""
    stand_in.answer("CreateExecution", Execution(name=f"{NAME}/executions/e"))
    ended = Execution(state=Execution.SUCCEEDED, result='{"n": [1, null]}')
    stand_in.answer("WaitExecution", Execution(state=Execution.QUEUED), ended)

    assert {"n": [1, None]} == client.run("w", {"name": "Ådá"}, labels={"a": "b"})

    request = stand_in.last("CreateExecution")
    assert isinstance(request, CreateExecutionRequest)
    assert '{"name": "Ådá"}' == request.execution.argument
    assert {"a": "b"} == dict(request.execution.labels)


def test_run_when_it_fails(client: Client, stand_in: StandIn) -> None:
    """A failed execution raises its error: the value, the words and the steps."""
    position = Execution.StackTraceElement.Position(line=3, column=5)
    step = Execution.StackTraceElement(step="b", routine="main", position=position)
    failed = Execution(
        name=f"{NAME}/executions/e",
        state=Execution.FAILED,
        error=Execution.Error(
            payload='{"code": 404, "tags": ["HttpError"]}',
            context="HTTP server responded with error code 404",
            stack_trace=Execution.StackTrace(elements=[step]),
        ),
    )
    stand_in.answer("CreateExecution", Execution(name=failed.name))
    stand_in.answer("WaitExecution", failed)

    with pytest.raises(ExecutionFailedError, match="error code 404") as caught:
        client.run("w")

    error = caught.value
    assert ("FAILED", {"code": 404, "tags": ["HttpError"]}) == (error.state, error.payload)
    assert (StackFrame(step="b", routine="main", line=3, column=5),) == error.stack
    assert 'in step "b", routine "main", line: 3' == str(error.stack[0])
    assert failed == error.execution


def test_run_when_it_is_cancelled(client: Client, stand_in: StandIn) -> None:
    """A cancelled execution has no result either."""
    stand_in.answer("CreateExecution", Execution(name=f"{NAME}/executions/e"))
    error = Execution.Error(payload="cancelled", context="Cancelled.")
    stand_in.answer("WaitExecution", Execution(state=Execution.CANCELLED, error=error))

    with pytest.raises(ExecutionFailedError) as caught:
        client.run("w")

    assert ("CANCELLED", "cancelled") == (caught.value.state, caught.value.payload)


def test_run_when_it_takes_too_long(client: Client, stand_in: StandIn) -> None:
    """What has not ended in time is a TimeoutError that names the execution."""
    stand_in.answer("CreateExecution", Execution(name=f"{NAME}/executions/e"))
    stand_in.answer("WaitExecution", Execution(name=f"{NAME}/executions/e", state=Execution.ACTIVE))

    with pytest.raises(WaitTimeoutError, match="executions/e") as caught:
        client.run("w", timeout=0)

    assert isinstance(caught.value, TimeoutError)


@pytest.mark.parametrize("argument", [object(), {1, 2}, float("nan")])
def test_execute_when_argument_is_no_json(client: Client, argument: object) -> None:
    """What cannot be written as JSON never leaves."""
    with pytest.raises(InvalidInputError, match="argument cannot be written as JSON"):
        client.execute("w", argument)


def test_send_callback_with_data(client: Client, stand_in: StandIn) -> None:
    """Data are sent as JSON to the endpoint of a URL, with the URL's query and more of it."""
    stand_in.answer("SendCallback", SendCallbackResponse(payload_id="p"))

    client.send_callback(f"https://h/v1/{ENDPOINT}?a=1&a=2", {"ok": True}, query={"b": "3"})

    request = stand_in.last("SendCallback")
    assert isinstance(request, SendCallbackRequest)
    assert (ENDPOINT, "application/json") == (request.name, request.content_type)
    assert {"ok": True} == json.loads(request.body)
    query = {key: list(values.values) for key, values in request.query.items()}
    assert {"a": ["1", "2"], "b": ["3"]} == query


def test_send_callback_with_a_body(client: Client, stand_in: StandIn) -> None:
    """Anything else is sent as it is, to an endpoint that was listed."""
    stand_in.answer("SendCallback", SendCallbackResponse(payload_id="p"))

    client.send_callback(
        Callback(name=ENDPOINT), body=b"\0", content_type="image/png", idempotency_key="k"
    )

    request = stand_in.last("SendCallback")
    assert isinstance(request, SendCallbackRequest)
    assert (b"\0", "image/png", "k") == (request.body, request.content_type, request.request_id)


def test_wait_for_callback_when_a_step_waits_later(client: Client, stand_in: StandIn) -> None:
    """The endpoint is returned once a step waits at it, not before."""
    early = Callback(name=ENDPOINT, method="POST")
    other = Callback(name="other", method="GET", waiters=1)
    waited = Callback(name=ENDPOINT, method="POST", waiters=1)
    stand_in.answer("GetExecution", Execution(state=Execution.ACTIVE))
    stand_in.answer(
        "ListCallbacks",
        ListCallbacksResponse(),
        ListCallbacksResponse(callbacks=[early, other]),
        ListCallbacksResponse(callbacks=[other, waited]),
    )

    assert waited == client.wait_for_callback("e", workflow="w", method="post")


def test_wait_for_callback_when_none_comes(client: Client, stand_in: StandIn) -> None:
    """Without a step that waits in time it is a TimeoutError; after the end, there will be none."""
    stand_in.answer("ListCallbacks", ListCallbacksResponse())
    stand_in.answer(
        "GetExecution", Execution(state=Execution.ACTIVE), Execution(state=Execution.SUCCEEDED)
    )

    with pytest.raises(WaitTimeoutError, match="waits for a callback"):
        client.wait_for_callback("e", workflow="w", timeout=0)
    with pytest.raises(ExecutionEndedError, match="SUCCEEDED"):
        client.wait_for_callback("e", workflow="w", timeout=0)


def test_list_callbacks_when_late(client: Client, stand_in: StandIn) -> None:
    """Payloads that came too late are asked for by the filter."""
    callback = Callback(name="c", method="GET")
    stand_in.answer("ListCallbacks", ListCallbacksResponse(callbacks=[callback]))

    assert [callback] == list(client.callbacks("e", workflow="w", late=True))
    request = stand_in.last("ListCallbacks")
    assert isinstance(request, ListCallbacksRequest)
    assert request.filter == "state=LATE"


def test_get_workflow_when_refused(client: Client, stand_in: StandIn) -> None:
    """A refusal is a RequestError with the server's status and words."""
    stand_in.answer("GetWorkflow", NOT_FOUND)

    with pytest.raises(RequestError, match="There is no workflow w") as caught:
        client.get_workflow("w")

    assert caught.value.status is grpc.StatusCode.NOT_FOUND


def test_get_workflow_when_nobody_listens(server: Server) -> None:
    """A server that cannot be reached is named."""
    gone = Server(address="127.0.0.1:1", tls=False, key_file=server.key_file, found="a test")

    with (
        Client(gone, retries=Retries(times=0)) as client,
        pytest.raises(ServerNotFoundError, match=r"127\.0\.0\.1:1"),
    ):
        client.get_workflow("w")


def test_get_workflow_when_a_proxy_is_set(
    server: Server, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy of the surroundings is not used: no token passes by anybody else."""
    for name in ("grpc_proxy", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    stand_in.answer("GetWorkflow", Workflow(name=NAME))

    with Client(server) as client:
        assert client.get_workflow("w").name == NAME
