"""The verb that deploys a workflow, whether it is new or not."""

from __future__ import annotations

from dataclasses import dataclass

from ringback_server.control import workflows
from ringback_server.control.caller import Caller, requires
from ringback_server.control.refusals import refused
from ringback_server.control.workflows import WorkflowSpec
from ringback_server.errors import AlreadyExistsError, FailedPreconditionError, NotFoundError
from ringback_server.model.names import LocationName, WorkflowName
from ringback_server.model.resources import Workflow
from ringback_server.store.workflow_changes import WorkflowChanges, check_revision, differs


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A workflow as it is to be: the whole of a new one, or what changes of one that is there."""

    spec: WorkflowSpec
    changes: WorkflowChanges
    #: the revision that it must have, "" for any or none
    expected: str = ""


def name_of(parent: str, workflow_id: str, name: str) -> WorkflowName:
    """Return the name of what is to be deployed; `name` may say it once more.

    Raise InvalidArgumentError.
    """
    place = LocationName.parse(parent, "parent")
    if not workflow_id:
        raise refused("workflow_id", "workflow_id must be the last segment of the workflow's name")
    wanted = WorkflowName(place.project, place.location, workflow_id)
    if name not in {"", str(wanted)}:
        raise refused("workflow.name", f"workflow.name must be empty or {wanted}")
    return wanted


def deploy(caller: Caller, name: WorkflowName, deployment: Deployment) -> Workflow:
    """Create a workflow or change it, unless it is so already, and return it.

    Raise what `workflows.create` and `workflows.update` raise, and FailedPreconditionError when
    another revision is expected than there is.
    """
    try:
        return _change(caller, name, deployment)
    except NotFoundError:
        _refuse_expectation(name, deployment)
    try:
        created, _ = workflows.create(caller, name.parent, name.workflow, deployment.spec)
    except AlreadyExistsError:
        # Somebody else was first.
        return _change(caller, name, deployment)
    return created


def validate(caller: Caller, name: WorkflowName, deployment: Deployment) -> Workflow | None:
    """Raise what `deploy` would raise now; return the workflow if there is nothing to change."""
    try:
        changes = workflows.checked_changes(caller, name, deployment.changes)
        before = workflows.get(caller, name)
    except NotFoundError:
        _refuse_expectation(name, deployment)
        workflows.validate_create(caller, name.parent, name.workflow, deployment.spec)
        return None
    check_revision(before, deployment.expected)
    return None if differs(before, changes) else before


@requires("workflows.workflows.update")
def _change(caller: Caller, name: WorkflowName, deployment: Deployment) -> Workflow:
    store = caller.backend.store.workflows
    # Before its fields are looked at: what does not exist is checked as what is new.
    store.get(name)
    changes = workflows.checked_changes(caller, name, deployment.changes)
    return store.deploy(name, changes, caller.backend.clock.now(), expected=deployment.expected)


def _refuse_expectation(name: WorkflowName, deployment: Deployment) -> None:
    if deployment.expected:
        raise FailedPreconditionError(
            f"{name} does not exist, so it has no revision {deployment.expected[:80]}.",
            reason="REVISION_CHANGED",
        )
