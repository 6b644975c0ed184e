"""The client: deploys workflows, runs them, and answers what they wait for.

    with Client.connect(find_server(os.environ, Path.cwd())) as client:
        client.deploy("hello", Path("hello.yaml").read_text())
        execution = client.wait(client.execute("hello", argument='{"name": "Ada"}').name)

Names may be short (`hello`) or full (`projects/local/locations/us-central1/workflows/hello`).
Every method raises a ClientError: RequestError when the server refuses, ServerNotFoundError when
it cannot be reached, CredentialsError when the key file cannot be used, InvalidInputError when a
name cannot be right. Times are in seconds.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self, TypeVar

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask

from ringback.v1 import callbacks_pb2, executions_pb2, logs_pb2, operations_pb2, workflows_pb2
from ringback.v1.callbacks_pb2_grpc import CallbacksStub
from ringback.v1.executions_pb2_grpc import ExecutionsStub
from ringback.v1.logs_pb2_grpc import LogsStub
from ringback.v1.operations_pb2_grpc import OperationsStub
from ringback.v1.workflows_pb2_grpc import WorkflowsStub
from ringback_client.connection import Server, open_channel
from ringback_client.credentials import AccessTokens, read_key
from ringback_client.errors import RequestError, from_rpc, from_status
from ringback_client.names import DEFAULT_LOCATION, Place

# A call that should be answered at once; one that waits may take its own time more.
_CALL_SECONDS = 30.0
# How long one WaitExecution lasts; a longer wait is made of several.
_WAIT_SECONDS = 30.0

_UNFINISHED = frozenset({executions_pb2.Execution.ACTIVE, executions_pb2.Execution.QUEUED})

_Request = TypeVar("_Request")
_Response = TypeVar("_Response")
_Item = TypeVar("_Item")


class Tokens(Protocol):
    """Where access tokens come from."""

    def get(self) -> str:
        """Return an access token that is valid now."""
        ...


def finished(execution: executions_pb2.Execution) -> bool:
    """Tell whether an execution has ended, however it did."""
    return execution.state not in _UNFINISHED


class Client:
    """Calls one server as one account. Threads may share it."""

    def __init__(self, channel: grpc.Channel, tokens: Tokens, place: Place, address: str) -> None:
        """Take a channel (closed with the client), tokens, and where short names belong.

        `address` is what errors call the server.
        """
        self._channel = channel
        self._tokens = tokens
        self._place = place
        self._address = address
        self._workflows = WorkflowsStub(channel)
        self._operations = OperationsStub(channel)
        self._executions = ExecutionsStub(channel)
        self._callbacks = CallbacksStub(channel)
        self._logs = LogsStub(channel)

    @classmethod
    def connect(
        cls, server: Server, *, project: str | None = None, location: str = DEFAULT_LOCATION
    ) -> Self:
        """Make a client of `server`; short names are of the key's project unless told otherwise."""
        key = read_key(server.key_file)
        tokens = AccessTokens(key, ca_file=server.ca_file)
        place = Place(project=project or key.project_id, location=location)
        return cls(open_channel(server), tokens, place, server.address)

    @property
    def place(self) -> Place:
        """Where short names belong."""
        return self._place

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # Workflows

    def deploy(
        self, workflow: str, source: str, *, env_vars: Mapping[str, str] | None = None
    ) -> workflows_pb2.Workflow:
        """Create a workflow, or make a new revision of it if its definition changed.

        `env_vars` is what `sys.get_env` finds; None leaves it as it was.
        """
        wanted = workflows_pb2.Workflow(
            name=self._place.workflow(workflow),
            source_contents=source,
            user_env_vars=env_vars or {},
        )
        if not self._exists(wanted.name):
            return self._create_workflow(wanted)
        paths = ["source_contents"] if env_vars is None else ["source_contents", "user_env_vars"]
        request = workflows_pb2.UpdateWorkflowRequest(
            workflow=wanted, update_mask=FieldMask(paths=paths)
        )
        return self._deployed(self._call(self._workflows.UpdateWorkflow, request))

    def get_workflow(self, workflow: str) -> workflows_pb2.Workflow:
        """Return a workflow in its latest revision."""
        request = workflows_pb2.GetWorkflowRequest(name=self._place.workflow(workflow))
        return self._call(self._workflows.GetWorkflow, request)

    def _exists(self, name: str) -> bool:
        try:
            self.get_workflow(name)
        except RequestError as error:
            if error.status is grpc.StatusCode.NOT_FOUND:
                return False
            raise
        return True

    def _create_workflow(self, workflow: workflows_pb2.Workflow) -> workflows_pb2.Workflow:
        parent, _, workflow_id = workflow.name.rpartition("/workflows/")
        request = workflows_pb2.CreateWorkflowRequest(
            parent=parent, workflow=workflow, workflow_id=workflow_id
        )
        return self._deployed(self._call(self._workflows.CreateWorkflow, request))

    def _deployed(self, operation: operations_pb2.Operation) -> workflows_pb2.Workflow:
        while not operation.done:
            request = operations_pb2.WaitOperationRequest(
                name=operation.name, timeout=_duration(_WAIT_SECONDS)
            )
            operation = self._call(
                self._operations.WaitOperation, request, timeout=_WAIT_SECONDS + _CALL_SECONDS
            )
        if operation.HasField("error"):
            raise from_status(operation.error)
        # The type is named after Google's package, whose clients read it too; the fields are ours.
        return workflows_pb2.Workflow.FromString(operation.response.value)

    # Executions

    def execute(
        self, workflow: str, *, argument: str = "", labels: Mapping[str, str] | None = None
    ) -> executions_pb2.Execution:
        """Start an execution with an argument, as JSON text, and return at once."""
        request = executions_pb2.CreateExecutionRequest(
            parent=self._place.workflow(workflow),
            execution=executions_pb2.Execution(argument=argument, labels=labels or {}),
        )
        return self._call(self._executions.CreateExecution, request)

    def get_execution(
        self, execution: str, *, workflow: str | None = None
    ) -> executions_pb2.Execution:
        """Return an execution by its full name, or by its id and its workflow."""
        name = self._place.execution(execution, workflow)
        request = executions_pb2.GetExecutionRequest(name=name)
        return self._call(self._executions.GetExecution, request)

    def wait(
        self, execution: str, *, workflow: str | None = None, timeout: float | None = None
    ) -> executions_pb2.Execution:
        """Return an execution once it has ended, or as it is after `timeout` seconds."""
        name = self._place.execution(execution, workflow)
        deadline = time.monotonic() + (math.inf if timeout is None else timeout)
        while True:
            seconds = min(max(deadline - time.monotonic(), 0.0), _WAIT_SECONDS)
            request = executions_pb2.WaitExecutionRequest(name=name, timeout=_duration(seconds))
            found = self._call(
                self._executions.WaitExecution, request, timeout=seconds + _CALL_SECONDS
            )
            if finished(found) or time.monotonic() >= deadline:
                return found

    def list_executions(self, workflow: str) -> Iterator[executions_pb2.Execution]:
        """Yield the executions of a workflow, newest first."""
        parent = self._place.workflow(workflow)

        def page(token: str) -> tuple[Sequence[executions_pb2.Execution], str]:
            request = executions_pb2.ListExecutionsRequest(parent=parent, page_token=token)
            answer = self._call(self._executions.ListExecutions, request)
            return answer.executions, answer.next_page_token

        return _pages(page)

    def cancel(self, execution: str, *, workflow: str | None = None) -> executions_pb2.Execution:
        """Stop an execution, and return it."""
        name = self._place.execution(execution, workflow)
        request = executions_pb2.CancelExecutionRequest(name=name)
        return self._call(self._executions.CancelExecution, request)

    # Callbacks

    def send_callback(
        self, request: callbacks_pb2.SendCallbackRequest
    ) -> callbacks_pb2.SendCallbackResponse:
        """Send a callback; once this returns, its payload is stored."""
        return self._call(self._callbacks.SendCallback, request)

    def list_callbacks(
        self, execution: str, *, workflow: str | None = None, late: bool = False
    ) -> Iterator[callbacks_pb2.Callback]:
        """Yield the endpoints of an execution that take callbacks.

        With `late`, those with payloads that were still unconsumed when the execution ended.
        """
        parent = self._place.execution(execution, workflow)

        def page(token: str) -> tuple[Sequence[callbacks_pb2.Callback], str]:
            request = callbacks_pb2.ListCallbacksRequest(
                parent=parent, page_token=token, filter="state=LATE" if late else ""
            )
            answer = self._call(self._callbacks.ListCallbacks, request)
            return answer.callbacks, answer.next_page_token

        return _pages(page)

    # Logs

    def list_logs(
        self, parent: str | None = None, *, filter_: str = "", newest_first: bool = False
    ) -> Iterator[logs_pb2.LogEntry]:
        """Yield the log entries of an execution or a workflow (full names), or of all.

        `filter_` joins terms with AND: a bare text, `severity>=WARNING`, `timestamp>="…"`.
        """
        order_by = "timestamp desc" if newest_first else ""

        def page(token: str) -> tuple[Sequence[logs_pb2.LogEntry], str]:
            request = logs_pb2.ListLogEntriesRequest(
                parent=parent or str(self._place),
                page_token=token,
                filter=filter_,
                order_by=order_by,
            )
            answer = self._call(self._logs.ListLogEntries, request)
            return answer.entries, answer.next_page_token

        return _pages(page)

    def _call(
        self,
        method: grpc.UnaryUnaryMultiCallable[_Request, _Response],
        request: _Request,
        *,
        timeout: float = _CALL_SECONDS,
    ) -> _Response:
        metadata = (("authorization", f"Bearer {self._tokens.get()}"),)
        try:
            return method(request, timeout=timeout, metadata=metadata)
        except grpc.RpcError as error:
            raise from_rpc(error, self._address) from error


def _pages(page: Callable[[str], tuple[Sequence[_Item], str]]) -> Iterator[_Item]:
    token = ""
    while True:
        items, token = page(token)
        yield from items
        if not token:
            return


def _duration(seconds: float) -> Duration:
    duration = Duration()
    duration.FromNanoseconds(int(seconds * 1e9))
    return duration
