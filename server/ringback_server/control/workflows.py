"""Verbs on workflows: deploy, read, change, delete."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from ringback_server.control import definitions, list_fields
from ringback_server.control.auditing import Detail, describe
from ringback_server.control.caller import Caller, Page, requires
from ringback_server.control.listing import ListRequest, page_of, query
from ringback_server.control.paging import PageRequest, PageSizes, page, position
from ringback_server.control.refusals import refused
from ringback_server.errors import AlreadyExistsError, NotFoundError
from ringback_server.model.names import (
    LocationName,
    ServiceAccountName,
    WorkflowName,
    resource,
    valid_workflow_id,
)
from ringback_server.model.resources import CallLogLevel, HistoryLevel, Operation, Workflow
from ringback_server.store.workflow_changes import WorkflowChanges

_PAGE = PageSizes(default=500, maximum=1_000)
_REVISIONS_PAGE = PageSizes(default=20, maximum=100)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowSpec:
    """A workflow as a deployer describes it."""

    source: str
    service_account: str = ""
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    user_env_vars: Mapping[str, str] = field(default_factory=dict[str, str])
    call_log_level: CallLogLevel = CallLogLevel.CALL_LOG_LEVEL_UNSPECIFIED
    history_level: HistoryLevel = HistoryLevel.EXECUTION_HISTORY_LEVEL_UNSPECIFIED


@requires("workflows.workflows.create")
def create(
    caller: Caller, parent: LocationName, workflow_id: str, spec: WorkflowSpec
) -> tuple[Workflow, Operation]:
    """Deploy a new workflow.

    Raise InvalidArgumentError for a bad field or definition, PermissionDeniedError for an account
    that the caller may not act as, and AlreadyExistsError.
    """
    account = _check_new(caller, parent, workflow_id, spec)
    name = WorkflowName(parent.project, parent.location, workflow_id)
    describe(lambda _created: (Detail(resource=str(name)),))
    return caller.backend.store.workflows.create(
        name,
        source=spec.source,
        service_account=account,
        description=spec.description,
        labels=spec.labels,
        user_env_vars=spec.user_env_vars,
        call_log_level=spec.call_log_level,
        history_level=spec.history_level,
        now=caller.backend.clock.now(),
    )


@requires("workflows.workflows.update")
def update(
    caller: Caller, name: WorkflowName, changes: WorkflowChanges
) -> tuple[Workflow, Operation]:
    """Change the fields of a workflow that are not None.

    Raise InvalidArgumentError for a bad field or definition, PermissionDeniedError when the code
    would run as an account that the caller may not act as, and NotFoundError.
    """
    changes = checked_changes(caller, name, changes)
    return caller.backend.store.workflows.update(name, changes, caller.backend.clock.now())


@requires("workflows.workflows.create")
def validate_create(
    caller: Caller, parent: LocationName, workflow_id: str, spec: WorkflowSpec
) -> None:
    """Raise what `create` would raise now; deploy nothing."""
    _check_new(caller, parent, workflow_id, spec)
    name = WorkflowName(parent.project, parent.location, workflow_id)
    with suppress(NotFoundError):
        caller.backend.store.workflows.get(name)
        raise AlreadyExistsError(f"{name} exists already.", resource=resource(name))


@requires("workflows.workflows.update")
def validate_update(caller: Caller, name: WorkflowName, changes: WorkflowChanges) -> None:
    """Raise what `update` would raise now; change nothing."""
    checked_changes(caller, name, changes)
    caller.backend.store.workflows.get(name)


def warnings(caller: Caller, account: str) -> tuple[str, ...]:
    """Return what will fail of a workflow that runs as an account, though it can be deployed."""
    email = account.rpartition("/")[2]
    found = caller.backend.store.credentials.account(email)
    if found is None:
        absent = (
            f"The service account {email} does not exist here, so that calls with auth and of "
            "other workflows fail. To have it made, start the server with "
            f"--service-accounts {email}=roles/workflows.invoker"
        )
        return (absent,)
    return (f"The service account {email} is disabled.",) if found.disabled else ()


@requires("workflows.workflows.delete")
def delete(caller: Caller, name: WorkflowName) -> Operation:
    """Delete a workflow with its executions, which are cancelled first; or NotFoundError."""
    backend = caller.backend
    operation, live = backend.store.workflows.delete(name, backend.clock.now())
    backend.store.credentials.forget()
    backend.store.callback_signatures.forget()
    for execution_key in live:
        backend.engine.ended(execution_key)
    return operation


@requires("workflows.workflows.get")
def get(caller: Caller, name: WorkflowName, revision_id: str = "") -> Workflow:
    """Return a workflow in the given or else its latest revision; or NotFoundError."""
    return caller.backend.store.workflows.get(name, revision_id or None)


@requires("workflows.workflows.list")
def list_(caller: Caller, parent: LocationName, request: ListRequest) -> Page[Workflow]:
    """Return a page of the workflows of a location, by id unless ordered otherwise.

    Raise InvalidArgumentError for a filter or an order that is not understood.
    """
    backend = caller.backend
    scope = f"workflows {parent}"
    wanted = query(scope, request, list_fields.WORKFLOWS, _PAGE, now=backend.clock.now())
    found = backend.store.workflows.list(parent, wanted)
    return page_of(scope, request, found, lambda workflow: workflow)


@requires("workflows.workflows.listRevision")
def list_revisions(caller: Caller, name: WorkflowName, request: PageRequest) -> Page[Workflow]:
    """Return a page of the revisions of a workflow, newest first; or NotFoundError."""
    limit = _REVISIONS_PAGE.limit(request.size)
    scope = f"revisions {name}"
    after = position(scope, request.token, int)
    rows = caller.backend.store.workflows.list_revisions(name, limit=limit + 1, after=after)
    return page(scope, rows, limit, place=lambda row: row.revision_key, item=lambda row: row)


def _check_new(caller: Caller, parent: LocationName, workflow_id: str, spec: WorkflowSpec) -> str:
    """Raise InvalidArgumentError for a bad field; return the account's full name."""
    if not valid_workflow_id(workflow_id):
        rule = "1 to 64 letters, digits, _ and -, from a letter to a letter or digit"
        raise refused("workflow_id", f"workflow_id must be {rule}, not {workflow_id[:100]!r}")
    default = caller.backend.settings.default_service_account
    account = definitions.full_account_name(spec.service_account, parent, default)
    definitions.check_description(spec.description)
    definitions.check_labels(spec.labels, "workflow.labels")
    definitions.check_env_vars(spec.user_env_vars)
    definitions.check_source(spec.source, caller.backend.definition_limits)
    _check_may_act(caller, account, parent.project)
    return account


@requires("workflows.workflows.update")
def checked_changes(
    caller: Caller, name: WorkflowName, changes: WorkflowChanges
) -> WorkflowChanges:
    """Raise what keeps changes from being made; return them with full names."""
    if changes.description is not None:
        definitions.check_description(changes.description)
    if changes.labels is not None:
        definitions.check_labels(changes.labels, "workflow.labels")
    if changes.user_env_vars is not None:
        definitions.check_env_vars(changes.user_env_vars)
    if changes.source is not None:
        definitions.check_source(changes.source, caller.backend.definition_limits)
    if changes.service_account is not None:
        default = caller.backend.settings.default_service_account
        account = definitions.full_account_name(changes.service_account, name.parent, default)
        changes = replace(changes, service_account=account)
    if (changes.source, changes.user_env_vars, changes.service_account) != (None, None, None):
        stored = caller.backend.store.workflows.get(name).service_account
        _check_may_act(caller, changes.service_account or stored, name.project)
    return changes


def _check_may_act(caller: Caller, account: str, project: str) -> None:
    """Raise PermissionDeniedError unless the caller may have code run as an account.

    Whoever may deploy may use the default account of the project: that is what it is for.
    """
    email = account.rpartition("/")[2]
    setting = caller.backend.settings.default_service_account
    if email == definitions.default_account(setting, project):
        return
    name = ServiceAccountName.of(email)
    caller.backend.access.check(caller.principal, "iam.serviceAccounts.actAs", str(name))
