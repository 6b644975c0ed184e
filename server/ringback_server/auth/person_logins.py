"""People whom an external issuer tells apart, and as which service account each is let in."""

from __future__ import annotations

from dataclasses import dataclass, field

from ringback_server.auth.claim_rules import Condition
from ringback_server.auth.claims import Claims

#: what is asked for unless an entry says otherwise
DEFAULT_SCOPES = ("openid", "email")


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRule:
    """An account for whoever's ID token satisfies all of some conditions, of which there is one."""

    conditions: tuple[Condition, ...]
    account: str

    def matches(self, claims: Claims) -> bool:
        """Tell whether the claims of an ID token satisfy all conditions."""
        return all(condition.holds(claims) for condition in self.conditions)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLogin:
    """What this server is to the issuer, an OAuth client, and whom it lets in."""

    client_id: str
    #: None for a client that has none
    client_secret: str | None = field(default=None, repr=False)
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    rules: tuple[PersonRule, ...]

    def account(self, claims: Claims) -> str | None:
        """Return the account of the first rule that matches, None if none does."""
        return next((rule.account for rule in self.rules if rule.matches(claims)), None)
