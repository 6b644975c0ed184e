"""Who asks: clients, and how each shows who it is (RFC 6749, 2.3).

A service account is a confidential client under its address or its unique id. A program that
people log in with has no secret, and so is a public client.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

from ringback_server.auth.claims import printable
from ringback_server.auth.grants import OAuthError
from ringback_server.auth.oauth.client_assertions import ASSERTION_TYPE, ClientAssertions
from ringback_server.auth.oauth.opaque import digest
from ringback_server.auth.oauth.requests import OAuthRequest
from ringback_server.auth.oauth.stores import Accounts, ClientSecrets
from ringback_server.auth.oauth.throttle import Throttle
from ringback_server.auth.refusals import TokenError
from ringback_server.clock import Clock

#: the command line as a client
COMMAND_LINE: Final = "ringback-cli"
#: the ways for clients with secrets or keys, and the one for those without
METHODS: Final = ("client_secret_basic", "client_secret_post", "private_key_jwt")
PUBLIC_METHOD: Final = "none"

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})
#: how often a client may fail from one address, in how many seconds
_FAILURES, _WINDOW = 20, 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A client that was told apart from others."""

    client_id: str
    #: the account that it is; None for a program that people log in with
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicClient:
    """A program that people log in with, and where its answers may be sent."""

    client_id: str
    redirect_uris: tuple[str, ...]

    def allows(self, redirect_uri: str) -> bool:
        """Tell whether an answer may be sent there: exactly one of them, see `_same`."""
        return any(_same(known, redirect_uri) for known in self.redirect_uris)


#: listens where it finds a free port
COMMAND_LINE_CLIENT: Final = PublicClient(
    client_id=COMMAND_LINE,
    redirect_uris=("http://127.0.0.1/callback", "http://[::1]/callback"),
)


class Clients:
    """Tells clients apart; each request uses exactly one way to do so."""

    def __init__(
        self,
        accounts: Accounts,
        secrets: ClientSecrets,
        assertions: ClientAssertions,
        clock: Clock,
        public: tuple[PublicClient, ...] = (COMMAND_LINE_CLIENT,),
    ) -> None:
        self._accounts = accounts
        self._secrets = secrets
        self._assertions = assertions
        self._clock = clock
        self._public = {client.client_id: client for client in public}
        self._failures = Throttle(clock, limit=_FAILURES, seconds=_WINDOW)

    def public(self, client_id: str) -> PublicClient | None:
        """Return the program that people log in with under an id, None if there is none."""
        return self._public.get(client_id)

    def authenticate(self, request: OAuthRequest) -> Client:
        """Return which client sends a request; raises OAuthError.

        Anything wrong with a secret or a key is `invalid_client` and one sentence, and too many of
        that are told to wait. What is right counts all the same: nobody guesses a secret, but
        others may share an address with its client, as behind a proxy.
        """
        basic, posted, signed = self._ways(request)
        claimed = basic[0] if basic else request.text("client_id")
        key = f"{request.address} {claimed[:200]}"
        try:
            if signed:
                return self._by_key(request)
            if basic:
                return self._by_secret(*basic)
            if posted:
                return self._by_secret(claimed, posted)
        except (TokenError, _WrongSecretError) as error:
            wait = self._failures.wait(key)
            if wait:
                raise _too_many(wait) from error
            self._failures.count(key)
            raise _refused() from error
        if claimed not in self._public:
            # A missing way to show who it is guesses at nothing, and so is not counted.
            raise _refused()
        return Client(client_id=claimed)

    def confidential(self, request: OAuthRequest) -> Client:
        """Return which account sends a request; raises OAuthError, also for a public client."""
        client = self.authenticate(request)
        if client.email is None:
            raise _refused()
        return client

    def _ways(self, request: OAuthRequest) -> tuple[tuple[str, str] | None, str, bool]:
        """Return Basic's pair, the posted secret, and whether there is an assertion."""
        basic = _basic(request.authorization)
        posted = request.text("client_secret")
        signed = "client_assertion" in request.form or "client_assertion_type" in request.form
        if sum((basic is not None, bool(posted), signed)) > 1:
            raise OAuthError("invalid_request", "More than one way to authenticate is used.")
        claimed = request.text("client_id")
        if basic and claimed and claimed != basic[0]:
            raise OAuthError("invalid_request", "client_id is not the one that authenticates.")
        if not basic and not signed and not claimed:
            raise _refused()
        return basic, posted, signed

    def _by_secret(self, client_id: str, secret: str) -> Client:
        email = self._email(client_id)
        account = self._accounts.account(email)
        found = digest(secret)
        now = self._clock.now()
        # As many comparisons for an account that there is not.
        matched = hmac.compare_digest(found, bytes(len(found)))
        for known in self._secrets.of_account(email):
            in_force = known.expire_time is None or now < known.expire_time
            its = account is not None and known.account_id == account.unique_id
            matched |= hmac.compare_digest(found, known.digest) and in_force and its
        if not matched or account is None or account.disabled:
            raise _WrongSecretError
        return Client(client_id=client_id, email=email)

    def _by_key(self, request: OAuthRequest) -> Client:
        if request.text("client_assertion_type") != ASSERTION_TYPE:
            raise OAuthError("invalid_request", f"client_assertion_type must be {ASSERTION_TYPE}.")
        client_id, email = self._assertions.verify(request.required("client_assertion"))
        claimed = request.text("client_id")
        if claimed and claimed != client_id:
            raise OAuthError("invalid_request", "client_id is not the one that authenticates.")
        return Client(client_id=client_id, email=email)

    def _email(self, client_id: str) -> str:
        if "@" in client_id:
            return client_id
        return self._secrets.email_of(client_id) or client_id


class _WrongSecretError(Exception):
    """The secret is not one of the client's, or there is no such client."""


def _basic(authorization: str | None) -> tuple[str, str] | None:
    """Return id and secret of HTTP Basic authentication, both form-encoded before (RFC 6749)."""
    if authorization is None:
        return None
    scheme, _, encoded = authorization.strip(" \t").partition(" ")
    if scheme.lower() != "basic":
        raise _refused()
    try:
        text = base64.b64decode(encoded.lstrip(" "), validate=True).decode("ascii")
        name, colon, secret = text.partition(":")
        pair = (_unquoted(name), _unquoted(secret))
    except (binascii.Error, ValueError):
        raise _refused() from None
    if not colon or not pair[0] or not printable(pair[0]):
        raise _refused()
    return pair


def _unquoted(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ")).decode("utf-8")


def _same(known: str, given: str) -> bool:
    """Compare redirect URIs: letter by letter, but for the port on the loopback interface.

    A program on somebody's machine listens on a port that it cannot know before (RFC 8252, 7.3).
    """
    if known == given:
        return True
    if not printable(given) or "\\" in given:
        return False
    wanted = urlsplit(known)
    if wanted.scheme != "http" or wanted.hostname not in _LOOPBACK:
        return False
    try:
        port = urlsplit(given).port
    except ValueError:
        return False
    return port is not None and given == known.replace(wanted.netloc, f"{wanted.netloc}:{port}", 1)


def _refused() -> OAuthError:
    return OAuthError("invalid_client", "Client authentication failed.", 401)


def _too_many(wait: float) -> OAuthError:
    return OAuthError(
        "temporarily_unavailable", "Too many failures; try again later.", 429, retry_after=wait
    )
