"""Secrets of clients by their digests, and the assertions that clients have used up."""

from __future__ import annotations

from ringback_server.errors import FailedPreconditionError
from ringback_server.model.logins import ClientSecret
from ringback_server.store.database import Connection, Database

_OF_ACCOUNT = """
SELECT id, email, account, digest, create_time, expire_time FROM client_secret
 WHERE email = ? ORDER BY create_time, id
"""
_EMAIL = "SELECT email FROM service_account WHERE unique_id = ?"
_COUNT = """
SELECT count(*) FROM client_secret
 WHERE email = ? AND account = ? AND (expire_time IS NULL OR expire_time > ?)
"""
_ADD = """
INSERT INTO client_secret (id, email, account, digest, create_time, expire_time)
VALUES (?, ?, ?, ?, ?, ?)
"""
_FORGET = "DELETE FROM client_secret WHERE email = ? AND expire_time <= ?"
_DELETE = "DELETE FROM client_secret WHERE email = ? AND id = ?"
_SPEND = "INSERT INTO spent_assertion (digest, until) VALUES (?, ?) ON CONFLICT DO NOTHING"
_LEFT_OVER = "DELETE FROM spent_assertion WHERE digest = ? AND until <= ?"


class ClientSecrets:
    """What clients that are accounts show who they are with."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def email_of(self, unique_id: str) -> str | None:
        """Return the address of the account with a unique id, None if there is none."""
        row = self._database.read(lambda c: c.execute(_EMAIL, (unique_id,)).fetchone())
        return None if row is None else str(row[0])

    def of_account(self, email: str) -> list[ClientSecret]:
        """Return the secrets of an account, oldest first, expired ones too."""
        rows = self._database.read(lambda c: c.execute(_OF_ACCOUNT, (email,)).fetchall())
        return [
            ClientSecret(
                secret_id=secret_id,
                email=owner,
                account_id=account,
                digest=digest,
                create_time=created,
                expire_time=expires,
            )
            for secret_id, owner, account, digest, created, expires in rows
        ]

    def add(self, secret: ClientSecret, *, most: int) -> None:
        """Add a secret; FailedPreconditionError if the account has `most` that count.

        Those of the account that have expired are forgotten.
        """

        def add(connection: Connection) -> None:
            connection.execute(_FORGET, (secret.email, secret.create_time))
            counted = (secret.email, secret.account_id, secret.create_time)
            found = connection.execute(_COUNT, counted).fetchone()
            if found is not None and found[0] >= most:
                raise FailedPreconditionError(
                    f"The account {secret.email} has {most} secrets already: delete one first.",
                    reason="TOO_MANY_CLIENT_SECRETS",
                )
            row = (
                secret.secret_id,
                secret.email,
                secret.account_id,
                secret.digest,
                secret.create_time,
                secret.expire_time,
            )
            connection.execute(_ADD, row)

        self._database.write(add)

    def delete(self, email: str, secret_id: str) -> bool:
        """Delete a secret of an account; tell whether there was one."""
        row = (email, secret_id)
        return self._database.write(lambda c: c.execute(_DELETE, row).rowcount > 0)

    def spend(self, digest: bytes, *, now: float, until: float) -> bool:
        """Note that an assertion was used, which is valid until a time; False if it was before."""

        def spend(connection: Connection) -> bool:
            connection.execute(_LEFT_OVER, (digest, now))
            return connection.execute(_SPEND, (digest, until)).rowcount > 0

        return self._database.write(spend)
