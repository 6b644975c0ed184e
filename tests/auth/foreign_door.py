"""A door to two issuers besides our own tokens."""

from __future__ import annotations

from collections.abc import Callable

from ringback_server.auth.external_issuers import ExternalIssuer
from ringback_server.auth.external_tokens import ExternalTokens
from ringback_server.auth.key_sets import ExternalKey, KeySet
from ringback_server.auth.refusals import Refusal
from ringback_server.auth.tokens import Authenticator
from ringback_server.errors import OverloadedError
from tests.auth.instances import URL, Instance
from tests.oidc_issuer import AUDIENCE, IssuerKey, LocalIssuer, key_set
from tests.replacing import replace

ISSUER = "https://login.example.org/realms/one"
#: changes the entry of an issuer
Change = Callable[[ExternalIssuer], ExternalIssuer]


class Keys:
    """Key sets that a test changes; it counts how often keys were looked up."""

    def __init__(self, **sets: KeySet) -> None:
        self.sets = sets
        self.lookups = 0
        self.reachable = True

    def find(self, issuer: str, kid: str, algorithm: str) -> ExternalKey | None:
        """Return a key."""
        self.lookups += 1
        if not self.reachable:
            raise OverloadedError
        return self.sets[issuer].find(kid, algorithm)

    def holds(self, issuer: str, key: ExternalKey) -> bool:
        """Tell whether the key is there."""
        return key in self.sets[issuer]


class Door:
    """An instance that takes tokens of two issuers, called one and two."""

    def __init__(
        self, instance: Instance, key: IssuerKey, change: Change = lambda entry: entry
    ) -> None:
        self.instance = instance
        self.credentials = instance.credentials
        self.one = LocalIssuer(ISSUER, [key])
        self.two = LocalIssuer("https://two.example.org", [IssuerKey.new(kid="two")])
        self.keys = Keys(one=key_set(self.one.keys), two=key_set(self.two.keys))
        one = ExternalIssuer(name="one", url=self.one.url, audiences=frozenset({AUDIENCE}))
        self.configured = [
            change(one),
            replace(one, name="two", url=self.two.url),
        ]
        instance.authenticator = Authenticator(
            instance.issuer,
            self.credentials,
            self.credentials,
            instance.clock,
            urls=(URL,),
            external=ExternalTokens(self.configured, self.keys, self.credentials),
        )

    def token(self, **claims: object) -> str:
        """Return a good token of issuer one, its claims changed."""
        return self.one.token(self.instance.clock.now(), claims)

    def with_header(self, **header: object) -> str:
        """Return a token of issuer one with another header; None removes a member."""
        key = self.one.keys[0]
        made = {"alg": key.algorithm, "kid": key.kid, "typ": "JWT", **header}
        present = {name: value for name, value in made.items() if value is not None}
        return self.one.token(self.instance.clock.now(), header=present)

    def refusal(self, token: str) -> Refusal:
        """Return why a token is refused."""
        return self.instance.refusal(token)
