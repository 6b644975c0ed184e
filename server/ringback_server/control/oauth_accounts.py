"""The service account that a verb of OAuth is about."""

from __future__ import annotations

from ringback_server.control.caller import Caller
from ringback_server.errors import NotFoundError
from ringback_server.model.account_emails import account_project
from ringback_server.model.names import ServiceAccountName, resource
from ringback_server.model.resources import ServiceAccount


def account_of(caller: Caller, name: ServiceAccountName) -> ServiceAccount:
    """Return the account with a name; NotFoundError if it is gone, or of another project."""
    account = caller.backend.store.credentials.account(name.email)
    if account is None or name.project not in {"-", account_project(name.email)}:
        raise NotFoundError(
            f"There is no service account {name.email}.",
            reason="SERVICE_ACCOUNT_NOT_FOUND",
            resource=resource(name),
        )
    return account
