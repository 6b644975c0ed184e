"""What there is to be permitted, and the roles that group it (SPEC 5.6)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_VIEW: Final = frozenset(
    {
        "logging.logEntries.list",
        "workflows.callbacks.list",
        "workflows.executions.get",
        "workflows.executions.list",
        "workflows.locations.get",
        "workflows.locations.list",
        "workflows.operations.get",
        "workflows.operations.list",
        "workflows.stepEntries.get",
        "workflows.stepEntries.list",
        "workflows.workflows.get",
        "workflows.workflows.list",
        "workflows.workflows.listRevision",
    }
)

# Invokers run workflows and talk to them; they neither read definitions nor logs.
_INVOKE: Final = frozenset(
    {
        "workflows.callbacks.list",
        "workflows.callbacks.send",
        "workflows.executions.cancel",
        "workflows.executions.create",
        "workflows.executions.get",
        "workflows.executions.list",
        "workflows.stepEntries.get",
        "workflows.stepEntries.list",
    }
)

_EDIT: Final = (
    _VIEW
    | _INVOKE
    | {
        "workflows.operations.cancel",
        "workflows.workflows.create",
        "workflows.workflows.delete",
        "workflows.workflows.update",
    }
)

# Who deploys a workflow for an account acts with all that the account may do.
_ACT: Final = frozenset({"iam.serviceAccounts.actAs"})

_MONITOR: Final = frozenset({"monitoring.timeSeries.list"})

#: every role by name, and the permissions it holds
ROLES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "roles/workflows.viewer": _VIEW,
        "roles/workflows.invoker": _INVOKE,
        "roles/workflows.editor": _EDIT,
        "roles/workflows.admin": _EDIT | _ACT | _MONITOR | {"workflows.operations.delete"},
        "roles/monitoring.viewer": _MONITOR,
        "roles/iam.serviceAccountUser": _ACT,
        "roles/iam.serviceAccountTokenCreator": frozenset(
            {
                "iam.serviceAccounts.getAccessToken",
                "iam.serviceAccounts.getOpenIdToken",
                "iam.serviceAccounts.signBlob",
                "iam.serviceAccounts.signJwt",
            }
        ),
    }
)

#: every permission that a verb may require: those that some role holds
PERMISSIONS: Final[frozenset[str]] = frozenset[str]().union(*ROLES.values())
