"""Who is asking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ringback_server.model.resources import ServiceAccount

#: what the names of those begin with whom an external issuer vouches for; no account's does
EXTERNAL: Final = "principal://"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A role on a resource that a rule gives the bearer of one token."""

    role: str
    #: a resource name; the role holds there and below
    resource: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """An authenticated caller and the bounds that its token sets."""

    email: str
    #: what the token names as permissions; None if the token does not say, so bindings decide
    permissions: frozenset[str] | None = None
    #: the resource name the token is bound to, itself or anything below it; None if unbound
    resource: str | None = None
    #: the unique id of the account, if the token tells it apart from others of the same address
    account_id: str | None = None
    #: the one HTTP method that callbacks are sent with; None for any
    method: str | None = None
    #: `jti` of the token, or a hash of it where it has none: for logs and audit, not a secret
    token_id: str
    #: Unix seconds
    expire_time: float
    #: what claim rules of an external issuer, or a right signature, give beside the bindings
    grants: tuple[Grant, ...] = ()

    @property
    def external(self) -> bool:
        """Whether an external issuer vouches for the caller, who then has no account here."""
        return self.email.startswith(EXTERNAL)

    def is_account(self, account: ServiceAccount | None) -> bool:
        """Tell whether an account is the one that the token speaks for, and is enabled."""
        return (
            account is not None
            and not account.disabled
            and self.account_id in {None, account.unique_id}
        )
