"""Pages of large items: none is larger than what a client takes that set nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message

from ringback.v1 import executions_pb2, logs_pb2, operations_pb2, workflows_pb2
from ringback_server.control import executions, workflows
from ringback_server.control.executions import ExecutionSpec
from ringback_server.control.workflows import WorkflowSpec
from ringback_server.model.names import WorkflowName
from ringback_server.store.workflow_changes import WorkflowChanges
from tests.edges import bearer, grpc_edge
from tests.rpc.calls import call
from tests.services import ADMIN, PARENT, Service

#: bytes of one answer; clients take 4 MiB
MOST = 3_000_000
#: how many there are of each, over 4 MiB in all
MANY = 45

_PADDING = f"# {'x' * 1_000}\n" * 100

#: logs 4 MiB in all when there are some, and fails with 128 KiB
_MUCH = """
main:
  steps:
    - make:
        assign: [{s: "0123456789abcdef"}]
    - double:
        switch:
          - condition: ${len(s) < 120000}
            assign: [{s: "${s + s}"}]
            next: double
    - note:
        for:
          value: n
          range: [1, 3]
          steps:
            - log:
                call: sys.log
                args: {text: "${string(n) + s}"}
    - fail:
        raise: ${s}
"""


@pytest.fixture
def channel(service: Service) -> Iterator[grpc.Channel]:
    """Open a channel to the service, with the limits that clients have by themselves."""
    with grpc_edge(service) as opened:
        yield opened


def _source(number: int) -> str:
    return f"{_PADDING}- done:\n    return: {number}\n"


def _fields(message: Message) -> dict[str, Any]:
    """Return the fields that are set of a message whose type is not known here."""
    return {field.name: value for field, value in message.ListFields()}


def _answers(
    service: Service, channel: grpc.Channel, name: str, request: Message
) -> Iterator[Message]:
    """Yield the pages of a list."""
    while True:
        answer = call(channel, name, request, metadata=bearer(service, ADMIN))
        yield answer
        token = _fields(answer).get("next_page_token")
        if not token:
            return
        request.MergeFrom(type(request)(page_token=token))


def _check(answers: list[Message], items: str) -> int:
    """Check the sizes of pages; return how many different items they have."""
    assert MOST >= max(answer.ByteSize() for answer in answers)
    assert len(answers) > 1
    found = [item.SerializeToString() for answer in answers for item in _fields(answer)[items]]
    assert len(found) == len(set(found))
    return len(found)


def test_pages_of_workflows_revisions_and_operations(
    service: Service, channel: grpc.Channel
) -> None:
    """Definitions count wherever they are shown, and none is left out."""
    caller = service.caller()
    for number in range(MANY):
        workflows.create(caller, PARENT, f"w{number}", WorkflowSpec(source=_source(number)))
    name = WorkflowName(PARENT.project, PARENT.location, "w0")
    for number in range(MANY):
        workflows.update(caller, name, WorkflowChanges(source=_source(number + 1_000)))
    parent = str(PARENT)
    listed = workflows_pb2.ListWorkflowsRequest(parent=parent, page_size=1_000)
    filtered = workflows_pb2.ListWorkflowsRequest(
        parent=parent, page_size=1_000, filter="state=ACTIVE", order_by="updateTime desc"
    )
    revisions = workflows_pb2.ListWorkflowRevisionsRequest(name=str(name), page_size=100)
    operations = operations_pb2.ListOperationsRequest(name=parent, page_size=1_000)

    for request, method, items, number in (
        (listed, "Workflows.ListWorkflows", "workflows", MANY),
        (filtered, "Workflows.ListWorkflows", "workflows", MANY),
        (revisions, "Workflows.ListWorkflowRevisions", "workflows", MANY + 1),
        (operations, "Operations.ListOperations", "operations", 2 * MANY),
    ):
        answers = list(_answers(service, channel, f"ringback.v1.{method}", request))
        assert number == _check(answers, items)


def test_pages_of_executions_and_log_entries(service: Service, channel: grpc.Channel) -> None:
    """Errors and log entries count, and none is left out."""
    caller = service.caller()
    first = service.execution("much", _MUCH)
    more = [executions.create(caller, first.name.parent, ExecutionSpec()) for _ in range(19)]
    for execution in (first, *more):
        service.ended(execution.name)
    parent = str(first.name.parent)
    listed = executions_pb2.ListExecutionsRequest(
        parent=parent, page_size=100, view=executions_pb2.FULL
    )
    filtered = executions_pb2.ListExecutionsRequest(
        parent=parent,
        page_size=100,
        view=executions_pb2.FULL,
        filter="state=FAILED",
        order_by="endTime",
    )
    entries = logs_pb2.ListLogEntriesRequest(parent=parent, page_size=1_000)

    for request, method, items, number in (
        (listed, "Executions.ListExecutions", "executions", 20),
        (filtered, "Executions.ListExecutions", "executions", 20),
        (entries, "Logs.ListLogEntries", "entries", 60),
    ):
        answers = list(_answers(service, channel, f"ringback.v1.{method}", request))
        assert number == _check(answers, items)
