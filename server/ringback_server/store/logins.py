"""Logins: what programs ask for people, from the question to the session that it gives."""

from __future__ import annotations

from ringback_server.errors import OverloadedError
from ringback_server.model.logins import Grant, Login, Redirection, Session
from ringback_server.store.database import Connection, Database, Row
from ringback_server.store.sessions import begin_session

_COLUMNS = """
SELECT id, client_id, scope, address, create_time, expire_time, redirect_uri, challenge, state,
       nonce, poll_interval, poll_time, email, denied, code_expire_time, session,
       person
  FROM login
"""
_BY_BROWSER = f"{_COLUMNS} WHERE browser = ?"
_BY_USER_CODE = f"{_COLUMNS} WHERE user_code = ?"
_BY_DEVICE_CODE = f"{_COLUMNS} WHERE device_code = ?"
_BY_CODE = f"{_COLUMNS} WHERE code = ?"
_PENDING = "SELECT count(*) FROM login WHERE expire_time > ? AND email IS NULL AND denied = 0"
_LEAVE_BROWSER = "UPDATE login SET browser = NULL WHERE browser = ?"
_ADD = """
INSERT INTO login (id, client_id, scope, address, create_time, expire_time, redirect_uri,
                   challenge, state, nonce, browser, user_code, device_code, poll_interval,
                   poll_time, email, denied)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, 0)
"""
_POLLED = "UPDATE login SET poll_time = ?, poll_interval = ? WHERE id = ?"
_DECIDE = """
UPDATE login SET email = ?, denied = ?, person = ?
 WHERE id = ? AND email IS NULL AND denied = 0 AND expire_time > ?
"""
_GIVE_CODE = """
UPDATE login SET code = ?, code_expire_time = ?, browser = NULL
 WHERE id = ? AND code IS NULL AND email IS NOT NULL
"""
_SPEND = "UPDATE login SET session = ? WHERE id = ? AND session IS NULL"


class Logins:
    """The logins that wait, and those that ended not long ago."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def add(
        self,
        login: Login,
        *,
        user_code: bytes,
        device_code: bytes | None = None,
        browser: bytes | None = None,
        most: int,
    ) -> None:
        """Add a login, by digests; OverloadedError if `most` wait already.

        A browser has one login: an earlier one of it is no longer its.
        """
        sent = login.redirection
        where = (sent.redirect_uri, sent.challenge, sent.state, sent.nonce) if sent else (None,) * 4
        times = (login.create_time, login.expire_time)
        codes = (browser, user_code, device_code)
        row = (login.login_id, login.client_id, login.scope, login.address, *times, *where, *codes)

        def add(connection: Connection) -> None:
            found = connection.execute(_PENDING, (login.create_time,)).fetchone()
            if found is not None and found[0] >= most:
                raise OverloadedError("Too many logins wait; try again in some minutes.")
            connection.execute(_LEAVE_BROWSER, (browser,))
            connection.execute(_ADD, (*row, login.interval, login.poll_time))

        self._database.write(add)

    def by_browser(self, digest: bytes) -> Login | None:
        """Return the login of a browser, None if there is none."""
        return self._one(_BY_BROWSER, digest)

    def by_user_code(self, digest: bytes) -> Login | None:
        """Return the login that a user code stands for, None if there is none."""
        return self._one(_BY_USER_CODE, digest)

    def by_device_code(self, digest: bytes) -> Login | None:
        """Return the login that a device code stands for, None if there is none."""
        return self._one(_BY_DEVICE_CODE, digest)

    def by_code(self, digest: bytes) -> Login | None:
        """Return the login that an authorization code stands for, None if there is none."""
        return self._one(_BY_CODE, digest)

    def polled(self, login_id: str, *, poll_time: float, interval: float) -> None:
        """Note when a device may ask again."""
        row = (poll_time, interval, login_id)
        self._database.write(lambda c: c.execute(_POLLED, row).rowcount)

    def approve(self, login_id: str, email: str, now: float, person: str = "") -> bool:
        """Say whose a login is, by the word of an issuer whose subject `person` is if it is one's.

        False if it has expired or was decided.
        """
        return self._decide(login_id, email, now, person)

    def deny(self, login_id: str, now: float) -> bool:
        """Refuse a login; False if it has expired or was decided."""
        return self._decide(login_id, None, now)

    def give_code(self, login_id: str, digest: bytes, expire_time: float) -> bool:
        """Give an approved login its one authorization code; False if it has had it."""
        row = (digest, expire_time, login_id)
        return self._database.write(lambda c: c.execute(_GIVE_CODE, row).rowcount > 0)

    def spend(self, login_id: str, session: Session, grant: Grant) -> bool:
        """Begin the session that a login gives, once; False if it gave one before."""

        def spend(connection: Connection) -> bool:
            if connection.execute(_SPEND, (session.session_id, login_id)).rowcount == 0:
                return False
            begin_session(connection, session, grant)
            return True

        return self._database.write(spend)

    def _decide(self, login_id: str, email: str | None, now: float, person: str = "") -> bool:
        row = (email, email is None, person, login_id, now)
        return self._database.write(lambda c: c.execute(_DECIDE, row).rowcount > 0)

    def _one(self, sql: str, digest: bytes) -> Login | None:
        row = self._database.read(lambda c: c.execute(sql, (digest,)).fetchone())
        return None if row is None else _login(row)


def _login(row: Row) -> Login:
    """Make a login of the columns of _COLUMNS."""
    login_id, client_id, scope, address, created, expires, uri, challenge, state, nonce = row[:10]
    interval, poll_time, email, denied, code_expires, session, person = row[10:]
    sent = None
    if uri is not None:
        sent = Redirection(redirect_uri=uri, challenge=challenge, state=state, nonce=nonce)
    return Login(
        login_id=login_id,
        client_id=client_id,
        scope=scope,
        address=address,
        create_time=created,
        expire_time=expires,
        redirection=sent,
        interval=interval,
        poll_time=poll_time,
        email=email,
        denied=bool(denied),
        code_expire_time=code_expires,
        session_id=session,
        person=person,
    )
