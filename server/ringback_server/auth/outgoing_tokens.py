"""Tokens that requests of workflows carry (SPEC 4, `auth`)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from ringback_server.auth.claims import CLOUD_PLATFORM
from ringback_server.auth.issuer import Issuer
from ringback_server.auth.stores import KeyStore
from ringback_server.errors import FailedPreconditionError
from ringback_server.model.origins import origin_of

#: seconds; no request takes longer
_LIFETIME = 1800


class OutgoingTokens:
    """Gives out tokens of accounts, for receivers that may have them.

    An ID token is good for its audience alone, so anyone may have one. An access token opens
    this server to whoever gets hold of it, so it goes to this server and nowhere else.
    """

    def __init__(
        self, issuer: Issuer, accounts: KeyStore, *, own: Iterable[str], loopback: bool
    ) -> None:
        """Take the URLs of this server.

        `loopback`: what listens on the loopback interface gets access tokens that permit nothing.
        """
        self._issuer = issuer
        self._accounts = accounts
        # Origins, each with the path that everything of this server lies below.
        self._own = tuple((origin_of(url), f"{urlsplit(url).path.rstrip('/')}/") for url in own)
        self._loopback = loopback

    def is_foreign(self, account: str, url: str) -> bool:
        """Tell whether a URL leads away from this server.

        Raises FailedPreconditionError unless the account exists and may be used.
        """
        self._check(account)
        return not self._is_own(url)

    def id_token(self, account: str, audience: str) -> str:
        """Return an ID token for an audience; raises RingbackError."""
        self._check(account)
        return self._issuer.id_token(account, audience).token

    def access_token(self, account: str, url: str, scopes: tuple[str, ...]) -> str:
        """Return an access token for a URL; raises RingbackError."""
        self._check(account)
        if self._is_own(url):
            scope = " ".join(scopes) or CLOUD_PLATFORM
            return self._issuer.access_token(account, scope=scope, lifetime=_LIFETIME).token
        if self._loopback and on_loopback(url):
            return self._issuer.access_token(account, permissions=(), lifetime=_LIFETIME).token
        raise FailedPreconditionError(
            f"access tokens of this server are not sent to {urlsplit(url).netloc}: "
            "use auth type OIDC, or give a header Authorization"
        )

    def _check(self, account: str) -> None:
        """Raise FailedPreconditionError unless an account exists and may be used."""
        found = self._accounts.account(account)
        if found is None or found.disabled:
            state = "does not exist" if found is None else "is disabled"
            raise FailedPreconditionError(f"the service account {account} {state}")

    def _is_own(self, url: str) -> bool:
        """Tell whether a URL leads to this server and nothing beside it."""
        parts = urlsplit(url)
        if ".." in unquote(parts.path):
            return False
        found = origin_of(url)
        return any(found == origin and parts.path.startswith(path) for origin, path in self._own)


def on_loopback(url: str) -> bool:
    """Tell whether a URL leads to the machine itself."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
