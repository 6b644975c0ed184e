"""Google's asynchronous clients of Workflows for Python against Ringback.

Arguments and variables are those of client.py.
"""

import asyncio
import json
import os
import sys

import google.auth
import grpc
from google.api_core.exceptions import GoogleAPICallError
from google.auth.transport.requests import Request
from google.cloud import workflows_v1
from google.cloud.workflows import executions_v1
from google.cloud.workflows.executions_v1.services.executions.transports import (
    ExecutionsGrpcAsyncIOTransport,
)
from google.cloud.workflows_v1.services.workflows.transports import WorkflowsGrpcAsyncIOTransport

PARENT = "projects/local/locations/us-central1"
SOURCE = """
main:
  params: [order]
  steps:
    - wait:
        call: sys.sleep
        args: {seconds: "${order.seconds}"}
    - finish:
        return: ${order.number}
"""


def connect():
    """Return both clients, and the metadata that each call needs."""
    scheme, address = os.environ["RINGBACK_ADDRESS"].split("://")
    if scheme == "https":
        options = {"api_endpoint": address}
        return (
            workflows_v1.WorkflowsAsyncClient(client_options=options),
            executions_v1.ExecutionsAsyncClient(client_options=options),
            [],
        )
    # gRPC sends no credentials in plaintext, so the token goes along as metadata.
    credentials, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
    credentials.refresh(Request())
    channel = grpc.aio.insecure_channel(address)
    return (
        workflows_v1.WorkflowsAsyncClient(transport=WorkflowsGrpcAsyncIOTransport(channel=channel)),
        executions_v1.ExecutionsAsyncClient(
            transport=ExecutionsGrpcAsyncIOTransport(channel=channel)
        ),
        [("authorization", f"Bearer {credentials.token}")],
    )


async def refused(call):
    """Return what a call is refused with: the exception's type, and google.rpc's reason."""
    try:
        await call
    except GoogleAPICallError as error:
        return [type(error).__name__, error.grpc_status_code.name, error.reason]
    raise AssertionError("the call was not refused")


async def execute(executions, workflow, argument, metadata):
    """Start an execution with an argument, which is JSON."""
    return await executions.create_execution(
        parent=workflow.name,
        execution=executions_v1.Execution(argument=argument),
        metadata=metadata,
    )


async def main(workflow_id, _url):
    """Deploy, execute several at once, poll, list, cancel and delete; print what was seen."""
    workflows, executions, metadata = connect()
    seen = {}
    operation = await workflows.create_workflow(
        parent=PARENT,
        workflow_id=workflow_id,
        workflow=workflows_v1.Workflow(source_contents=SOURCE),
        metadata=metadata,
    )
    workflow = await operation.result(timeout=30)
    seen["created"] = [workflow.name, workflow.state.name, operation.metadata.verb]
    arguments = [json.dumps({"seconds": 0, "number": number}) for number in range(3)]
    started = await asyncio.gather(
        *(execute(executions, workflow, argument, metadata) for argument in arguments)
    )
    results = []
    for execution in started:
        found = execution
        while found.state == executions_v1.Execution.State.ACTIVE:
            await asyncio.sleep(0.1)
            found = await executions.get_execution(name=found.name, metadata=metadata)
        results.append(found.result)
    seen["results"] = results
    waiting = await execute(executions, workflow, '{"seconds": 300}', metadata)
    cancelled = await executions.cancel_execution(name=waiting.name, metadata=metadata)
    seen["cancelled"] = cancelled.state.name
    seen["again"] = await refused(executions.cancel_execution(name=waiting.name, metadata=metadata))
    request = {"parent": workflow.name, "page_size": 3}
    pager = await executions.list_executions(request=request, metadata=metadata)
    seen["pages"] = [len(page.executions) async for page in pager.pages]
    listed = await workflows.list_workflows(parent=PARENT, metadata=metadata)
    seen["listed"] = workflow.name in [found.name async for found in listed]
    deletion = await workflows.delete_workflow(name=workflow.name, metadata=metadata)
    await deletion.result(timeout=30)
    name = deletion.operation.name
    await workflows.delete_operation({"name": name}, metadata=metadata)
    seen["forgotten"] = await refused(workflows.get_operation({"name": name}, metadata=metadata))
    seen["deleted"] = await refused(workflows.get_workflow(name=workflow.name, metadata=metadata))
    print(json.dumps(seen))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
