"""What there is to be permitted, and the roles that group it (SPEC 5.6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

from ringback_server.model.roles import Role

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

# Whose signatures are taken instead of a token: a matter of those who write the workflow.
_SIGNATURES: Final = frozenset(
    {
        "ringback.callbackSignatures.create",
        "ringback.callbackSignatures.delete",
        "ringback.callbackSignatures.get",
        "ringback.callbackSignatures.list",
        "ringback.callbackSignatures.update",
    }
)

# Who deploys a workflow for an account acts with all that the account may do.
_ACT: Final = frozenset({"iam.serviceAccounts.actAs"})

# Those who keep the keys of this server's tokens: whoever revokes one ends the tokens of all.
_SIGNING_KEYS: Final = frozenset(
    {
        "ringback.signingKeys.list",
        "ringback.signingKeys.revoke",
        "ringback.signingKeys.rotate",
    }
)

_MONITOR: Final = frozenset({"monitoring.timeSeries.list"})

# Who sets the policy of a resource may grant anything there, to themselves too.
_SHARE: Final = frozenset(
    {
        "workflows.callbacks.getIamPolicy",
        "workflows.callbacks.setIamPolicy",
        "workflows.workflows.getIamPolicy",
        "workflows.workflows.setIamPolicy",
    }
)

_ACCOUNTS: Final = frozenset(
    {
        "iam.serviceAccounts.create",
        "iam.serviceAccounts.delete",
        "iam.serviceAccounts.disable",
        "iam.serviceAccounts.enable",
        "iam.serviceAccounts.get",
        "iam.serviceAccounts.getIamPolicy",
        "iam.serviceAccounts.list",
        "iam.serviceAccounts.setIamPolicy",
        "iam.serviceAccounts.update",
    }
)

_KEYS: Final = frozenset(
    {
        "iam.serviceAccountKeys.create",
        "iam.serviceAccountKeys.delete",
        "iam.serviceAccountKeys.disable",
        "iam.serviceAccountKeys.enable",
        "iam.serviceAccountKeys.get",
        "iam.serviceAccountKeys.list",
        "iam.serviceAccounts.get",
        "iam.serviceAccounts.list",
    }
)

_TOKENS: Final = frozenset(
    {
        "iam.serviceAccounts.getAccessToken",
        "iam.serviceAccounts.getOpenIdToken",
        "iam.serviceAccounts.signBlob",
        "iam.serviceAccounts.signJwt",
    }
)

_CUSTOM_ROLES: Final = frozenset(
    {
        "iam.roles.create",
        "iam.roles.delete",
        "iam.roles.get",
        "iam.roles.list",
        "iam.roles.update",
    }
)

# Who lets people in needs to be able to make tokens of the account as well.
_LET_IN: Final = frozenset({"ringback.deviceCodes.approve"})
_OAUTH: Final = _LET_IN | {
    "ringback.clientSecrets.create",
    "ringback.clientSecrets.delete",
    "ringback.clientSecrets.list",
    "ringback.sessions.delete",
    "ringback.sessions.list",
    "ringback.tokens.revoke",
}

_PROJECT_POLICIES: Final = frozenset(
    {"resourcemanager.projects.getIamPolicy", "resourcemanager.projects.setIamPolicy"}
)

_REVIEW: Final = frozenset(
    {
        "iam.roles.get",
        "iam.roles.list",
        "iam.serviceAccountKeys.get",
        "iam.serviceAccountKeys.list",
        "iam.serviceAccounts.get",
        "iam.serviceAccounts.getIamPolicy",
        "iam.serviceAccounts.list",
        "resourcemanager.projects.getIamPolicy",
        "ringback.callbackSignatures.list",
        "workflows.callbacks.getIamPolicy",
        "workflows.callbacks.list",
        "workflows.executions.list",
        "workflows.locations.list",
        "workflows.operations.list",
        "workflows.workflows.getIamPolicy",
        "workflows.workflows.list",
    }
)

# Who did what is not for everybody who may read logs.
_AUDIT: Final = frozenset({"logging.logEntries.list", "ringback.auditEntries.list"})

_ADMINISTER: Final = (
    _EDIT | _SIGNATURES | _ACT | _MONITOR | _SHARE | {"workflows.operations.delete"}
)


def _role(name: str, title: str, permissions: frozenset[str]) -> Role:
    return Role(name=f"roles/{name}", title=title, permissions=permissions)


_PARTS: Final = (
    _role("iam.roleAdmin", "Role Administrator", _CUSTOM_ROLES),
    _role("iam.securityReviewer", "Security Reviewer", _REVIEW),
    _role("iam.serviceAccountAdmin", "Service Account Admin", _ACCOUNTS),
    _role("iam.serviceAccountKeyAdmin", "Service Account Key Admin", _KEYS),
    _role("iam.serviceAccountTokenCreator", "Service Account Token Creator", _TOKENS),
    _role("iam.serviceAccountUser", "Service Account User", _ACT),
    _role("logging.privateLogViewer", "Private Logs Viewer", _AUDIT),
    _role("monitoring.viewer", "Monitoring Viewer", _MONITOR),
    _role("resourcemanager.projectIamAdmin", "Project IAM Admin", _PROJECT_POLICIES),
    _role("ringback.loginApprover", "Login Approver", _LET_IN),
    _role("ringback.oauthAdmin", "OAuth Admin", _OAUTH),
    _role("ringback.signingKeyAdmin", "Signing Key Admin", _SIGNING_KEYS),
    _role("workflows.admin", "Workflows Admin", _ADMINISTER),
    _role("workflows.editor", "Workflows Editor", _EDIT | _SIGNATURES),
    _role("workflows.invoker", "Workflows Invoker", _INVOKE),
    _role("workflows.viewer", "Workflows Viewer", _VIEW),
)

#: every permission that a verb may require: those that some role holds
PERMISSIONS: Final[frozenset[str]] = frozenset[str]().union(*(one.permissions for one in _PARTS))

#: whoever has it may do everything
OWNER: Final = "roles/owner"

#: every predefined role by name, in the order of names
ROLES: Final[Mapping[str, Role]] = MappingProxyType(
    {
        role.name: role
        for role in sorted((*_PARTS, _role("owner", "Owner", PERMISSIONS)), key=lambda r: r.name)
    }
)


def unknown_permission(permissions: Iterable[str]) -> str | None:
    """Return what is said of the first that is no permission, None if all are."""
    unknown = min(frozenset(permissions) - PERMISSIONS, default=None)
    if unknown is None:
        return None
    near = get_close_matches(unknown[:100], PERMISSIONS, n=1)
    instead = f"did you mean {near[0]}?" if near else "those of roles/owner are all there are."
    return f"There is no permission {unknown[:100]!r}: {instead}"
