"""The account of workflows that name none."""

from __future__ import annotations

import pytest

from ringback_server.control import workflows
from ringback_server.control.workflows import WorkflowSpec
from ringback_server.errors import PermissionDeniedError
from ringback_server.model.names import LocationName
from ringback_server.model.resources import Binding, ServiceAccount
from tests.replacing import replace
from tests.services import Service

DEPLOYER = "deployer@orders.iam.gserviceaccount.com"
PARENT = LocationName("orders", "us-central1")
SOURCE = "- a:\n    return: 1\n"


def test_account_when_each_project_has_its_own(service: Service) -> None:
    """Whoever may deploy may use that of the project, and no other project's."""
    credentials = service.backend.store.credentials
    credentials.add_account(ServiceAccount(email=DEPLOYER, unique_id="5", display_name=""))
    credentials.add_binding(
        Binding(email=DEPLOYER, role="roles/workflows.editor", resource="projects/orders")
    )
    setting = "invoker@PROJECT.iam.gserviceaccount.com"
    settings = replace(service.backend.settings, default_service_account=setting)
    caller = replace(service.caller(DEPLOYER), backend=replace(service.backend, settings=settings))
    workflow, _ = workflows.create(caller, PARENT, "w", WorkflowSpec(source=SOURCE))
    for account in (
        "invoker@billing.iam.gserviceaccount.com",
        "projects/billing/serviceAccounts/invoker@billing.iam.gserviceaccount.com",
    ):
        spec = WorkflowSpec(source=SOURCE, service_account=account)
        with pytest.raises(PermissionDeniedError, match="actAs"):
            workflows.create(caller, PARENT, "other", spec)

    expected = "projects/orders/serviceAccounts/invoker@orders.iam.gserviceaccount.com"
    assert expected == workflow.service_account
