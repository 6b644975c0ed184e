"""The Workflows service."""

from __future__ import annotations

from collections.abc import Sequence

from ringback.v1 import operations_pb2, workflows_pb2
from ringback_server.api import google_names, messages
from ringback_server.api.levels import call_log_level, history_level
from ringback_server.api.unsupported import refuse_unsupported
from ringback_server.api.update_mask import workflow_changes
from ringback_server.control import deployments, workflows
from ringback_server.control.caller import Caller
from ringback_server.control.definitions import default_account
from ringback_server.control.deployments import Deployment
from ringback_server.control.listing import ListRequest
from ringback_server.control.operations import OperationOutcome
from ringback_server.control.paging import PageRequest
from ringback_server.control.workflows import WorkflowSpec
from ringback_server.model.names import LocationName, WorkflowName
from ringback_server.model.resources import Operation, Workflow


def list_workflows(
    request: workflows_pb2.ListWorkflowsRequest, caller: Caller
) -> workflows_pb2.ListWorkflowsResponse:
    """List the workflows of a location."""
    page = workflows.list_(
        caller,
        LocationName.parse(request.parent, "parent"),
        ListRequest(
            size=request.page_size,
            token=request.page_token,
            filter=request.filter,
            order_by=request.order_by,
        ),
    )
    return workflows_pb2.ListWorkflowsResponse(
        workflows=map(messages.workflow, page.items), next_page_token=page.next_token
    )


def get_workflow(
    request: workflows_pb2.GetWorkflowRequest, caller: Caller
) -> workflows_pb2.Workflow:
    """Return a workflow."""
    name = WorkflowName.parse(request.name)
    found = workflows.get(caller, name, request.revision_id)
    return messages.workflow(found, workflows.warnings(caller, found.service_account))


def create_workflow(
    request: workflows_pb2.CreateWorkflowRequest, caller: Caller
) -> operations_pb2.Operation:
    """Deploy a new workflow."""
    parent = LocationName.parse(request.parent, "parent")
    refuse_unsupported(request.workflow)
    spec = _spec(request.workflow)
    if request.validate_only:
        workflows.validate_create(caller, parent, request.workflow_id, spec)
        return _validated(request.workflow, _warnings(caller, spec.service_account, parent.project))
    created, operation = workflows.create(caller, parent, request.workflow_id, spec)
    return _deployed(created, operation, caller)


def update_workflow(
    request: workflows_pb2.UpdateWorkflowRequest, caller: Caller
) -> operations_pb2.Operation:
    """Change a workflow."""
    name = WorkflowName.parse(request.workflow.name, "workflow.name")
    changes = workflow_changes(request)
    if request.validate_only:
        workflows.validate_update(caller, name, changes)
        # Only of an account that is to be set, and so was checked: others are none of theirs.
        account = changes.service_account
        warned = () if account is None else _warnings(caller, account, name.project)
        return _validated(request.workflow, warned)
    updated, operation = workflows.update(caller, name, changes)
    return _deployed(updated, operation, caller)


def deploy_workflow(
    request: workflows_pb2.DeployWorkflowRequest, caller: Caller
) -> workflows_pb2.Workflow:
    """Make a workflow what it is asked to be."""
    name = deployments.name_of(request.parent, request.workflow_id, request.workflow.name)
    deployment = Deployment(
        spec=_spec(request.workflow),
        changes=workflow_changes(request),
        expected=request.expected_revision_id,
    )
    if request.validate_only:
        found = deployments.validate(caller, name, deployment)
    else:
        found = deployments.deploy(caller, name, deployment)
    if found is None:
        warned = _warnings(caller, deployment.spec.service_account, name.project)
        return _checked(request.workflow, warned, name)
    return messages.workflow(found, workflows.warnings(caller, found.service_account))


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


def _deployed(found: Workflow, operation: Operation, caller: Caller) -> operations_pb2.Operation:
    """Return the operation that made a workflow what it is."""
    outcome = OperationOutcome(
        operation=operation,
        workflow=found,
        warnings=workflows.warnings(caller, found.service_account),
    )
    return messages.operation(outcome)


def _warnings(caller: Caller, account: str, project: str) -> Sequence[str]:
    default = default_account(caller.backend.settings.default_service_account, project)
    return workflows.warnings(caller, account or default)


def _validated(sent: workflows_pb2.Workflow, warnings: Sequence[str]) -> operations_pb2.Operation:
    """Return the operation of a workflow that could be deployed, and was not."""
    shown = _checked(sent, warnings)
    return operations_pb2.Operation(done=True, response=google_names.pack(shown))


def _checked(
    sent: workflows_pb2.Workflow, warnings: Sequence[str], name: WorkflowName | None = None
) -> workflows_pb2.Workflow:
    """Return a workflow that could be deployed as it was sent, with its name and its warnings."""
    shown = workflows_pb2.Workflow()
    shown.CopyFrom(sent)
    shown.name = sent.name if name is None else str(name)
    shown.warnings[:] = warnings
    return shown


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
