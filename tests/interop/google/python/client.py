"""Google's clients of Workflows for Python against Ringback.

Arguments: an id for the workflow, and the URL of the server's HTTP port. The gRPC address is in
RINGBACK_ADDRESS, credentials are where Google's libraries look for them.
"""

import json
import os
import sys
import time
from functools import partial

import google.auth
import grpc
from google.api_core.exceptions import GoogleAPICallError
from google.auth.transport.requests import AuthorizedSession, Request
from google.cloud import workflows_v1
from google.cloud.workflows import executions_v1
from google.cloud.workflows.executions_v1.services.executions.transports import (
    ExecutionsGrpcTransport,
)
from google.cloud.workflows_v1.services.workflows.transports import WorkflowsGrpcTransport

PARENT = "projects/local/locations/us-central1"
FIRST = "main:\n  steps:\n    - finish:\n        return: first\n"
SOURCE = """
main:
  params: [order]
  steps:
    - check:
        switch:
          - condition: ${order.number < 1}
            raise: {code: 7, message: no such order}
    - ask:
        call: events.create_callback_endpoint
        args: {http_callback_method: POST}
        result: endpoint
    - wait:
        call: events.await_callback
        args: {callback: "${endpoint}", timeout: 300}
        result: answer
    - finish:
        return: {order: "${order.number}", approved: "${answer.http_request.body.approved}"}
"""


def connect(credentials):
    """Return both clients, and the metadata that each call needs."""
    scheme, address = os.environ["RINGBACK_ADDRESS"].split("://")
    if scheme == "https":
        options = {"api_endpoint": address}
        return (
            workflows_v1.WorkflowsClient(client_options=options),
            executions_v1.ExecutionsClient(client_options=options),
            [],
        )
    # gRPC sends no credentials in plaintext, so the token goes along as metadata.
    credentials.refresh(Request())
    channel = grpc.insecure_channel(address)
    return (
        workflows_v1.WorkflowsClient(transport=WorkflowsGrpcTransport(channel=channel)),
        executions_v1.ExecutionsClient(transport=ExecutionsGrpcTransport(channel=channel)),
        [("authorization", f"Bearer {credentials.token}")],
    )


def refused(call, **arguments):
    """Return what a call is refused with: the exception's type, and google.rpc's details."""
    try:
        call(**arguments)
    except GoogleAPICallError as error:
        fields = [v.field for d in error.details for v in getattr(d, "field_violations", [])]
        return [type(error).__name__, error.grpc_status_code.name, error.reason, fields]
    raise AssertionError(f"{call} was not refused")


def deploy(workflows, workflow_id, metadata, seen):
    """Deploy twice, and look at what there is then; return the workflow."""
    operation = workflows.create_workflow(
        parent=PARENT,
        workflow_id=workflow_id,
        workflow=workflows_v1.Workflow(source_contents=FIRST, labels={"team": "blue"}),
        metadata=metadata,
    )
    workflow = operation.result(timeout=30)
    first = workflow.revision_id
    seen["created"] = [workflow.name, workflow.state.name, first[:6], operation.metadata.verb]
    workflow.source_contents = SOURCE
    workflow.labels["team"] = "red"
    workflow = workflows.update_workflow(
        workflow=workflow,
        update_mask={"paths": ["source_contents", "labels"]},
        metadata=metadata,
    ).result(timeout=30)
    seen["updated"] = [workflow.revision_id[:6], dict(workflow.labels)]
    request = {"name": workflow.name, "revision_id": first}
    old = workflows.get_workflow(request=request, metadata=metadata)
    seen["old"] = old.source_contents == FIRST
    request = {"name": workflow.name, "page_size": 1}
    revisions = workflows.list_workflow_revisions(request=request, metadata=metadata)
    seen["revisions"] = [revision.revision_id[:6] for revision in revisions]
    request = {"parent": PARENT, "page_size": 1}
    names = [found.name for found in workflows.list_workflows(request=request, metadata=metadata)]
    seen["listed"] = workflow.name in names
    done = workflows.get_operation({"name": operation.operation.name}, metadata=metadata)
    operations = workflows.list_operations({"name": PARENT}, metadata=metadata).operations
    seen["operations"] = [done.done, done.name in [found.name for found in operations]]
    locations = workflows.list_locations({"name": "projects/local"}, metadata=metadata).locations
    location = workflows.get_location({"name": PARENT}, metadata=metadata)
    seen["locations"] = [location.location_id, location in locations]
    return workflow


def execute(executions, workflow, argument, metadata):
    """Start an execution with an argument, which is JSON."""
    execution = executions_v1.Execution(argument=argument)
    return executions.create_execution(parent=workflow.name, execution=execution, metadata=metadata)


def poll(executions, execution, until, metadata):
    """Look at an execution until it is as it should be."""
    while not until(execution):
        time.sleep(0.1)
        execution = executions.get_execution(name=execution.name, metadata=metadata)
    return execution


def waits(execution):
    """Tell whether an execution has come to its callback."""
    return [step.step for step in execution.status.current_steps] == ["wait"]


def ended(execution):
    """Tell whether an execution is at its end."""
    return execution.state != executions_v1.Execution.State.ACTIVE


def answer(session, url, execution):
    """Send the callback for which an execution waits; return the HTTP status."""
    callbacks = session.get(f"{url}/v1/{execution.name}/callbacks").json()["callbacks"]
    endpoint = f"{url}/v1/{callbacks[0]['name']}"
    return session.post(endpoint, json={"approved": True}).status_code


def run(executions, workflow, metadata, seen, send):
    """Execute: once to the end, once to a failure, and once until it is cancelled."""
    execution = execute(executions, workflow, '{"number": 9007199254740993}', metadata)
    seen["callback"] = send(poll(executions, execution, waits, metadata))
    execution = poll(executions, execution, ended, metadata)
    seen["ended"] = [execution.state.name, execution.argument, execution.result]
    execution = execute(executions, workflow, '{"number": 0}', metadata)
    execution = poll(executions, execution, ended, metadata)
    seen["failed"] = [execution.state.name, json.loads(execution.error.payload)]
    execution = execute(executions, workflow, '{"number": 2}', metadata)
    cancelled = executions.cancel_execution(name=execution.name, metadata=metadata)
    seen["cancelled"] = cancelled.state.name
    seen["again"] = refused(executions.cancel_execution, name=execution.name, metadata=metadata)
    request = {"parent": workflow.name, "page_size": 2, "view": executions_v1.ExecutionView.FULL}
    pages = executions.list_executions(request=request, metadata=metadata).pages
    seen["pages"] = [[found.argument for found in page.executions] for page in pages]
    basic = executions.list_executions(parent=workflow.name, metadata=metadata)
    seen["basic"] = [[found.state.name, found.argument] for found in basic]
    request |= {"filter": 'state!="FAILED"', "order_by": "createTime"}
    filtered = executions.list_executions(request=request, metadata=metadata)
    seen["filtered"] = [found.argument for found in filtered]
    missing = f"{workflow.name}/executions/none"
    seen["missing"] = refused(executions.get_execution, name=missing, metadata=metadata)


def main(workflow_id, url):
    """Do all that the clients can, and print what was seen."""
    credentials, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
    workflows, executions, metadata = connect(credentials)
    seen = {}
    workflow = deploy(workflows, workflow_id, metadata, seen)
    send = partial(answer, AuthorizedSession(credentials), url)
    run(executions, workflow, metadata, seen, send)
    seen["invalid"] = refused(
        workflows.create_workflow,
        parent=PARENT,
        workflow_id="1",
        workflow=workflows_v1.Workflow(source_contents=FIRST),
        metadata=metadata,
    )
    workflows.delete_workflow(name=workflow.name, metadata=metadata).result(timeout=30)
    seen["deleted"] = refused(workflows.get_workflow, name=workflow.name, metadata=metadata)
    print(json.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
