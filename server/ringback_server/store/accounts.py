"""Service accounts."""

from __future__ import annotations

from ringback_server.errors import NotFoundError
from ringback_server.model.account_emails import account_project
from ringback_server.model.names import ServiceAccountName, resource
from ringback_server.model.resources import ServiceAccount
from ringback_server.store.credential_rows import CredentialRows
from ringback_server.store.database import Connection, Row
from ringback_server.store.owners import owned_by, owners_kept
from ringback_server.store.policies import remove_policies

_ACCOUNT = """
SELECT email, unique_id, display_name, disabled, description, create_time
  FROM service_account WHERE email = ?
"""
_ACCOUNTS = """
SELECT email, unique_id, display_name, disabled, description, create_time
  FROM service_account WHERE email > ? ORDER BY email LIMIT ?
"""
_PROJECTS_ACCOUNTS = """
SELECT email, unique_id, display_name, disabled, description, create_time
  FROM service_account WHERE project = ? AND email > ? ORDER BY email LIMIT ?
"""
_ADD = """
INSERT INTO service_account
       (email, unique_id, display_name, disabled, description, create_time, project)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (email) DO NOTHING
"""
_DESCRIBE = """
UPDATE service_account
   SET display_name = coalesce(?, display_name), description = coalesce(?, description)
 WHERE email = ?
RETURNING email, unique_id, display_name, disabled, description, create_time
"""
_DISABLE = "UPDATE service_account SET disabled = ? WHERE email = ?"
_DELETE = "DELETE FROM service_account WHERE email = ?"
_DELETE_KEYS = "DELETE FROM account_key WHERE email = ?"
_DELETE_BINDINGS = "DELETE FROM binding WHERE email = ?"
_STANDING = """
SELECT email, unique_id, display_name, disabled, description, create_time,
       EXISTS (SELECT 1 FROM revoked_token WHERE token_id = ?)
  FROM service_account WHERE email = ?
"""


class AccountRows(CredentialRows):
    """Remembers service accounts. Times are Unix seconds."""

    def account(self, email: str) -> ServiceAccount | None:
        """Return a service account, None if there is none."""
        row = self._row(_ACCOUNT, (email,))
        return None if row is None else _account(row)

    def accounts(
        self, project: str | None = None, *, after: str = "", limit: int = -1
    ) -> list[ServiceAccount]:
        """Return service accounts by e-mail address, those of a project or all.

        They begin after an address, and are at most `limit`, unless that is negative.
        """
        if project is None:
            rows = self._rows(_ACCOUNTS, (after, limit))
        else:
            rows = self._rows(_PROJECTS_ACCOUNTS, (project, after, limit))
        return [_account(row) for row in rows]

    def add_account(self, account: ServiceAccount) -> None:
        """Add a service account; or AlreadyExistsError."""
        row = (
            account.email,
            account.unique_id,
            account.display_name,
            account.disabled,
            account.description,
            account.create_time,
            account_project(account.email) or "",
        )
        self._add(_ADD, row, f"The service account {account.email} exists already.")

    def describe_account(
        self, email: str, *, display_name: str | None, description: str | None
    ) -> ServiceAccount:
        """Change what is not None of what an account is called; or NotFoundError."""

        def describe(connection: Connection) -> ServiceAccount:
            row = connection.execute(_DESCRIBE, (display_name, description, email)).fetchone()
            if row is None:
                raise no_account(ServiceAccountName.of(email))
            return _account(row)

        return self._change(describe)

    def set_disabled(self, email: str, *, disabled: bool, guard_projects: bool) -> None:
        """Disable or enable an account; or NotFoundError, or FailedPreconditionError.

        The latter for the last owner of everything or, with `guard_projects`, of its project.
        """

        def change(connection: Connection) -> None:
            owned = owned_by(connection, email)
            with owners_kept(connection, owned, projects=guard_projects):
                if connection.execute(_DISABLE, (disabled, email)).rowcount == 0:
                    raise no_account(ServiceAccountName.of(email))

        self._change(change)

    def delete_account(self, email: str, *, guard_projects: bool) -> None:
        """Delete an account with its keys, its roles and its policy; raises as `set_disabled`."""
        policy = str(ServiceAccountName.of(email))

        def delete(connection: Connection) -> None:
            owned = owned_by(connection, email)
            with owners_kept(connection, owned, projects=guard_projects):
                if connection.execute(_DELETE, (email,)).rowcount == 0:
                    raise no_account(ServiceAccountName.of(email))
                connection.execute(_DELETE_KEYS, (email,))
                connection.execute(_DELETE_BINDINGS, (email,))
                remove_policies(connection, policy)

        self._change(delete)

    def standing(self, email: str, token_id: str) -> tuple[ServiceAccount | None, bool]:
        """Return the account of a token, None if there is none, and whether it was revoked.

        Without an account no token of it counts, so that is all that is looked at then.
        """
        found = self._remembered(_standing, _STANDING, token_id, email)
        return found[0] if found else (None, False)


def no_account(name: ServiceAccountName) -> NotFoundError:
    """Make the error for an account that is not there."""
    return NotFoundError(
        f"There is no service account {name.email} in projects/{name.project}.",
        reason="SERVICE_ACCOUNT_NOT_FOUND",
        resource=resource(name),
    )


def _standing(row: Row) -> tuple[ServiceAccount, bool]:
    return _account(row[:6]), bool(row[6])


def _account(row: Row) -> ServiceAccount:
    email, unique_id, display_name, disabled, description, created = row
    return ServiceAccount(
        email=email,
        unique_id=unique_id,
        display_name=display_name,
        disabled=bool(disabled),
        description=description,
        create_time=created,
    )
