"""Issuers of tokens other than this server, whom an operator trusts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from ringback_server.auth.claim_rules import ClaimPath, Condition, Rule
from ringback_server.auth.claims import printable
from ringback_server.auth.outgoing_tokens import on_loopback
from ringback_server.auth.person_logins import PersonLogin
from ringback_server.model.principals import EXTERNAL

#: what issuers may sign with
ALGORITHMS: Final = ("RS256", "ES256", "EdDSA")
#: how long a token of an issuer may be valid in seconds, unless its entry says otherwise
DEFAULT_MAX_LIFETIME: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalIssuer:
    """One issuer, and what its tokens are good for."""

    #: what principals are called by: [a-z0-9-]
    name: str
    #: `iss` of its tokens, to the letter
    url: str
    #: a token is for one of these, or refused
    audiences: frozenset[str]
    algorithms: frozenset[str] = frozenset(ALGORITHMS)
    #: where its keys are; None: where its discovery document says
    jwks_uri: str | None = None
    #: what names whoever has the token
    subject: ClaimPath = field(default_factory=lambda: ClaimPath(("sub",)))
    #: PEM of the only authorities that its servers' certificates may come from; None: the system's
    authorities: bytes | None = field(default=None, repr=False)
    #: conditions that every token satisfies, or is refused
    required: tuple[Condition, ...] = ()
    rules: tuple[Rule, ...] = ()
    #: seconds
    max_lifetime: int = DEFAULT_MAX_LIFETIME
    #: how people log in through it; None: they do not
    login: PersonLogin | None = None

    @property
    def discovery_url(self) -> str:
        """Where its discovery document is (OpenID Connect Discovery 1.0, section 4)."""
        return f"{self.url.rstrip('/')}/.well-known/openid-configuration"

    def principal(self, subject: str) -> str:
        """Return the name of a subject, as bindings have it; no two subjects share one."""
        return f"{EXTERNAL}{self.name}/subject/{subject}"


def issuer_url(text: str) -> str:
    """Return a URL that an issuer may have, as it is: it is compared to the letter.

    https, or http to this machine itself, and nothing but host, port and path. Raises ValueError.
    """
    if "?" in text:
        raise ValueError(f"expected a URL without a query, got {text!r}")
    return keys_url(text)


def keys_url(text: str) -> str:
    """Return a URL where keys may be: as of an issuer, and there may be a query.

    Raises ValueError.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"expected a URL, got {text[:200]!r}: {error}") from None
    plain = printable(text) and not set(text) & set(' "<>\\#@')
    if not parts.hostname or port == 0 or not plain:
        raise ValueError(f"expected a URL without user and fragment, got {text[:200]!r}")
    if parts.scheme != "https" and not (parts.scheme == "http" and on_loopback(text)):
        raise ValueError(f"expected https://, or http:// to this machine, got {text[:200]!r}")
    return text
