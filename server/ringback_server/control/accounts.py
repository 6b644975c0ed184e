"""Verbs on service accounts: create, read, change, disable, delete."""

from __future__ import annotations

import re

from ringback_server.auth.bootstrap import new_account
from ringback_server.control.caller import Caller, Page, requires
from ringback_server.control.paging import PageRequest, PageSizes, page, position
from ringback_server.control.refusals import refused
from ringback_server.errors import AlreadyExistsError, PermissionDeniedError
from ringback_server.model.account_emails import account_email, account_project
from ringback_server.model.names import (
    ProjectName,
    RootName,
    ServiceAccountName,
    resource,
)
from ringback_server.model.resources import ServiceAccount
from ringback_server.store.accounts import no_account

_PAGE = PageSizes(default=20, maximum=100)
_ID = re.compile(r"[a-z][-a-z0-9]{4,28}[a-z0-9]")
_LONGEST_NAME = 100
_LONGEST_DESCRIPTION = 256


@requires("iam.serviceAccounts.create")
def create(
    caller: Caller,
    parent: ProjectName,
    account_id: str,
    *,
    display_name: str = "",
    description: str = "",
) -> ServiceAccount:
    """Create an account without roles and keys.

    Raise InvalidArgumentError for a bad field, and AlreadyExistsError.
    """
    if not _ID.fullmatch(account_id):
        rule = "6 to 30 of a-z, 0-9 and -, from a letter to a letter or digit"
        raise refused("account_id", f"account_id must be {rule}, not {account_id[:100]!r}")
    email = account_email(account_id, parent.project)
    if parent.project == "-" or account_project(email) != parent.project:
        raise refused("name", "name must be that of a project, projects/{project}")
    _check_texts(display_name, description)
    now = caller.backend.clock.now()
    account = new_account(email, now, display_name=display_name, description=description)
    try:
        caller.backend.store.credentials.add_account(account)
    except AlreadyExistsError as error:
        name = ServiceAccountName.of(email)
        raise AlreadyExistsError(error.message, resource=resource(name)) from None
    return account


@requires("iam.serviceAccounts.list")
def list_(caller: Caller, parent: ProjectName, request: PageRequest) -> Page[ServiceAccount]:
    """Return a page of the accounts of a project, by address; of all for `projects/-`."""
    limit = _PAGE.limit(request.size)
    scope = f"accounts {parent}"
    after = position(scope, request.token, str) or ""
    project = None if parent.project == "-" else parent.project
    rows = caller.backend.store.credentials.accounts(project, after=after, limit=limit + 1)
    return page(scope, rows, limit, place=lambda row: row.email, item=lambda row: row)


@requires("iam.serviceAccounts.get")
def get(caller: Caller, name: ServiceAccountName) -> ServiceAccount:
    """Return an account; or NotFoundError."""
    return present(caller, name)


@requires("iam.serviceAccounts.update")
def update(
    caller: Caller,
    name: ServiceAccountName,
    *,
    display_name: str | None = None,
    description: str | None = None,
) -> ServiceAccount:
    """Change what is not None; or InvalidArgumentError, NotFoundError."""
    _check_texts(display_name or "", description or "")
    present(caller, name)
    return caller.backend.store.credentials.describe_account(
        name.email, display_name=display_name, description=description
    )


@requires("iam.serviceAccounts.delete")
def delete(caller: Caller, name: ServiceAccountName) -> None:
    """Delete an account with its keys and roles; its tokens count no longer.

    Raise NotFoundError, and FailedPreconditionError for the last owner of everything, or of its
    project unless the caller may set the policy of everything.
    """
    present(caller, name)
    caller.backend.store.credentials.delete_account(
        name.email, guard_projects=not may_set_everything(caller)
    )


@requires("iam.serviceAccounts.enable")
def enable(caller: Caller, name: ServiceAccountName) -> None:
    """Make a disabled account count again; or NotFoundError."""
    present(caller, name)
    caller.backend.store.credentials.set_disabled(name.email, disabled=False, guard_projects=False)


@requires("iam.serviceAccounts.disable")
def disable(caller: Caller, name: ServiceAccountName) -> None:
    """Have an account count no longer, until it is enabled; raises as `delete`."""
    present(caller, name)
    caller.backend.store.credentials.set_disabled(
        name.email, disabled=True, guard_projects=not may_set_everything(caller)
    )


def present(caller: Caller, name: ServiceAccountName) -> ServiceAccount:
    """Return the account with a name, whose project must be that of the account; NotFoundError."""
    account = caller.backend.store.credentials.account(name.email)
    if account is None or name != ServiceAccountName.of(account.email):
        raise no_account(name)
    return account


def may_set_everything(caller: Caller) -> bool:
    """Tell whether the caller may set the policy of everything, and so cannot be locked out."""
    permission = "resourcemanager.projects.setIamPolicy"
    try:
        caller.backend.access.check(caller.principal, permission, str(RootName()))
    except PermissionDeniedError:
        return False
    return True


def _check_texts(display_name: str, description: str) -> None:
    for field, text, most in (
        ("display_name", display_name, _LONGEST_NAME),
        ("description", description, _LONGEST_DESCRIPTION),
    ):
        if len(text.encode()) > most:
            path = f"service_account.{field}"
            raise refused(path, f"{path} may have at most {most} bytes")
