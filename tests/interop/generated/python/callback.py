"""Deploys a workflow, starts it, answers its callback and prints its result.

TOKEN=… python callback.py HOST:PORT DEFINITION
"""

import json
import os
import sys
from pathlib import Path

import grpc
from google.rpc import error_details_pb2, status_pb2

from ringback.v1 import (
    callbacks_pb2,
    callbacks_pb2_grpc,
    executions_pb2,
    executions_pb2_grpc,
    operations_pb2,
    operations_pb2_grpc,
    workflows_pb2,
    workflows_pb2_grpc,
)

PARENT = "projects/local/locations/us-central1"
WORKFLOW = f"{PARENT}/workflows/approval-python"
TOKEN = [("authorization", f"Bearer {os.environ['TOKEN']}")]


def main(address, definition):
    """Run the whole of it."""
    with grpc.insecure_channel(address) as channel:
        deploy(channel, Path(definition).read_text())
        ended = approve(channel)
        output = {
            "state": executions_pb2.Execution.State.Name(ended.state),
            "result": json.loads(ended.result),
            "refusal": refusal(channel),
        }
    print(json.dumps(output))


def deploy(channel, source):
    """Create the workflow, or change the one that is there."""
    workflows = workflows_pb2_grpc.WorkflowsStub(channel)
    operations = operations_pb2_grpc.OperationsStub(channel)
    workflow = workflows_pb2.Workflow(source_contents=source)
    creation = workflows_pb2.CreateWorkflowRequest(
        parent=PARENT, workflow_id="approval-python", workflow=workflow
    )
    try:
        operation = workflows.CreateWorkflow(creation, metadata=TOKEN)
    except grpc.RpcError as refused:
        if refused.code() != grpc.StatusCode.ALREADY_EXISTS:
            raise
        workflow.name = WORKFLOW
        change = workflows_pb2.UpdateWorkflowRequest(workflow=workflow)
        operation = workflows.UpdateWorkflow(change, metadata=TOKEN)
    while not operation.done:
        request = operations_pb2.WaitOperationRequest(name=operation.name)
        operation = operations.WaitOperation(request, metadata=TOKEN)
    if operation.HasField("error"):
        raise SystemExit(operation.error.message)


def approve(channel):
    """Start an execution, answer its callback, and return it once it has ended."""
    executions = executions_pb2_grpc.ExecutionsStub(channel)
    start = executions_pb2.CreateExecutionRequest(
        parent=WORKFLOW, execution=executions_pb2.Execution(argument='{"number": 17}')
    )
    execution = executions.CreateExecution(start, metadata=TOKEN)
    request = executions_pb2.WatchExecutionRequest(name=execution.name)
    answered = False
    for seen in executions.WatchExecution(request, metadata=TOKEN):
        execution = seen.execution
        if answered or not seen.callbacks:
            continue
        decision = callbacks_pb2.SendCallbackRequest(
            name=seen.callbacks[0].name,
            headers={"X-Reviewer": "Ada"},
            content_type="application/json",
            body=b'{"approved": true}',
            request_id="decision-17",
        )
        callbacks_pb2_grpc.CallbacksStub(channel).SendCallback(decision, metadata=TOKEN)
        answered = True
    return execution


def refusal(channel):
    """Ask for an execution that is not there, and return how the error arrives."""
    request = executions_pb2.GetExecutionRequest(name=f"{WORKFLOW}/executions/unknown")
    try:
        executions_pb2_grpc.ExecutionsStub(channel).GetExecution(request, metadata=TOKEN)
    except grpc.RpcError as refused:
        seen = {"code": refused.code().name, "message": refused.details()}
        status = status_pb2.Status.FromString(
            dict(refused.trailing_metadata())["grpc-status-details-bin"]
        )
        for detail in status.details:
            info = error_details_pb2.ErrorInfo()
            if detail.Unpack(info):
                seen["reason"] = info.reason
        return seen
    raise SystemExit("there is no such execution")


main(*sys.argv[1:])
