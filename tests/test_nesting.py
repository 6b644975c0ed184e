"""Which executions executions may create: the account of the parent's workflow decides."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ringback_server.auth.access import Access
from ringback_server.control import executions, workflows
from ringback_server.control.executions import ExecutionSpec
from ringback_server.control.workflows import WorkflowSpec
from ringback_server.engine.families import Refusal
from ringback_server.lang.effects import ChildRequest
from ringback_server.lang.limits import RunLimits
from ringback_server.model.names import WorkflowName
from ringback_server.model.resources import Binding, ServiceAccount
from ringback_server.nesting import NestingGate
from tests.replacing import replace
from tests.services import INVOKER, NOBODY, PARENT, VIEWER, Service, running

CHILD = WorkflowName("local", "us-central1", "child")
UNKNOWN = WorkflowName("local", "us-central1", "unknown")


def gate_of(
    service: Service,
    *,
    asks: bool = True,
    limits: RunLimits | None = None,
    max_queued: int = 100_000,
) -> NestingGate:
    """Return what decides in a service."""
    backend = service.backend
    store = backend.store
    return NestingGate(
        store.workflows,
        store.census,
        store.credentials,
        Access(store.credentials, backend.clock) if asks else None,
        limits or RunLimits(),
        max_queued=max_queued,
    )


def code(admitted: object) -> int | None:
    """Return the HTTP status of a refusal, None if there was none."""
    return admitted.code if isinstance(admitted, Refusal) else None


@pytest.mark.parametrize(
    ("account", "workflow", "expected"),
    [
        (INVOKER, CHILD, None),
        (INVOKER, UNKNOWN, 404),
        (VIEWER, CHILD, 403),
        (NOBODY, UNKNOWN, 403),
        ("unknown@local.iam.gserviceaccount.com", CHILD, 403),
    ],
)
def test_account_when_it_creates(
    tmp_path: Path, account: str, workflow: WorkflowName, expected: int | None
) -> None:
    """It needs the permission on the workflow; without it, it cannot tell whether there is one."""
    with running(tmp_path) as service:
        workflows.create(service.caller(), PARENT, "child", WorkflowSpec(source="- a: {return: 1}"))
        request = ChildRequest(workflow=workflow, argument="1")

        assert expected == code(gate_of(service).admit(account, 1, [request]))


def test_account_when_its_binding_is_on_another_workflow(tmp_path: Path) -> None:
    """A role on one workflow does not help with another, nor does any role a disabled account."""
    disabled = "disabled@local.iam.gserviceaccount.com"
    with running(tmp_path) as service:
        for name in ("child", "other"):
            spec = WorkflowSpec(source="- a: {return: 1}")
            workflows.create(service.caller(), PARENT, name, spec)
        credentials = service.backend.store.credentials
        role = "roles/workflows.invoker"
        credentials.add_binding(
            Binding(email=NOBODY, role=role, resource=f"{PARENT}/workflows/other")
        )
        credentials.add_account(
            ServiceAccount(email=disabled, unique_id="9", display_name="", disabled=True)
        )
        credentials.add_binding(Binding(email=disabled, role=role, resource="*"))
        other = ChildRequest(workflow=replace(CHILD, workflow="other"), argument="1")
        child = ChildRequest(workflow=CHILD, argument="1")
        gate = gate_of(service)

        assert [None, 403] == [code(gate.admit(NOBODY, 1, [one])) for one in (other, child)]
        assert 403 == code(gate.admit(NOBODY, 1, [other, child]))
        assert 403 == code(gate.admit(disabled, 1, [other]))
        assert code(gate_of(service, asks=False).admit(disabled, 1, [other])) is None


def test_limits_when_they_are_reached(tmp_path: Path) -> None:
    """Depth and queue are bounded, labels are checked."""
    with running(tmp_path) as service:
        workflows.create(service.caller(), PARENT, "child", WorkflowSpec(source="- a: {return: 1}"))
        request = ChildRequest(workflow=CHILD, argument="1")
        gate = gate_of(service, limits=RunLimits(child_depth=2))
        full = gate_of(service, max_queued=0)
        labelled = replace(request, labels={"Team": "blue"})

        assert [None, 429] == [code(gate.admit(INVOKER, depth, [request])) for depth in (2, 3)]
        assert 429 == code(full.admit(INVOKER, 1, [request]))
        assert 400 == code(gate.admit(INVOKER, 1, [request, labelled]))


def test_workflow_when_its_account_has_no_role(tmp_path: Path) -> None:
    """The call is an HttpError 403, as Google's interface would answer."""
    source = """
- start:
    try:
      call: experimental.executions.run
      args: {workflow_id: child}
    except:
      as: e
      steps:
        - caught: {return: "${e.body.error}"}
"""
    with running(tmp_path) as service:
        caller = service.caller()
        workflows.create(caller, PARENT, "child", WorkflowSpec(source="- a: {return: 1}"))
        spec = WorkflowSpec(source=source, service_account=NOBODY)
        workflow, _ = workflows.create(caller, PARENT, "parent", spec)
        started = executions.create(caller, workflow.name, ExecutionSpec())
        error = json.loads(service.ended(started.name).result or "")

    assert (403, "PERMISSION_DENIED") == (error["code"], error["status"])
    assert str(CHILD) in error["message"]
