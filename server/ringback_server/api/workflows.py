"""The Workflows service."""

from __future__ import annotations

from ringback.v1 import operations_pb2, workflows_pb2
from ringback_server.api import google_names, messages
from ringback_server.api.levels import call_log_level, history_level
from ringback_server.api.update_mask import workflow_changes
from ringback_server.control import workflows
from ringback_server.control.caller import Caller
from ringback_server.control.operations import OperationOutcome
from ringback_server.control.paging import PageRequest
from ringback_server.control.refusals import refuse_if_set
from ringback_server.control.workflows import WorkflowSpec
from ringback_server.model.names import LocationName, WorkflowName


def list_workflows(
    request: workflows_pb2.ListWorkflowsRequest, caller: Caller
) -> workflows_pb2.ListWorkflowsResponse:
    """List the workflows of a location."""
    refuse_if_set(filter=request.filter, order_by=request.order_by)
    page = workflows.list_(
        caller,
        LocationName.parse(request.parent, "parent"),
        PageRequest(size=request.page_size, token=request.page_token),
    )
    return workflows_pb2.ListWorkflowsResponse(
        workflows=map(messages.workflow, page.items), next_page_token=page.next_token
    )


def get_workflow(
    request: workflows_pb2.GetWorkflowRequest, caller: Caller
) -> workflows_pb2.Workflow:
    """Return a workflow."""
    name = WorkflowName.parse(request.name)
    return messages.workflow(workflows.get(caller, name, request.revision_id))


def create_workflow(
    request: workflows_pb2.CreateWorkflowRequest, caller: Caller
) -> operations_pb2.Operation:
    """Deploy a new workflow."""
    parent = LocationName.parse(request.parent, "parent")
    spec = _spec(request.workflow)
    if request.validate_only:
        workflows.validate_create(caller, parent, request.workflow_id, spec)
        return _validated(request.workflow)
    created, operation = workflows.create(caller, parent, request.workflow_id, spec)
    return messages.operation(OperationOutcome(operation=operation, workflow=created))


def update_workflow(
    request: workflows_pb2.UpdateWorkflowRequest, caller: Caller
) -> operations_pb2.Operation:
    """Change a workflow."""
    name = WorkflowName.parse(request.workflow.name, "workflow.name")
    changes = workflow_changes(request)
    if request.validate_only:
        workflows.validate_update(caller, name, changes)
        return _validated(request.workflow)
    updated, operation = workflows.update(caller, name, changes)
    return messages.operation(OperationOutcome(operation=operation, workflow=updated))


def delete_workflow(
    request: workflows_pb2.DeleteWorkflowRequest, caller: Caller
) -> operations_pb2.Operation:
    """Delete a workflow with its executions."""
    operation = workflows.delete(caller, WorkflowName.parse(request.name))
    return messages.operation(OperationOutcome(operation=operation, workflow=None))


def list_workflow_revisions(
    request: workflows_pb2.ListWorkflowRevisionsRequest, caller: Caller
) -> workflows_pb2.ListWorkflowRevisionsResponse:
    """List the revisions of a workflow."""
    page = workflows.list_revisions(
        caller,
        WorkflowName.parse(request.name),
        PageRequest(size=request.page_size, token=request.page_token),
    )
    return workflows_pb2.ListWorkflowRevisionsResponse(
        workflows=map(messages.workflow, page.items), next_page_token=page.next_token
    )


def _validated(sent: workflows_pb2.Workflow) -> operations_pb2.Operation:
    """Return the operation of a workflow that could be deployed, and was not."""
    return operations_pb2.Operation(done=True, response=google_names.pack(sent))


def _spec(sent: workflows_pb2.Workflow) -> WorkflowSpec:
    return WorkflowSpec(
        source=sent.source_contents,
        service_account=sent.service_account,
        description=sent.description,
        labels=dict(sent.labels),
        user_env_vars=dict(sent.user_env_vars),
        call_log_level=call_log_level(sent.call_log_level, "workflow.call_log_level"),
        history_level=history_level(
            sent.execution_history_level, "workflow.execution_history_level"
        ),
    )
