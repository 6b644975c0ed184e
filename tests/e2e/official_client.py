"""A program that a user of Google's client wrote: all it knows of the server is the address.

Writes what it saw as JSON. Arguments: gRPC address, then a key file (TLS, with the
key's credentials) or `token:TOKEN` (plaintext, with the token as metadata).
"""

from __future__ import annotations

import json
import sys

import grpc
from google.api_core.exceptions import GoogleAPICallError
from google.cloud import workflows_v1
from google.cloud.workflows import executions_v1
from google.cloud.workflows.executions_v1.services.executions.transports import (
    ExecutionsGrpcTransport,
)
from google.cloud.workflows_v1.services.workflows.transports import WorkflowsGrpcTransport

PARENT = "projects/local/locations/us-central1"
SOURCE = """
- create:
    call: events.create_callback_endpoint
    result: endpoint
- wait:
    call: events.await_callback
    args: {callback: "${endpoint}", timeout: 60}
"""


def _violations(detail: object) -> list[str]:
    """Return the fields that a detail of an error says are wrong."""
    return [violation.field for violation in getattr(detail, "field_violations", ())]


def main(address: str, secret: str) -> None:
    """Deploy, wait for the operation, create, get, list and cancel."""
    metadata: list[tuple[str, str]] = []
    workflows: workflows_v1.WorkflowsClient
    executions: executions_v1.ExecutionsClient
    if secret.startswith("token:"):
        metadata = [("authorization", f"Bearer {secret.removeprefix('token:')}")]
        channel = grpc.insecure_channel(address)
        workflows = workflows_v1.WorkflowsClient(transport=WorkflowsGrpcTransport(channel=channel))
        executions = executions_v1.ExecutionsClient(
            transport=ExecutionsGrpcTransport(channel=channel)
        )
    else:
        options = {"api_endpoint": address}
        workflows = workflows_v1.WorkflowsClient.from_service_account_file(
            secret, client_options=options
        )
        executions = executions_v1.ExecutionsClient.from_service_account_file(
            secret, client_options=options
        )
    seen: dict[str, object] = {}
    operation = workflows.create_workflow(
        parent=PARENT,
        workflow=workflows_v1.Workflow(source_contents=SOURCE, labels={"team": "blue"}),
        workflow_id="official",
        metadata=metadata,
    )
    workflow = operation.result(timeout=10)
    seen["workflow"] = [workflow.name, workflow.state.name, operation.metadata.verb]
    created = executions.create_execution(
        parent=workflow.name,
        execution=executions_v1.Execution(argument='{"n": 9007199254740993}'),
        metadata=metadata,
    )
    seen["created"] = created.state.name
    found = executions.get_execution(name=created.name, metadata=metadata)
    seen["argument"] = found.argument
    seen["steps"] = [step.step for step in found.status.current_steps]
    listed = executions.list_executions(parent=workflow.name, metadata=metadata)
    seen["listed"] = [execution.name == created.name for execution in listed]
    seen |= _filtered(workflows, executions, workflow.name, created.name, metadata)
    cancelled = executions.cancel_execution(name=created.name, metadata=metadata)
    seen["cancelled"] = cancelled.state.name
    try:
        executions.cancel_execution(name=created.name, metadata=metadata)
    except GoogleAPICallError as error:
        seen["again"] = type(error).__name__
    names = [w.name for w in workflows.list_workflows(parent=PARENT, metadata=metadata)]
    seen["workflows"] = names
    workflows.delete_workflow(name=workflow.name, metadata=metadata).result(timeout=10)
    try:
        workflows.get_workflow(name=workflow.name, metadata=metadata)
    except GoogleAPICallError as error:
        seen["deleted"] = type(error).__name__
    sys.stdout.write(json.dumps(seen))


def _filtered(
    workflows: workflows_v1.WorkflowsClient,
    executions: executions_v1.ExecutionsClient,
    workflow: str,
    execution: str,
    metadata: list[tuple[str, str]],
) -> dict[str, object]:
    """Filter and order lists, once so that it is refused."""
    filtered: list[list[bool]] = []
    refused: list[object] = []
    for text, order in (
        ('state="ACTIVE" AND stepName="wait" AND startTime>"2023-08-01"', "startTime desc"),
        ("state=FAILED OR endTime:*", ""),
    ):
        asked = executions_v1.ListExecutionsRequest(
            parent=workflow, filter=text, order_by=order, page_size=1
        )
        pager = executions.list_executions(request=asked, metadata=metadata)
        filtered.append([found.name == execution for found in pager])
    try:
        asked = executions_v1.ListExecutionsRequest(parent=workflow, filter="state=DONE")
        executions.list_executions(request=asked, metadata=metadata)
    except GoogleAPICallError as error:
        violations = [each for detail in error.details for each in _violations(detail)]
        refused = [type(error).__name__, error.reason, error.domain, violations]
    named = workflows_v1.ListWorkflowsRequest(
        parent=PARENT, filter="labels.team=blue", order_by="updateTime desc"
    )
    pages = workflows.list_workflows(request=named, metadata=metadata)
    blue = [found.name == workflow for found in pages]
    return {"filtered": filtered, "refused": refused, "blue": blue}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
