"""Keys of service accounts: their public halves."""

from __future__ import annotations

from ringback_server.errors import AlreadyExistsError, FailedPreconditionError, NotFoundError
from ringback_server.model.names import AccountKeyName, ServiceAccountName, resource
from ringback_server.model.resources import AccountKey
from ringback_server.store.accounts import no_account
from ringback_server.store.credential_rows import CredentialRows
from ringback_server.store.database import Connection, Row

# Keys that are kept here come first: theirs are published, and others may have registered them.
_KEY = """
SELECT kid, email, public_key, managed_key.create_time, 0, NULL, certificate, 0
  FROM managed_key JOIN service_account USING (email, unique_id)
 WHERE kid = :kid
 UNION ALL
SELECT kid, email, public_key, create_time, disabled, expire_time, certificate, uploaded
  FROM account_key WHERE kid = :kid
"""
_KEYS = """
SELECT kid, email, public_key, create_time, disabled, expire_time, certificate, uploaded
  FROM account_key WHERE email = ? ORDER BY create_time, kid
"""
_ADD = """
INSERT INTO account_key
       (kid, email, public_key, create_time, disabled, expire_time, certificate, uploaded)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (kid) DO NOTHING
"""
_KEPT = "SELECT 1 FROM managed_key WHERE kid = ?"
_KEYS_OF_ACCOUNT = """
SELECT (SELECT COUNT(*) FROM account_key WHERE email = :email)
  FROM service_account WHERE email = :email
"""
_DISABLE = "UPDATE account_key SET disabled = ? WHERE kid = ? AND email = ?"
_DELETE = "DELETE FROM account_key WHERE kid = ? AND email = ?"


class AccountKeyRows(CredentialRows):
    """Remembers keys. Times are Unix seconds."""

    def account_key(self, kid: str) -> AccountKey | None:
        """Return a key of an account, registered or kept by this server; None if there is none."""
        row = self._row(_KEY, {"kid": kid})
        return None if row is None else _key(row)

    def account_keys(self, email: str) -> list[AccountKey]:
        """Return the keys of an account, oldest first."""
        return [_key(row) for row in self._rows(_KEYS, (email,))]

    def add_account_key(self, key: AccountKey) -> None:
        """Register a key of an account; or AlreadyExistsError."""
        self._add(_ADD, _row(key), f"The key {key.kid} exists already.")

    def add_key_of_account(self, key: AccountKey, *, most: int) -> None:
        """Register a key of an account that is there, and has fewer than `most` keys.

        Or NotFoundError, FailedPreconditionError, or AlreadyExistsError.
        """

        def add(connection: Connection) -> None:
            _check_room(connection, key.email, most)
            kept = connection.execute(_KEPT, (key.kid,)).fetchone()
            if kept or connection.execute(_ADD, _row(key)).rowcount == 0:
                raise AlreadyExistsError(f"The key {key.kid} is registered already.")

        self._change(add)

    def check_room_for_key(self, email: str, *, most: int) -> None:
        """Raise what `add_key_of_account` raises, before a key is made."""
        self._database.read(lambda connection: _check_room(connection, email, most))

    def set_key_disabled(self, name: AccountKeyName, *, disabled: bool) -> None:
        """Disable or enable a key of an account; or NotFoundError."""
        if self._write(_DISABLE, (disabled, name.key, name.email)) == 0:
            raise no_key(name)

    def delete_account_key(self, name: AccountKeyName) -> None:
        """Delete a key of an account; or NotFoundError."""
        if self._write(_DELETE, (name.key, name.email)) == 0:
            raise no_key(name)


def no_key(name: AccountKeyName) -> NotFoundError:
    """Make the error for a key that is not there."""
    return NotFoundError(
        f"{name.email} has no key {name.key}.",
        reason="SERVICE_ACCOUNT_KEY_NOT_FOUND",
        resource=resource(name),
    )


def _check_room(connection: Connection, email: str, most: int) -> None:
    found = connection.execute(_KEYS_OF_ACCOUNT, {"email": email}).fetchone()
    if found is None:
        raise no_account(ServiceAccountName.of(email))
    if found[0] >= most:
        raise FailedPreconditionError(
            f"{email} has {most} keys, which is as many as there may be: delete one.",
            reason="TOO_MANY_KEYS",
        )


def _row(key: AccountKey) -> tuple[object, ...]:
    return (
        key.kid,
        key.email,
        key.public_key,
        key.create_time,
        key.disabled,
        key.expire_time,
        key.certificate,
        key.uploaded,
    )


def _key(row: Row) -> AccountKey:
    kid, email, public_key, created, disabled, expires, certificate, uploaded = row
    return AccountKey(
        kid=kid,
        email=email,
        public_key=public_key,
        create_time=created,
        disabled=bool(disabled),
        expire_time=expires,
        certificate=certificate,
        uploaded=bool(uploaded),
    )
