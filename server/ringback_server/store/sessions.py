"""Sessions: refresh tokens that follow one another, and the access tokens beside them."""

from __future__ import annotations

from collections.abc import Callable

from ringback_server.model.logins import Grant, RefreshToken, Session
from ringback_server.store.database import Connection, Database, Row

_COLUMNS = """
SELECT id, client_id, email, account, scope, address, create_time, use_time, expire_time,
       end_time, revoked, person
  FROM session
"""
_ADD = """
INSERT INTO session (id, client_id, email, account, scope, address, create_time, use_time,
                     expire_time, end_time, revoked, person)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_ONE = f"{_COLUMNS} WHERE id = ?"
_OF_ACCOUNT = f"""{_COLUMNS}
 WHERE email = ? AND revoked = 0 AND expire_time > ? AND (create_time, id) > (?, ?)
 ORDER BY create_time, id LIMIT ?
"""
_OF_TOKEN = f"{_COLUMNS} JOIN session_token ON session_token.session = id WHERE token_id = ?"
_REFRESH = """
SELECT session, expire_time, spent FROM refresh_token WHERE digest = ?
"""
_ADD_REFRESH = """
INSERT INTO refresh_token (digest, session, expire_time, spent) VALUES (?, ?, ?, 0)
"""
_SPEND = "UPDATE refresh_token SET spent = 1 WHERE digest = ? AND spent = 0"
_USED = "UPDATE session SET use_time = ?, expire_time = ? WHERE id = ? AND revoked = 0"
_ADD_ACCESS = "INSERT INTO session_token (token_id, session, until) VALUES (?, ?, ?)"
_REVOKE = "UPDATE session SET revoked = 1 WHERE id = ? AND revoked = 0"
_REVOKE_TOKENS = """
INSERT INTO revoked_token (token_id, until)
SELECT token_id, until FROM session_token WHERE session = ?
ON CONFLICT (token_id) DO NOTHING
"""


class Sessions:
    """The sessions that go on, and those that ended not long ago."""

    def __init__(self, database: Database, revoked: Callable[[], None]) -> None:
        """Take the database, and what to call when access tokens were revoked."""
        self._database = database
        self._revoked = revoked

    def get(self, session_id: str) -> Session | None:
        """Return a session, None if there is none."""
        row = self._database.read(lambda c: c.execute(_ONE, (session_id,)).fetchone())
        return None if row is None else _session(row)

    def of_token(self, token_id: str) -> Session | None:
        """Return the session that gave an access token, None if none did."""
        row = self._database.read(lambda c: c.execute(_OF_TOKEN, (token_id,)).fetchone())
        return None if row is None else _session(row)

    def of_account(
        self, email: str, *, now: float, after: tuple[float, str] = (0.0, ""), limit: int
    ) -> list[Session]:
        """Return sessions of an account that go on, oldest first, after a create time and id."""
        row = (email, now, *after, limit)
        rows = self._database.read(lambda c: c.execute(_OF_ACCOUNT, row).fetchall())
        return [_session(one) for one in rows]

    def refresh_token(self, digest: bytes) -> RefreshToken | None:
        """Return a refresh token with its session, None if there is none."""

        def read(connection: Connection) -> RefreshToken | None:
            row = connection.execute(_REFRESH, (digest,)).fetchone()
            found = row and connection.execute(_ONE, (row[0],)).fetchone()
            if row is None or found is None:
                return None
            return RefreshToken(
                session=_session(found), digest=digest, expire_time=row[1], spent=bool(row[2])
            )

        return self._database.read(read)

    def rotate(self, digest: bytes, session: Session, grant: Grant) -> bool:
        """Exchange a refresh token for a grant; `session` has its new times.

        False, and nothing is done, if the token was spent before or the session revoked.
        """

        def rotate(connection: Connection) -> bool:
            if connection.execute(_SPEND, (digest,)).rowcount == 0:
                return False
            used = (session.use_time, session.expire_time, session.session_id)
            if connection.execute(_USED, used).rowcount == 0:
                return False
            _add_grant(connection, session.session_id, grant)
            return True

        return self._database.write(rotate)

    def revoke(self, session_id: str) -> bool:
        """End a session with all its tokens, at once; False if there was none that went on."""

        def revoke(connection: Connection) -> bool:
            if connection.execute(_REVOKE, (session_id,)).rowcount == 0:
                return False
            connection.execute(_REVOKE_TOKENS, (session_id,))
            return True

        try:
            return self._database.write(revoke)
        finally:
            self._revoked()


def begin_session(connection: Connection, session: Session, grant: Grant) -> None:
    """Add a session with its first grant."""
    row = (
        session.session_id,
        session.client_id,
        session.email,
        session.account_id,
        session.scope,
        session.address,
        session.create_time,
        session.use_time,
        session.expire_time,
        session.end_time,
        session.revoked,
        session.person,
    )
    connection.execute(_ADD, row)
    _add_grant(connection, session.session_id, grant)


def _add_grant(connection: Connection, session_id: str, grant: Grant) -> None:
    token = (grant.token_id, session_id, grant.token_expire_time)
    connection.execute(_ADD_ACCESS, token)
    if grant.digest is not None:
        connection.execute(_ADD_REFRESH, (grant.digest, session_id, grant.expire_time))


def _session(row: Row) -> Session:
    """Make a session of _COLUMNS."""
    session_id, client_id, email, account, scope, address, *times, revoked, person = row
    created, used, expires, end = times
    return Session(
        session_id=session_id,
        client_id=client_id,
        email=email,
        account_id=account,
        scope=scope,
        address=address,
        create_time=created,
        use_time=used,
        expire_time=expires,
        end_time=end,
        revoked=bool(revoked),
        person=person,
    )
