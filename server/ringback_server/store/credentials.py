"""Service accounts, their keys and roles, and revoked tokens."""

from __future__ import annotations

from collections.abc import Callable

from ringback_server.errors import AlreadyExistsError
from ringback_server.model.resources import AccountKey, Binding, ServiceAccount
from ringback_server.store.database import Connection, Database, Parameters, Row
from ringback_server.store.remembered import Remembered

_ACCOUNT = """
SELECT email, unique_id, display_name, disabled FROM service_account WHERE email = ?
"""
_ACCOUNTS = "SELECT email, unique_id, display_name, disabled FROM service_account ORDER BY email"
_ADD_ACCOUNT = """
INSERT INTO service_account (email, unique_id, display_name, disabled) VALUES (?, ?, ?, ?)
ON CONFLICT (email) DO NOTHING
"""
_ACCOUNT_KEY = """
SELECT kid, email, public_key, create_time, disabled FROM account_key WHERE kid = ?
"""
_ADD_ACCOUNT_KEY = """
INSERT INTO account_key (kid, email, public_key, create_time, disabled) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (kid) DO NOTHING
"""
_ROLES = """
SELECT email, role, resource, expire_time FROM binding WHERE email = ? ORDER BY role, resource
"""
_ADD_BINDING = """
INSERT INTO binding (email, role, resource, expire_time) VALUES (?, ?, ?, ?)
ON CONFLICT (email, role, resource) DO UPDATE SET expire_time = excluded.expire_time
"""
_REVOKED = "SELECT 1 FROM revoked_token WHERE token_id = ?"
_STANDING = """
SELECT email, unique_id, display_name, disabled,
       EXISTS (SELECT 1 FROM revoked_token WHERE token_id = ?)
  FROM service_account WHERE email = ?
"""
_REVOKE = """
INSERT INTO revoked_token (token_id, until) VALUES (?, ?)
ON CONFLICT (token_id) DO UPDATE SET until = excluded.until
"""


#: how many rows are remembered; more than the accounts and tokens that are in use
_REMEMBERED = 4_096

_Rows = list[Row]


class Credentials:
    """What authentication and authorization remember. Times are Unix seconds.

    Rows that every request needs are remembered until something is written through this object.
    """

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database
        self._known = Remembered[tuple[str, ...], _Rows](_REMEMBERED)

    def account(self, email: str) -> ServiceAccount | None:
        """Return a service account, None if there is none."""
        row = self._row(_ACCOUNT, (email,))
        return None if row is None else _account(row)

    def accounts(self) -> list[ServiceAccount]:
        """Return all service accounts, by e-mail address."""
        return [_account(row) for row in self._rows(_ACCOUNTS)]

    def add_account(self, account: ServiceAccount) -> None:
        """Add a service account; or AlreadyExistsError."""
        row = (account.email, account.unique_id, account.display_name, account.disabled)
        self._add(_ADD_ACCOUNT, row, f"The service account {account.email} exists already.")

    def account_key(self, kid: str) -> AccountKey | None:
        """Return the registered key of an account, None if there is none."""
        row = self._row(_ACCOUNT_KEY, (kid,))
        if row is None:
            return None
        kid, email, public_key, created, disabled = row
        return AccountKey(
            kid=kid,
            email=email,
            public_key=public_key,
            create_time=created,
            disabled=bool(disabled),
        )

    def add_account_key(self, key: AccountKey) -> None:
        """Register a key of an account; or AlreadyExistsError."""
        row = (key.kid, key.email, key.public_key, key.create_time, key.disabled)
        self._add(_ADD_ACCOUNT_KEY, row, f"The key {key.kid} exists already.")

    def roles(self, email: str) -> list[Binding]:
        """Return the bindings of an account, expired ones or not."""
        return [
            Binding(email=email, role=role, resource=resource, expire_time=expires)
            for email, role, resource, expires in self._remembered(_ROLES, email)
        ]

    def add_binding(self, binding: Binding) -> None:
        """Grant a role on a resource; granted again, it gets the new expiry."""
        row = (binding.email, binding.role, binding.resource, binding.expire_time)
        self._write(_ADD_BINDING, row)

    def revoked(self, token_id: str) -> bool:
        """Tell whether a token was revoked."""
        return self._row(_REVOKED, (token_id,)) is not None

    def standing(self, email: str, token_id: str) -> tuple[ServiceAccount | None, bool]:
        """Return the account of a token, None if there is none, and whether it was revoked.

        Without an account no token of it counts, so that is all that is looked at then.
        """
        rows = self._remembered(_STANDING, token_id, email)
        return (_account(rows[0][:4]), bool(rows[0][4])) if rows else (None, False)

    def revoke(self, token_id: str, until: float) -> None:
        """Revoke a token, which would expire by itself at `until`."""
        self._write(_REVOKE, (token_id, until))

    def _row(self, sql: str, parameters: Parameters) -> Row | None:
        return self._database.read(lambda c: c.execute(sql, parameters).fetchone())

    def _rows(self, sql: str, parameters: Parameters = ()) -> _Rows:
        return self._database.read(lambda c: c.execute(sql, parameters).fetchall())

    def _remembered(self, sql: str, *parameters: str) -> _Rows:
        return self._known.get((sql, *parameters), lambda: self._rows(sql, parameters))

    def _write(self, sql: str, parameters: Parameters) -> None:
        self._change(lambda c: c.execute(sql, parameters).rowcount)

    def _add(self, sql: str, parameters: Parameters, complaint: str) -> None:
        def add(connection: Connection) -> None:
            if connection.execute(sql, parameters).rowcount == 0:
                raise AlreadyExistsError(complaint)

        self._change(add)

    def _change(self, operation: Callable[[Connection], object]) -> None:
        try:
            self._database.write(operation)
        finally:
            self._known.forget()


def _account(row: Row) -> ServiceAccount:
    email, unique_id, display_name, disabled = row
    return ServiceAccount(
        email=email,
        unique_id=unique_id,
        display_name=display_name,
        disabled=bool(disabled),
    )
