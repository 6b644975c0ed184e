"""Verbs on workflows, and what a deployment may hold."""

from __future__ import annotations

import pytest

from ringback_server.control import operations, workflows
from ringback_server.control.listing import ListRequest
from ringback_server.control.workflows import WorkflowSpec
from ringback_server.errors import (
    AlreadyExistsError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
)
from ringback_server.model.names import OperationName, WorkflowName
from ringback_server.model.resources import Execution
from ringback_server.store.workflow_changes import WorkflowChanges
from tests.replacing import replace
from tests.services import ADMIN, NOBODY, PARENT, VIEWER, WAITS, Service

SPEC = WorkflowSpec(source="- done:\n    return: 1\n")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        (WorkflowChanges(source=""), "workflow.source_contents"),
        (WorkflowChanges(source="- a:\n    nope: 1\n"), "workflow.source_contents"),
        (WorkflowChanges(source="x" * 1_000_000), "workflow.source_contents"),
        (WorkflowChanges(description="x" * 1_001), "workflow.description"),
        (WorkflowChanges(labels={"Upper": "x"}), "workflow.labels"),
        (WorkflowChanges(labels={"": "x"}), "workflow.labels"),
        (WorkflowChanges(labels={"a": "Upper"}), "workflow.labels"),
        (WorkflowChanges(labels={"a": "x" * 64}), "workflow.labels"),
        (WorkflowChanges(labels={f"l{number}": "" for number in range(65)}), "workflow.labels"),
        (WorkflowChanges(user_env_vars={"GOOGLE_X": "1"}), "workflow.user_env_vars"),
        (WorkflowChanges(user_env_vars={"WORKFLOWS_X": "1"}), "workflow.user_env_vars"),
        (WorkflowChanges(user_env_vars={"": "1"}), "workflow.user_env_vars"),
        (WorkflowChanges(user_env_vars={"A": "ä" * 2_049}), "workflow.user_env_vars"),
        (
            WorkflowChanges(user_env_vars={f"V{number}": "" for number in range(21)}),
            "workflow.user_env_vars",
        ),
        (WorkflowChanges(service_account="a/b"), "workflow.service_account"),
        (
            WorkflowChanges(service_account="projects/p/serviceAccounts/"),
            "workflow.service_account",
        ),
    ],
)
def test_create_with_a_bad_field(service: Service, changes: WorkflowChanges, field: str) -> None:
    """A bad field is refused by name, on create and on update."""
    with pytest.raises(InvalidArgumentError) as on_create:
        workflows.create(service.caller(), PARENT, "w", _changed(changes))
    workflow, _ = workflows.create(service.caller(), PARENT, "w", SPEC)
    with pytest.raises(InvalidArgumentError) as on_update:
        workflows.update(service.caller(), workflow.name, changes)

    assert {field} == {violation.field for violation in on_create.value.violations}
    assert {field} == {violation.field for violation in on_update.value.violations}


def _changed(changes: WorkflowChanges) -> WorkflowSpec:
    return WorkflowSpec(
        source=SPEC.source if changes.source is None else changes.source,
        description=changes.description or "",
        labels=changes.labels or {},
        user_env_vars=changes.user_env_vars or {},
        service_account=changes.service_account or "",
    )


def test_create_with_many_problems(service: Service) -> None:
    """All problems of a definition are told at once, one per line, each with its place."""
    source = "- a:\n    nope: 1\n- b:\n    also: 2\n"
    with pytest.raises(InvalidArgumentError) as caught:
        workflows.create(service.caller(), PARENT, "w", replace(SPEC, source=source))

    lines = caught.value.message.split("\n")
    assert lines == [violation.description for violation in caught.value.violations]
    assert ["step a", "step b"] == ["step a" if "step a" in line else "step b" for line in lines]
    assert all("line " in line and "column " in line for line in lines)


@pytest.mark.parametrize("workflow_id", ["", "1a", "a-", "a.b", "a" * 65, "-", "ä"])
def test_create_with_a_bad_id(service: Service, workflow_id: str) -> None:
    """An id that SPEC 6.1 does not allow is refused."""
    with pytest.raises(InvalidArgumentError):
        workflows.create(service.caller(), PARENT, workflow_id, SPEC)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("", "projects/local/serviceAccounts/invoker@local.iam.gserviceaccount.com"),
        ("a@b.com", "projects/local/serviceAccounts/a@b.com"),
        ("123", "projects/local/serviceAccounts/123"),
        ("projects/-/serviceAccounts/a@b.com", "projects/local/serviceAccounts/a@b.com"),
        ("projects/other/serviceAccounts/a@b.com", "projects/other/serviceAccounts/a@b.com"),
    ],
)
def test_create_with_a_service_account(service: Service, given: str, shown: str) -> None:
    """Accounts are accepted in both forms, and shown in the full one."""
    spec = replace(SPEC, service_account=given)

    assert shown == workflows.create(service.caller(), PARENT, "w", spec)[0].service_account


@pytest.mark.parametrize(
    ("account", "warned"),
    [(ADMIN, False), ("a@b.com", True), ("projects/-/serviceAccounts/a@b.com", True)],
)
def test_warnings_when_the_account_is_not_there(
    service: Service, account: str, *, warned: bool
) -> None:
    """Whoever deploys for an account that does not exist is told, and how to make it."""
    found = workflows.warnings(service.caller(), account)

    assert warned == any("--service-accounts a@b.com=" in words for words in found)
    assert warned == bool(found)


@pytest.mark.parametrize("account", [ADMIN, f"projects/-/serviceAccounts/{ADMIN}"])
def test_deploy_when_the_caller_may_not_act_as_the_account(service: Service, account: str) -> None:
    """Whoever may deploy gets no more rights by it: code runs as others only for those who may."""
    permissions = frozenset({"workflows.workflows.create", "workflows.workflows.update"})
    admin = service.caller()
    principal = replace(admin.principal, permissions=permissions)
    deployer = replace(admin, principal=principal)
    spec = replace(SPEC, service_account=account)
    workflows.create(admin, PARENT, "powerful", spec)
    weak, _ = workflows.create(deployer, PARENT, "weak", SPEC)
    powerful = WorkflowName("local", "us-central1", "powerful")
    workflows.update(deployer, powerful, WorkflowChanges(description="no code"))
    for attempt in (
        lambda: workflows.create(deployer, PARENT, "w", spec),
        lambda: workflows.validate_create(deployer, PARENT, "w", spec),
        lambda: workflows.update(deployer, weak.name, WorkflowChanges(service_account=account)),
        lambda: workflows.update(deployer, powerful, WorkflowChanges(source=WAITS)),
        lambda: workflows.update(deployer, powerful, WorkflowChanges(user_env_vars={"A": "b"})),
    ):
        with pytest.raises(PermissionDeniedError, match=r"iam\.serviceAccounts\.actAs"):
            attempt()

    actor = replace(principal, permissions=permissions | {"iam.serviceAccounts.actAs"})
    changed, _ = workflows.update(
        replace(admin, principal=actor), powerful, WorkflowChanges(source=WAITS)
    )
    assert changed.source == WAITS


def test_create_when_it_exists(service: Service) -> None:
    """A second workflow of the same name is refused."""
    workflows.create(service.caller(), PARENT, "w", SPEC)
    with pytest.raises(AlreadyExistsError):
        workflows.create(service.caller(), PARENT, "w", SPEC)


def test_get_of_revisions(service: Service) -> None:
    """An update of the source makes a revision; both can be read and are listed, newest first."""
    caller = service.caller()
    first, _ = workflows.create(caller, PARENT, "w", SPEC)
    second, _ = workflows.update(caller, first.name, WorkflowChanges(source=WAITS))
    same, _ = workflows.update(caller, first.name, WorkflowChanges(description="new"))

    assert first.source == workflows.get(caller, first.name, first.revision_id).source
    assert second.revision_id == same.revision_id
    listed = workflows.list_revisions(caller, first.name, ListRequest()).items
    assert [second.revision_id, first.revision_id] == [found.revision_id for found in listed]


def test_list_page_by_page(service: Service) -> None:
    """Pages show every workflow once, by id."""
    caller = service.caller()
    for workflow_id in ("c", "a", "b"):
        workflows.create(caller, PARENT, workflow_id, SPEC)
    first = workflows.list_(caller, PARENT, ListRequest(size=2))
    second = workflows.list_(caller, PARENT, ListRequest(size=2, token=first.next_token))

    assert ["a", "b", "c"] == [found.name.workflow for found in first.items + second.items]
    assert "" == second.next_token


def test_delete_with_executions(service: Service) -> None:
    """A deleted workflow is gone, and so are its executions."""
    execution: Execution = service.execution("w")
    caller = service.caller()
    operation = workflows.delete(caller, execution.name.parent)

    assert "delete" == operation.verb
    with pytest.raises(NotFoundError):
        workflows.get(caller, execution.name.parent)
    with pytest.raises(NotFoundError):
        service.backend.store.executions.get(execution.name)


def test_get_without_permission(service: Service) -> None:
    """Without the permission one cannot tell whether a workflow exists."""
    workflows.create(service.caller(), PARENT, "w", SPEC)
    messages = {workflow_id: _denial(service, workflow_id) for workflow_id in ("w", "x")}

    assert messages["w"].replace("/w'", "/x'") == messages["x"]


def _denial(service: Service, workflow_id: str) -> str:
    name = WorkflowName(PARENT.project, PARENT.location, workflow_id)
    with pytest.raises(PermissionDeniedError) as caught:
        workflows.get(service.caller(NOBODY), name)
    return caught.value.message


def test_operations_of_a_deployment(service: Service) -> None:
    """Each change leaves an operation, newest first, which can be read and forgotten."""
    caller = service.caller()
    workflow, created = workflows.create(caller, PARENT, "w", SPEC)
    deleted = workflows.delete(caller, workflow.name)
    listed = operations.list_(caller, PARENT, ListRequest(filter="done=true")).items
    name = OperationName.parse(created.name)

    assert [deleted.name, created.name] == [found.operation.name for found in listed]
    assert () == operations.list_(caller, PARENT, ListRequest(filter="done = false")).items
    assert created == operations.wait(caller, name).operation
    operations.delete(caller, name)
    with pytest.raises(NotFoundError):
        operations.get(caller, name)
    with pytest.raises(InvalidArgumentError):
        operations.list_(caller, PARENT, ListRequest(filter="kind=create"))


def test_update_as_viewer(service: Service) -> None:
    """Who may look may not change."""
    workflow, _ = workflows.create(service.caller(), PARENT, "w", SPEC)

    assert workflow == workflows.get(service.caller(VIEWER), workflow.name)
    with pytest.raises(PermissionDeniedError):
        workflows.update(service.caller(VIEWER), workflow.name, WorkflowChanges(description="x"))
