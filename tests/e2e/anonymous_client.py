"""A program that a user of Google's client wrote for an emulator: it has no credentials.

Deploys, executes and prints the state. Its argument is the gRPC address.
"""

from __future__ import annotations

import sys

import grpc
from google.auth.credentials import AnonymousCredentials
from google.cloud import workflows_v1
from google.cloud.workflows import executions_v1
from google.cloud.workflows.executions_v1.services.executions.transports import (
    ExecutionsGrpcTransport,
)
from google.cloud.workflows_v1.services.workflows.transports import WorkflowsGrpcTransport

PARENT = "projects/local/locations/us-central1"


def main(address: str) -> None:
    """Deploy, execute and cancel."""
    channel = grpc.insecure_channel(address)
    anybody = AnonymousCredentials()
    workflows = workflows_v1.WorkflowsClient(
        transport=WorkflowsGrpcTransport(channel=channel, credentials=anybody)
    )
    executions = executions_v1.ExecutionsClient(
        transport=ExecutionsGrpcTransport(channel=channel, credentials=anybody)
    )
    source = "- wait:\n    call: sys.sleep\n    args: {seconds: 60}\n"
    workflow = workflows.create_workflow(
        parent=PARENT,
        workflow=workflows_v1.Workflow(source_contents=source),
        workflow_id="anonymous",
    ).result(timeout=20)
    execution = executions.create_execution(parent=workflow.name)
    sys.stdout.write(executions.cancel_execution(name=execution.name).state.name)


if __name__ == "__main__":
    main(sys.argv[1])
