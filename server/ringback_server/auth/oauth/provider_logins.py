"""Logins that an external OpenID provider approves: it says who a person is, a rule says the rest.

The code of the provider is asked for with PKCE, a nonce, and a state that counts once, for one
login, in the browser that it was given to (OpenID Connect Core 1.0, section 3.1; RFC 9700). These
are kept in memory alone: after a restart a person begins again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urlencode

from ringback_server.auth.claims import LEEWAY, Claims, printable
from ringback_server.auth.external_issuers import ExternalIssuer
from ringback_server.auth.external_tokens import IssuerKeys
from ringback_server.auth.jws import taken_apart
from ringback_server.auth.oauth.opaque import Kind, digest, new_opaque
from ringback_server.auth.oauth.provider_documents import Endpoints, ProviderError
from ringback_server.auth.oauth.stores import Logins
from ringback_server.auth.person_logins import PersonLogin
from ringback_server.auth.refusals import Refusal, TokenError
from ringback_server.auth.stores import KeyStore
from ringback_server.clock import Clock
from ringback_server.model.logins import Login

#: where a provider sends browsers back to
CALLBACK: Final = "/oauth/callback"
#: `typ` of ID tokens: an access token is none
_TYPES: Final = frozenset({"JWT", ""})
_LONGEST_SUBJECT: Final = 512
_LONGEST_CODE: Final = 4096
_LONGEST_ERROR: Final = 100
_BEGIN_AGAIN: Final = "This login has ended, or began in another browser. Begin again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One way of a browser to a provider and back."""

    issuer: ExternalIssuer
    client: PersonLogin
    endpoints: Endpoints
    login: Login
    browser: bytes = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who somebody is, and as whom they are let in."""

    name: str
    #: None: no rule matches
    account: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRequest:
    """The form that exchanges a provider's code, and the header Authorization beside it."""

    form: Mapping[str, str] = field(repr=False)
    authorization: str | None = field(repr=False)


class ProviderLogins:
    """Sends browsers to providers, and decides logins by what these say. Threads share it."""

    def __init__(
        self,
        issuers: Iterable[ExternalIssuer],
        keys: IssuerKeys | None,
        logins: Logins,
        accounts: KeyStore,
        clock: Clock,
        *,
        url: str,
    ) -> None:
        """Take the issuers and their keys, and the URL that this server is reached under."""
        self._issuers = {it.name: it for it in issuers if it.login} if keys else {}
        self._keys = keys
        self._logins = logins
        self._accounts = accounts
        self._clock = clock
        self._redirect_uri = f"{url}{CALLBACK}"
        # Guards the attempts, by their states. A login has one: as many wait as logins do.
        self._lock = threading.Lock()
        self._attempts: dict[bytes, Attempt] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """What the providers are called."""
        return tuple(self._issuers)

    def issuer(self, name: str) -> ExternalIssuer:
        """Return a provider; raises ProviderError."""
        found = self._issuers.get(name)
        if found is None:
            raise ProviderError("There is no such way to log in.")
        return found

    def begin(
        self, issuer: ExternalIssuer, endpoints: Endpoints, login: Login, browser: str
    ) -> str:
        """Return where a browser goes for a login; an earlier way for the same login ends."""
        client = _client(issuer)
        state, nonce, verifier = (new_opaque(Kind.COOKIE) for _ in range(3))
        attempt = Attempt(
            issuer=issuer,
            client=client,
            endpoints=endpoints,
            login=login,
            browser=digest(browser),
            nonce=nonce,
            verifier=verifier,
        )
        now = self._clock.now()
        with self._lock:
            self._attempts = {
                key: other
                for key, other in self._attempts.items()
                if other.login.expire_time > now and other.login.login_id != login.login_id
            }
            self._attempts[digest(state)] = attempt
        asked = {
            "response_type": "code",
            "client_id": client.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": " ".join(client.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
        }
        place = endpoints.authorization
        return f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}"

    def take(self, answer: Mapping[str, str], browser: str) -> Attempt:
        """Return the attempt that a provider's answer ends, once, in its own browser.

        Raises ProviderError, also for an answer that says that the provider let nobody in.
        """
        state = digest(answer.get("state", ""))
        with self._lock:
            attempt = self._attempts.get(state)
            if attempt and not hmac.compare_digest(attempt.browser, digest(browser)):
                attempt = None
            if attempt:
                del self._attempts[state]
        if attempt is None or self._clock.now() >= attempt.login.expire_time:
            raise ProviderError(_BEGIN_AGAIN)
        said = answer.get("iss")
        if said != attempt.issuer.url and (said is not None or attempt.endpoints.tells_issuer):
            raise ProviderError("The answer is that of another issuer.")
        if "error" in answer:
            why = answer["error"]
            shown = why if printable(why) and len(why) <= _LONGEST_ERROR else "an error"
            raise ProviderError(f"{attempt.issuer.name} did not log you in: {shown}.")
        return attempt

    def code_request(self, attempt: Attempt, answer: Mapping[str, str]) -> CodeRequest:
        """Return what to send to the token endpoint (RFC 6749, 4.1.3); raises ProviderError."""
        code = answer.get("code", "")
        if not code or len(code) > _LONGEST_CODE:
            raise ProviderError(f"{attempt.issuer.name} has given no code.")
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": attempt.verifier,
        }
        client_id, secret = attempt.client.client_id, attempt.client.client_secret
        if secret is None:
            return CodeRequest(form={**form, "client_id": client_id}, authorization=None)
        if attempt.endpoints.posts_secret:
            whole = {**form, "client_id": client_id, "client_secret": secret}
            return CodeRequest(form=whole, authorization=None)
        # Encoded before they are joined (RFC 6749, 2.3.1).
        pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
        basic = base64.b64encode(pair.encode()).decode()
        return CodeRequest(form=form, authorization=f"Basic {basic}")

    def person(self, attempt: Attempt, id_token: str) -> Person:
        """Return who an ID token says that a person is (OpenID Connect Core 1.0, 3.1.3.7).

        Raises TokenError, and OverloadedError while the issuer is asked for its keys.
        """
        issuer = attempt.issuer
        claims = self._claims(issuer, id_token)
        client_id = attempt.client.client_id
        if claims.text("iss") != issuer.url:
            raise TokenError(Refusal.ISSUER)
        # Nobody else is trusted with it: it is for this server and no other.
        if claims.one_or_more("aud") != frozenset({client_id}):
            raise TokenError(Refusal.AUDIENCE)
        if claims.optional_text("azp") not in {None, client_id}:
            raise TokenError(Refusal.AUDIENCE, "azp")
        if not hmac.compare_digest(claims.text("nonce").encode(), attempt.nonce.encode()):
            raise TokenError(Refusal.CLAIM, "nonce")
        if claims.expiry(self._clock.now()) - claims.second("iat") > issuer.max_lifetime + LEEWAY:
            raise TokenError(Refusal.LIFETIME)
        subject = claims.text_at(issuer.subject.names, _LONGEST_SUBJECT)
        return Person(name=issuer.principal(subject), account=attempt.client.account(claims))

    def counts(self, email: str) -> bool:
        """Tell whether an account is there and not disabled."""
        account = self._accounts.account(email)
        return account is not None and not account.disabled

    def approve(self, attempt: Attempt, email: str, person: Person) -> None:
        """Let a person in as an account; raises ProviderError if the login waits no longer."""
        now = self._clock.now()
        if not self._logins.approve(attempt.login.login_id, email, now, person.name):
            raise ProviderError(_BEGIN_AGAIN)

    def _claims(self, issuer: ExternalIssuer, id_token: str) -> Claims:
        token = taken_apart(id_token)
        if token.typ not in _TYPES:
            raise TokenError(Refusal.TYPE)
        if token.algorithm not in issuer.algorithms:
            raise TokenError(Refusal.ALGORITHM)
        key = self._keys.find(issuer.name, token.kid, token.algorithm) if self._keys else None
        if key is None:
            raise TokenError(Refusal.KEY_UNKNOWN)
        return token.claims(key.public_key)


def _client(issuer: ExternalIssuer) -> PersonLogin:
    if issuer.login is None:
        raise ProviderError("There is no such way to log in.")
    return issuer.login


def _challenge(verifier: str) -> str:
    made = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()
