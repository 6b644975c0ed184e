"""Sessions of people: access tokens, and refresh tokens that are used once each (RFC 9700, 4.14).

Whoever uses a refresh token a second time may have stolen it, or may have had it stolen: there is
no telling, so the session ends, with every token that it gave.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from uuid import uuid4

from ringback_server.auth.attenuation import DEFAULT_LIFETIME
from ringback_server.auth.claims import LEEWAY
from ringback_server.auth.grants import OAuthError
from ringback_server.auth.issuer import IssuedToken, Issuer
from ringback_server.auth.oauth.clients import Client
from ringback_server.auth.oauth.opaque import Kind, digest, new_opaque
from ringback_server.auth.oauth.requests import OFFLINE, OPENID, OAuthRequest
from ringback_server.auth.oauth.stores import OAuthStore
from ringback_server.auth.scopes import granted_scope
from ringback_server.clock import Clock
from ringback_server.model.logins import Grant, Login, Session
from ringback_server.model.resources import ServiceAccount

_DAY: Final = 86_400.0
#: how long a session goes on without being used, and in any case, in seconds
IDLE_SECONDS: Final = 14 * _DAY
SESSION_SECONDS: Final = 90 * _DAY


class PersonSessions:
    """Begins, refreshes and ends sessions."""

    def __init__(self, issuer: Issuer, store: OAuthStore, clock: Clock) -> None:
        """Take the seams."""
        self._issuer = issuer
        self._store = store
        self._clock = clock

    def begin(self, login: Login) -> dict[str, object]:
        """Return the answer to the request that ends an approved login; raises OAuthError.

        A login gives one session: asked for again, it ends the one that it gave.
        """
        if login.session_id is not None:
            self._store.sessions.revoke(login.session_id)
            raise _invalid("The code was used before.")
        account = self._person(login.email)
        now = self._clock.now()
        offline = OFFLINE in login.scope.split(" ")
        expire_time = now + (IDLE_SECONDS if offline else DEFAULT_LIFETIME + LEEWAY)
        session = Session(
            session_id=str(uuid4()),
            client_id=login.client_id,
            email=account.email,
            account_id=account.unique_id,
            scope=login.scope,
            address=login.address,
            create_time=now,
            use_time=now,
            expire_time=expire_time,
            end_time=now + SESSION_SECONDS if offline else expire_time,
            person=login.person,
        )
        answer, grant = self._grant(session, login.scope, offline=offline)
        if not self._store.logins.spend(login.login_id, session, grant):
            raise _invalid("The code was used before.")
        if OPENID in login.scope.split(" "):
            nonce = login.redirection.nonce if login.redirection else None
            identity = self._issuer.id_token(account.email, login.client_id, nonce=nonce)
            answer["id_token"] = identity.token
        return answer

    def refresh(self, request: OAuthRequest, client: Client) -> dict[str, object]:
        """Return the answer to a refresh token (RFC 6749, 6); raises OAuthError."""
        token = digest(request.required("refresh_token"))
        found = self._store.sessions.refresh_token(token)
        if found is None or found.session.client_id != client.client_id:
            raise _invalid("The refresh token is not valid.")
        session, now = found.session, self._clock.now()
        if found.spent:
            raise self._reused(session)
        if session.revoked or now >= min(found.expire_time, session.end_time):
            raise _invalid("The refresh token is not valid.")
        if self._person(session.email).unique_id != session.account_id:
            raise _invalid("The account is gone or disabled.")
        scope = _narrowed(request.text("scope"), session.scope)
        idle = min(now + IDLE_SECONDS, session.end_time)
        used = replace(session, use_time=now, expire_time=idle)
        answer, grant = self._grant(used, scope, offline=True)
        if not self._store.sessions.rotate(token, used, grant):
            # Two at once: one of them is not whom the token was given to.
            raise self._reused(session)
        return answer

    def _reused(self, session: Session) -> OAuthError:
        """End a session, and return why."""
        ended = session if self._store.sessions.revoke(session.session_id) else None
        return OAuthError("invalid_grant", "The refresh token is not valid.", ended=ended)

    def _grant(
        self, session: Session, scope: str, *, offline: bool
    ) -> tuple[dict[str, object], Grant]:
        """Make the tokens of an answer, and what is to be remembered of them."""
        issued = self._access_token(session, scope)
        answer: dict[str, object] = {
            "access_token": issued.token,
            "expires_in": issued.expire_time - int(self._clock.now()),
            "token_type": "Bearer",
            "scope": scope,
        }
        until = issued.expire_time + LEEWAY
        grant = Grant(token_id=issued.token_id, token_expire_time=until)
        if offline:
            refresh = new_opaque(Kind.REFRESH)
            answer["refresh_token"] = refresh
            grant = replace(grant, digest=digest(refresh), expire_time=session.expire_time)
        return answer, grant

    def _access_token(self, session: Session, scope: str) -> IssuedToken:
        left = session.end_time - self._clock.now()
        return self._issuer.access_token(
            session.email,
            scope=granted_scope(scope),
            lifetime=max(1.0, min(DEFAULT_LIFETIME, left)),
            client=session.client_id,
        )

    def _person(self, email: str | None) -> ServiceAccount:
        """Return the account that a session is for; raise OAuthError unless it counts now."""
        account = self._store.credentials.account(email) if email else None
        if account is None or account.disabled:
            raise _invalid("The account is gone or disabled.")
        return account


def _narrowed(asked: str, scope: str) -> str:
    """Return the scope of a refreshed token: that of the session, or a part of it."""
    if not asked:
        return scope
    had, wanted = scope.split(" "), asked.split(" ")
    if not set(wanted) <= set(had) or not granted_scope(asked):
        raise OAuthError("invalid_scope", "The scope goes beyond that of the login.")
    return " ".join(one for one in had if one in wanted)


def _invalid(description: str) -> OAuthError:
    return OAuthError("invalid_grant", description)
