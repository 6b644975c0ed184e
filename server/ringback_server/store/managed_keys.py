"""The keys of service accounts that this server keeps itself."""

from __future__ import annotations

from dataclasses import fields

from ringback_server.model.resources import ManagedKey
from ringback_server.store.database import Connection, Database
from ringback_server.store.sealed import securely

_NAMES = tuple(field.name for field in fields(ManagedKey))
_OF_ACCOUNT = """
SELECT kid, email, unique_id, certificate, public_key, sealed_key, create_time
  FROM managed_key
 WHERE email = ?
 ORDER BY create_time DESC, kid DESC
"""
_RETIRE = "UPDATE managed_key SET sealed_key = NULL WHERE email = ?"
_FORGET = "DELETE FROM managed_key WHERE email = ? AND create_time < ?"
_ADD = """
INSERT INTO managed_key (kid, email, unique_id, certificate, public_key, sealed_key, create_time)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""


class ManagedKeys:
    """Keys of accounts, with their sealed private halves. Times are Unix seconds."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def managed_keys(self, email: str) -> list[ManagedKey]:
        """Return the keys kept for an account, newest first; the first may still sign."""
        rows = self._database.read(lambda c: c.execute(_OF_ACCOUNT, (email,)).fetchall())
        return [ManagedKey(**dict(zip(_NAMES, row, strict=True))) for row in rows]

    def add_managed_key(self, key: ManagedKey, *, forget: float) -> None:
        """Add a key that signs for its account from now on, in place of those before.

        Their private halves are destroyed, and those made before `forget` are gone.
        """
        row = tuple(getattr(key, name) for name in _NAMES)

        def add(connection: Connection) -> None:
            connection.execute(_RETIRE, (key.email,))
            connection.execute(_FORGET, (key.email, forget))
            connection.execute(_ADD, row)

        self._database.write(lambda connection: securely(connection, add))
