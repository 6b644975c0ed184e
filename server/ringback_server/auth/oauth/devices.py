"""Logins by a device code: for programs on machines without a browser (RFC 8628)."""

from __future__ import annotations

from typing import Final
from uuid import uuid4

from ringback_server.auth.claims import CLOUD_PLATFORM
from ringback_server.auth.grants import OAuthError
from ringback_server.auth.oauth.clients import Client
from ringback_server.auth.oauth.opaque import (
    Kind,
    digest,
    new_opaque,
    new_user_code,
    user_code_digest,
)
from ringback_server.auth.oauth.requests import OFFLINE, OPENID, OAuthRequest, asked_scope
from ringback_server.auth.oauth.sessions import PersonSessions
from ringback_server.auth.oauth.stores import Logins
from ringback_server.auth.oauth.throttle import Throttle
from ringback_server.clock import Clock
from ringback_server.model.logins import Login

#: how long a login waits, the pause between two questions, and what each hasty one adds
LOGIN_SECONDS: Final = 600.0
_INTERVAL: Final = 5.0
_SLOWER: Final = 5.0
#: how many logins may wait, and how many begin at one address, in how many seconds
MOST_WAITING: Final = 1_000
_STARTS, _WINDOW = 30, 60.0
#: a question is not hasty if it is early by less than this: networks are not even
_GRACE: Final = 0.5


class NewLogins:
    """Begins logins, so many from one address and no more."""

    def __init__(self, logins: Logins, clock: Clock) -> None:
        """Take the seams."""
        self._logins = logins
        self._clock = clock
        self._starts = Throttle(clock, limit=_STARTS, seconds=_WINDOW)

    def admit(self, address: str) -> None:
        """Count a login that begins at an address; raise OAuthError for too many."""
        wait = self._starts.wait(address)
        if wait:
            raise OAuthError(
                "temporarily_unavailable", "Too many logins begin here.", 429, retry_after=wait
            )
        self._starts.count(address)

    def add(
        self,
        login: Login,
        user_code: str,
        *,
        device_code: bytes | None = None,
        browser: bytes | None = None,
    ) -> None:
        """Let a login wait under a user code; OverloadedError if too many wait."""
        self._logins.add(
            login,
            user_code=user_code_digest(user_code) or b"",
            device_code=device_code,
            browser=browser,
            most=MOST_WAITING,
        )


class DeviceLogins:
    """Begins and ends logins by device codes."""

    def __init__(
        self,
        new: NewLogins,
        logins: Logins,
        sessions: PersonSessions,
        clock: Clock,
        *,
        verification_uri: str,
    ) -> None:
        """Take the seams; `verification_uri` is the page where a person types the user code."""
        self._new = new
        self._logins = logins
        self._sessions = sessions
        self._clock = clock
        self._verification_uri = verification_uri

    def begin(self, request: OAuthRequest, client: Client) -> dict[str, object]:
        """Return the answer to a device authorization request; raises OAuthError."""
        check_public(client)
        scope = asked_scope(request.text("scope"), CLOUD_PLATFORM, more=(OPENID, OFFLINE))
        self._new.admit(request.address)
        now, device_code = self._clock.now(), new_opaque(Kind.DEVICE)
        login = Login(
            login_id=str(uuid4()),
            client_id=client.client_id,
            scope=scope,
            address=request.address,
            create_time=now,
            expire_time=now + LOGIN_SECONDS,
            interval=_INTERVAL,
        )
        user_code = new_user_code()
        self._new.add(login, user_code, device_code=digest(device_code))
        return {
            "device_code": device_code,
            "user_code": user_code,
            "verification_uri": self._verification_uri,
            "verification_uri_complete": f"{self._verification_uri}?user_code={user_code}",
            "expires_in": int(LOGIN_SECONDS),
            "interval": int(_INTERVAL),
        }

    def exchange(self, request: OAuthRequest, client: Client) -> dict[str, object]:
        """Return the answer to a device that asks whether it is let in; raises OAuthError."""
        login = self._logins.by_device_code(digest(request.required("device_code")))
        if login is None or login.client_id != client.client_id:
            raise OAuthError("invalid_grant", "The device code is not valid.")
        now = self._clock.now()
        if login.session_id is None and now >= login.expire_time:
            raise OAuthError("expired_token", "The device code has expired.")
        if login.denied:
            raise OAuthError("access_denied", "The login was refused.")
        if login.pending:
            raise self._not_yet(login, now)
        return self._sessions.begin(login)

    def _not_yet(self, login: Login, now: float) -> OAuthError:
        hasty = now < login.poll_time - _GRACE
        interval = login.interval + _SLOWER if hasty else login.interval
        self._logins.polled(login.login_id, poll_time=now + interval, interval=interval)
        if hasty:
            return OAuthError("slow_down", f"Ask every {interval:.0f} seconds.")
        return OAuthError("authorization_pending", "Nobody has approved the login yet.")


def check_public(client: Client) -> None:
    """Raise OAuthError unless people can log in with a client."""
    if client.email is not None:
        raise OAuthError("unauthorized_client", "People do not log in as a service account.")
