"""Which roles make sense on which resource: those with a permission that is checked there."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ringback_server.model.names import (
    CallbackName,
    ResourceName,
    ServiceAccountName,
    WorkflowName,
)
from ringback_server.model.roles import Role

#: what permissions begin with that are checked on a resource or below it
_CHECKED: Final[Mapping[type[ResourceName], tuple[str, ...]]] = MappingProxyType(
    {
        WorkflowName: (
            "logging.logEntries.",
            "ringback.callbackSignatures.",
            "workflows.callbacks.",
            "workflows.executions.",
            "workflows.stepEntries.",
            "workflows.workflows.",
        ),
        CallbackName: (
            "workflows.callbacks.getIamPolicy",
            "workflows.callbacks.send",
            "workflows.callbacks.setIamPolicy",
        ),
        ServiceAccountName: ("iam.serviceAccountKeys.", "iam.serviceAccounts."),
    }
)


def grantable(role: Role, name: ResourceName) -> bool:
    """Tell whether a role permits anything on a resource or below it."""
    checked = _CHECKED.get(type(name))
    return checked is None or any(one.startswith(checked) for one in role.permissions)
