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
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self, Unpack

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask

from ringback.v1 import (
    callbacks_pb2,
    executions_pb2,
    iam_credentials_pb2,
    logs_pb2,
    operations_pb2,
    workflows_pb2,
)
from ringback.v1.callbacks_pb2_grpc import CallbacksStub
from ringback.v1.executions_pb2_grpc import ExecutionsStub
from ringback.v1.iam_credentials_pb2_grpc import IAMCredentialsStub
from ringback.v1.logs_pb2_grpc import LogsStub
from ringback.v1.operations_pb2_grpc import OperationsStub
from ringback.v1.workflows_pb2_grpc import WorkflowsStub
from ringback_client.batches import Batches
from ringback_client.calls import CALL_SECONDS, Calls, Tokens, pages
from ringback_client.connection import Server, open_channel
from ringback_client.credentials import SCOPE, AccessTokens, read_key
from ringback_client.errors import RequestError, from_status
from ringback_client.history import History
from ringback_client.names import DEFAULT_LOCATION, Place
from ringback_client.settings import ExecutionSettings, WorkflowSettings

# How long one WaitExecution lasts; a longer wait is made of several.
_WAIT_SECONDS = 30.0

_UNFINISHED = frozenset({executions_pb2.Execution.ACTIVE, executions_pb2.Execution.QUEUED})


#: the field of a workflow for each setting
_FIELDS = {
    "env_vars": "user_env_vars",
    "service_account": "service_account",
    "description": "description",
    "labels": "labels",
    "call_log_level": "call_log_level",
    "execution_history_level": "execution_history_level",
}


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
        self._call = calls = Calls(channel, tokens, address)
        self._place = place
        self._batches = Batches(calls, place)
        self._history = History(calls, place)
        self._workflows = WorkflowsStub(channel)
        self._operations = OperationsStub(channel)
        self._executions = ExecutionsStub(channel)
        self._callbacks = CallbacksStub(channel)
        self._logs = LogsStub(channel)
        self._credentials = IAMCredentialsStub(channel)

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

    @property
    def batches(self) -> Batches:
        """The same, many at once."""
        return self._batches

    @property
    def history(self) -> History:
        """Which steps executions ran."""
        return self._history

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
        self,
        workflow: str,
        source: str,
        *,
        dry_run: bool = False,
        **settings: Unpack[WorkflowSettings],
    ) -> workflows_pb2.Workflow:
        """Create a workflow, or make a new revision of it if its definition changed.

        Settings that are not given stay as they were. With `dry_run` the server only checks,
        and what is returned is the request.
        """
        operation = self.begin_deployment(workflow, source, dry_run=dry_run, **settings)
        # The type is named after Google's package, whose clients read it too; the fields are ours.
        return workflows_pb2.Workflow.FromString(self._finished(operation).response.value)

    def begin_deployment(
        self,
        workflow: str,
        source: str,
        *,
        dry_run: bool = False,
        **settings: Unpack[WorkflowSettings],
    ) -> operations_pb2.Operation:
        """Do as `deploy` does, but return the operation, whether it is done or not."""
        wanted = workflows_pb2.Workflow(
            name=self._place.workflow(workflow),
            source_contents=source,
            user_env_vars=settings.get("env_vars", {}),
            service_account=settings.get("service_account", ""),
            description=settings.get("description", ""),
            labels=settings.get("labels", {}),
            call_log_level=settings.get(
                "call_log_level", workflows_pb2.Workflow.CALL_LOG_LEVEL_UNSPECIFIED
            ),
            execution_history_level=settings.get(
                "execution_history_level", workflows_pb2.EXECUTION_HISTORY_LEVEL_UNSPECIFIED
            ),
        )
        if self.find_workflow(wanted.name) is None:
            return self._create_workflow(wanted, dry_run=dry_run)
        given = [_FIELDS[name] for name in settings]
        request = workflows_pb2.UpdateWorkflowRequest(
            workflow=wanted,
            update_mask=FieldMask(paths=["source_contents", *given]),
            validate_only=dry_run,
        )
        return self._call(self._workflows.UpdateWorkflow, request)

    def list_workflows(self) -> Iterator[workflows_pb2.Workflow]:
        """Yield the workflows of the client's location, by name."""

        def page(token: str) -> tuple[Sequence[workflows_pb2.Workflow], str]:
            request = workflows_pb2.ListWorkflowsRequest(parent=str(self._place), page_token=token)
            answer = self._call(self._workflows.ListWorkflows, request)
            return answer.workflows, answer.next_page_token

        return pages(page)

    def list_revisions(self, workflow: str) -> Iterator[workflows_pb2.Workflow]:
        """Yield the revisions of a workflow, newest first."""
        name = self._place.workflow(workflow)

        def page(token: str) -> tuple[Sequence[workflows_pb2.Workflow], str]:
            request = workflows_pb2.ListWorkflowRevisionsRequest(name=name, page_token=token)
            answer = self._call(self._workflows.ListWorkflowRevisions, request)
            return answer.workflows, answer.next_page_token

        return pages(page)

    def delete_workflow(self, workflow: str) -> None:
        """Delete a workflow with its executions."""
        request = workflows_pb2.DeleteWorkflowRequest(name=self._place.workflow(workflow))
        self._finished(self._call(self._workflows.DeleteWorkflow, request))

    def get_workflow(self, workflow: str) -> workflows_pb2.Workflow:
        """Return a workflow in its latest revision."""
        request = workflows_pb2.GetWorkflowRequest(name=self._place.workflow(workflow))
        return self._call(self._workflows.GetWorkflow, request)

    def find_workflow(self, workflow: str) -> workflows_pb2.Workflow | None:
        """Return a workflow in its latest revision, None if there is none."""
        try:
            return self.get_workflow(workflow)
        except RequestError as error:
            if error.status is grpc.StatusCode.NOT_FOUND:
                return None
            raise

    def _create_workflow(
        self, workflow: workflows_pb2.Workflow, *, dry_run: bool
    ) -> operations_pb2.Operation:
        parent, _, workflow_id = workflow.name.rpartition("/workflows/")
        request = workflows_pb2.CreateWorkflowRequest(
            parent=parent, workflow=workflow, workflow_id=workflow_id, validate_only=dry_run
        )
        return self._call(self._workflows.CreateWorkflow, request)

    def _finished(self, operation: operations_pb2.Operation) -> operations_pb2.Operation:
        """Wait until an operation is done; raise its error."""
        while not operation.done:
            request = operations_pb2.WaitOperationRequest(
                name=operation.name, timeout=_duration(_WAIT_SECONDS)
            )
            operation = self._call(
                self._operations.WaitOperation, request, timeout=_WAIT_SECONDS + CALL_SECONDS
            )
        if operation.HasField("error"):
            raise from_status(operation.error)
        return operation

    # Executions

    def execute(
        self, workflow: str, *, argument: str = "", **settings: Unpack[ExecutionSettings]
    ) -> executions_pb2.Execution:
        """Start an execution with an argument, as JSON text, and return at once."""
        request = executions_pb2.CreateExecutionRequest(
            parent=self._place.workflow(workflow),
            execution=executions_pb2.Execution(argument=argument, **settings),
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
                self._executions.WaitExecution, request, timeout=seconds + CALL_SECONDS
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

        return pages(page)

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

        return pages(page)

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

        return pages(page)

    # Credentials

    def generate_access_token(
        self, email: str, *, seconds: int = 3600, permissions: Sequence[str] = ()
    ) -> str:
        """Return an access token of an account that the client's may make tokens for.

        It is valid for `seconds`; `permissions` narrows what it is good for.
        """
        request = iam_credentials_pb2.GenerateAccessTokenRequest(
            name=f"projects/-/serviceAccounts/{email}",
            scope=[SCOPE],
            lifetime=_duration(seconds),
            permissions=permissions,
        )
        return self._call(self._credentials.GenerateAccessToken, request).access_token

    def generate_id_token(self, email: str, audience: str, *, include_email: bool = False) -> str:
        """Return an ID token for an audience, of an account the client's may make tokens for."""
        request = iam_credentials_pb2.GenerateIdTokenRequest(
            name=f"projects/-/serviceAccounts/{email}",
            audience=audience,
            include_email=include_email,
        )
        return self._call(self._credentials.GenerateIdToken, request).token


def _duration(seconds: float) -> Duration:
    duration = Duration()
    duration.FromNanoseconds(int(seconds * 1e9))
    return duration
