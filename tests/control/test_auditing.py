"""What permissions are to the audit, and whose resources are."""

from __future__ import annotations

import pytest

from ringback_server.auth.permissions import PERMISSIONS
from ringback_server.control.auditing import kind_of, project_of
from ringback_server.model.audit import AuditKind

_READING = ("get", "list", "listRevision", "getIamPolicy")


def test_kinds_when_permissions_are_walked() -> None:
    """What is no read is a write, and an admin's unless it is the use of a workflow."""
    kinds = {permission: kind_of(permission) for permission in PERMISSIONS}
    reads = {name for name, kind in kinds.items() if kind is AuditKind.DATA_READ}
    uses = {name for name, kind in kinds.items() if kind is AuditKind.DATA_WRITE}

    assert {name for name in PERMISSIONS if name.rpartition(".")[2] in _READING} == reads
    assert {
        "workflows.callbacks.send",
        "workflows.executions.cancel",
        "workflows.executions.create",
    } == uses
    assert AuditKind.ADMIN_WRITE is kinds["iam.serviceAccounts.getAccessToken"]


@pytest.mark.parametrize(
    ("resource", "project"),
    [
        ("projects/p", "p"),
        ("projects/p/locations/l/workflows/w", "p"),
        ("projects/-/serviceAccounts/a@p.iam.gserviceaccount.com", "p"),
        ("projects/-/locations/global", ""),
        ("projects/-", ""),
        ("roles/owner", ""),
        ("", ""),
    ],
)
def test_project_when_a_resource_is_named(resource: str, project: str) -> None:
    """It is that in the name, or that of the account."""
    assert project == project_of(resource)
