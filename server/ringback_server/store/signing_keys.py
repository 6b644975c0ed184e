"""The keys of this server's issuer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ringback_server.errors import AlreadyExistsError
from ringback_server.model.resources import SigningKey
from ringback_server.store.database import Connection, Database, Row
from ringback_server.store.remembered import Remembered
from ringback_server.store.sealed import securely

T = TypeVar("T")

_ALL = """
SELECT kid, algorithm, public_key, sealed_key, create_time, tokens_until, rotate_time,
       retire_time, revoked
  FROM signing_key
 ORDER BY create_time DESC, kid DESC
"""
_ADD = """
INSERT INTO signing_key (kid, algorithm, public_key, sealed_key, create_time, tokens_until,
                         private_key)
VALUES (?, ?, ?, ?, ?, ?, '')
ON CONFLICT (kid) DO NOTHING
"""
_ROTATE = """
UPDATE signing_key
   SET sealed_key = NULL,
       rotate_time = :now,
       retire_time = COALESCE(:retire, MAX(tokens_until, :now) + :leeway)
 WHERE rotate_time IS NULL
"""
_REVOKE = """
UPDATE signing_key
   SET sealed_key = NULL,
       rotate_time = COALESCE(rotate_time, :now),
       retire_time = :now,
       revoked = 1
 WHERE kid = :kid
"""
_NOTE = """
UPDATE signing_key SET tokens_until = MAX(tokens_until, ?) WHERE kid = ? AND rotate_time IS NULL
"""
_DESCRIBE = "UPDATE signing_key SET public_key = ? WHERE kid = ?"
_FORGET = "DELETE FROM signing_key WHERE retire_time < ?"

#: how long a key that retired is still listed, in seconds
_REMEMBERED = 90 * 86_400.0


class SigningKeys:
    """Every key of the issuer with its dates. Times are Unix seconds.

    Rows are remembered until something is written through this object.
    """

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database
        self._known = Remembered[str, tuple[SigningKey, ...]](1)

    def signing_keys(self) -> tuple[SigningKey, ...]:
        """Return all keys, newest first; the same object until there is a change."""
        return self._known.get("", lambda: self._database.read(_all))

    def add_signing_key(self, key: SigningKey) -> None:
        """Add a key, which signs from now on; or AlreadyExistsError."""
        self._change(lambda connection: _add(connection, key))

    def rotate_signing_keys(self, key: SigningKey, *, retire: float | None, leeway: float) -> None:
        """Add a key in place of those that sign; see SigningKeyStore."""
        times = {"now": key.create_time, "retire": retire, "leeway": leeway}

        def rotate(connection: Connection) -> None:
            connection.execute(_ROTATE, times)
            connection.execute(_FORGET, (key.create_time - _REMEMBERED,))
            _add(connection, key)

        self._destroy(rotate)

    def revoke_signing_key(self, kid: str, now: float, successor: SigningKey | None) -> None:
        """Retire a key at once, and add the one that takes over, if one has to."""

        def revoke(connection: Connection) -> None:
            connection.execute(_REVOKE, {"now": now, "kid": kid})
            if successor is not None:
                _add(connection, successor)

        self._destroy(revoke)

    def note_tokens(self, kid: str, until: float) -> bool:
        """Remember until when tokens of a key may be valid; False if it signs no longer."""
        return self._change(lambda c: c.execute(_NOTE, (until, kid)).rowcount > 0)

    def describe_signing_key(self, kid: str, public_key: str) -> None:
        """Keep the public half of a key, in PEM."""
        self._change(lambda c: c.execute(_DESCRIBE, (public_key, kid)).rowcount)

    def forget(self) -> None:
        """Read everything again: it was written to by others than this object."""
        self._known.forget()

    def _destroy(self, operation: Callable[[Connection], None]) -> None:
        """Change rows so that no trace of what they held stays in the files."""
        self._change(lambda connection: securely(connection, operation))
        self._database.flush()

    def _change(self, operation: Callable[[Connection], T]) -> T:
        try:
            return self._database.write(operation)
        finally:
            self._known.forget()


def _all(connection: Connection) -> tuple[SigningKey, ...]:
    return tuple(_key(row) for row in connection.execute(_ALL).fetchall())


def _key(row: Row) -> SigningKey:
    kid, algorithm, public, sealed, created, tokens_until, rotated, retires, revoked = row
    return SigningKey(
        kid=kid,
        algorithm=algorithm,
        public_key=public,
        sealed_key=sealed,
        create_time=created,
        tokens_until=tokens_until,
        rotate_time=rotated,
        retire_time=retires,
        revoked=bool(revoked),
    )


def _add(connection: Connection, key: SigningKey) -> None:
    row = (
        key.kid,
        key.algorithm,
        key.public_key,
        key.sealed_key,
        key.create_time,
        key.tokens_until,
    )
    if connection.execute(_ADD, row).rowcount == 0:
        raise AlreadyExistsError(f"The signing key {key.kid} exists already.")
