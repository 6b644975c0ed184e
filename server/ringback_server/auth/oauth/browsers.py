"""Logins by a browser: the authorization code, with PKCE (RFC 6749 4.1, RFC 7636, RFC 9207).

The request of a program, a URL that it opens in a browser, changes nothing. The person goes on
from the page that answers it, and the browser then holds a cookie that the login is bound to.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode
from uuid import uuid4

from ringback_server.auth.claims import CLOUD_PLATFORM, printable
from ringback_server.auth.grants import OAuthError
from ringback_server.auth.oauth.clients import Client, Clients
from ringback_server.auth.oauth.devices import LOGIN_SECONDS, NewLogins
from ringback_server.auth.oauth.opaque import Kind, digest, new_opaque, user_code_of
from ringback_server.auth.oauth.requests import OFFLINE, OPENID, OAuthRequest, asked_scope
from ringback_server.auth.oauth.sessions import PersonSessions
from ringback_server.auth.oauth.stores import Logins
from ringback_server.clock import Clock
from ringback_server.model.logins import Login, Redirection

#: how long an authorization code may be exchanged, in seconds
CODE_SECONDS: Final = 60.0
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_LONGEST: Final = 1_000


class UnknownClientError(Exception):
    """Whose request it is, or where the answer should go, is not known: nothing is sent there."""


class RedirectedError(Exception):
    """A request is refused, and the program hears of it: `location` is where the browser goes."""

    def __init__(self, location: str) -> None:
        super().__init__("the request is refused")
        self.location = location


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A valid request of a program."""

    client_id: str
    scope: str
    redirection: Redirection


class BrowserLogins:
    """Reads requests, begins logins, and gives authorization codes and sessions."""

    def __init__(
        self,
        clients: Clients,
        new: NewLogins,
        logins: Logins,
        sessions: PersonSessions,
        clock: Clock,
        *,
        issuer: str,
    ) -> None:
        """Take the seams; `issuer` is told in answers (RFC 9207)."""
        self._clients = clients
        self._new = new
        self._logins = logins
        self._sessions = sessions
        self._clock = clock
        self._issuer = issuer

    def read(self, parameters: Mapping[str, str]) -> Asked:
        """Return what a program asks for; raises UnknownClientError and RedirectedError."""
        client = self._clients.public(parameters.get("client_id", ""))
        redirect_uri = parameters.get("redirect_uri", "")
        if client is None or not client.allows(redirect_uri):
            raise UnknownClientError
        state = parameters.get("state")
        try:
            scope = self._scope(parameters)
        except OAuthError as error:
            raise RedirectedError(self._location(redirect_uri, state, error=error)) from error
        challenge = parameters["code_challenge"]
        return Asked(
            client_id=client.client_id,
            scope=scope,
            redirection=Redirection(
                redirect_uri=redirect_uri,
                challenge=challenge,
                state=state,
                nonce=parameters.get("nonce"),
            ),
        )

    def begin(self, asked: Asked, *, browser: str, address: str) -> None:
        """Let a login of a browser wait; raises OAuthError."""
        self._new.admit(address)
        now = self._clock.now()
        login = Login(
            login_id=str(uuid4()),
            client_id=asked.client_id,
            scope=asked.scope,
            address=address,
            create_time=now,
            expire_time=now + LOGIN_SECONDS,
            redirection=asked.redirection,
            interval=0.0,
        )
        self._new.add(login, self.user_code(login, browser), browser=digest(browser))

    def user_code(self, login: Login, browser: str) -> str:
        """Return the user code of a login, which only its browser can be told: nobody stores it."""
        return user_code_of(f"{login.login_id} {browser}")

    def waiting(self, browser: str) -> Login | None:
        """Return the login of a browser, None if it has none that goes on."""
        login = self._logins.by_browser(digest(browser))
        if login is None or self._clock.now() >= login.expire_time:
            return None
        return login

    def end(self, login: Login) -> str | None:
        """Return where a browser goes whose login was decided, None if that was done before."""
        sent = login.redirection
        if sent is None or login.pending:
            return None
        if login.denied:
            error = OAuthError("access_denied", "The login was refused.")
            return self._location(sent.redirect_uri, sent.state, error=error)
        code = new_opaque(Kind.CODE)
        until = self._clock.now() + CODE_SECONDS
        if not self._logins.give_code(login.login_id, digest(code), until):
            return None
        return self._location(sent.redirect_uri, sent.state, code=code)

    def exchange(self, request: OAuthRequest, client: Client) -> dict[str, object]:
        """Return the answer to an authorization code; raises OAuthError."""
        login = self._logins.by_code(digest(request.required("code")))
        redirect_uri = request.required("redirect_uri")
        verifier = request.required("code_verifier")
        sent = login.redirection if login else None
        if login is None or sent is None or login.client_id != client.client_id:
            raise _refused()
        if redirect_uri != sent.redirect_uri or not _proves(verifier, sent.challenge):
            raise _refused()
        if login.session_id is None and self._clock.now() >= (login.code_expire_time or 0.0):
            raise _refused()
        return self._sessions.begin(login)

    def _scope(self, parameters: Mapping[str, str]) -> str:
        """Check what may be refused by an answer to the program; return the scope granted."""
        if parameters.get("response_type") != "code":
            raise OAuthError("unsupported_response_type", "response_type must be code.")
        if parameters.get("response_mode", "query") != "query":
            raise OAuthError("invalid_request", "response_mode must be query.")
        if "request" in parameters:
            raise OAuthError("request_not_supported", "Request objects are not taken.")
        if "request_uri" in parameters:
            raise OAuthError("request_uri_not_supported", "Request objects are not taken.")
        if parameters.get("code_challenge_method") != "S256":
            raise OAuthError("invalid_request", "code_challenge_method must be S256.")
        if not _CHALLENGE.fullmatch(parameters.get("code_challenge", "")):
            raise OAuthError("invalid_request", "code_challenge is not one of S256.")
        for name in ("state", "nonce"):
            value = parameters.get(name)
            if value is not None and (len(value) > _LONGEST or not printable(value)):
                raise OAuthError("invalid_request", f"{name} must be short and printable.")
        if "none" in parameters.get("prompt", "").split(" "):
            raise OAuthError("login_required", "Somebody has to approve each login.")
        offline = parameters.get("access_type") == "offline"
        asked = f"{parameters.get('scope', '')} {OFFLINE}" if offline else parameters.get("scope")
        return asked_scope((asked or "").strip(" "), CLOUD_PLATFORM, more=(OPENID, OFFLINE))

    def _location(
        self,
        redirect_uri: str,
        state: str | None,
        *,
        code: str | None = None,
        error: OAuthError | None = None,
    ) -> str:
        answer: dict[str, str] = {"code": code} if code else {}
        if error:
            answer |= {"error": error.error, "error_description": error.description}
        if state is not None:
            answer["state"] = state
        return f"{redirect_uri}?{urlencode({**answer, 'iss': self._issuer})}"


def _proves(verifier: str, challenge: str) -> bool:
    """Tell whether a verifier is the one of a challenge (RFC 7636, 4.6)."""
    if not _VERIFIER.fullmatch(verifier):
        return False
    made = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    return hmac.compare_digest(made, challenge.encode())


def _refused() -> OAuthError:
    return OAuthError("invalid_grant", "The code is not valid.")
