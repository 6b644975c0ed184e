"""A request to one of the OAuth endpoints, as the HTTP edge read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ringback_server.auth.grants import OAuthError
from ringback_server.auth.scopes import granted_scope

#: the scope that asks for a refresh token (OpenID Connect Core, 11)
OFFLINE = "offline_access"
#: the scope that asks for an ID token
OPENID = "openid"


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthRequest:
    """The parameters, each given once, and what else tells who sends them."""

    form: Mapping[str, str] = field(repr=False)
    #: the header Authorization
    authorization: str | None = field(default=None, repr=False)
    #: where it came from: an IP address, "" if that is not known
    address: str = ""

    def text(self, name: str) -> str:
        """Return a parameter, "" if it is not there; empty means omitted (RFC 6749, 3.1)."""
        return self.form.get(name, "")

    def required(self, name: str) -> str:
        """Return a parameter; raise OAuthError if it is missing."""
        value = self.text(name)
        if not value:
            raise OAuthError("invalid_request", f"{name} is missing.")
        return value


def asked_scope(asked: str, default: str, *, more: tuple[str, ...] = ()) -> str:
    """Return what is granted of the scopes that are asked for; raise OAuthError for none.

    `default` is for a request that asks for none; `more` are those that open nothing themselves.
    """
    if not asked:
        return default
    opening = granted_scope(asked)
    words = asked.split(" ")
    if not opening:
        raise OAuthError("invalid_scope", f"The scope must hold {default}.")
    return " ".join([opening, *(scope for scope in more if scope in words)])
