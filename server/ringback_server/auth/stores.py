"""What auth needs to be remembered: the seams that the store fills.

Each call reads what holds now: authentication asks again for every request, so an account that
is disabled or a token that is revoked opens nothing from the next request on. Each is one indexed
read or cheaper.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ringback_server.model.names import WorkflowName
from ringback_server.model.resources import (
    AccountKey,
    Binding,
    ManagedKey,
    ServiceAccount,
    SigningKey,
)
from ringback_server.model.roles import Role
from ringback_server.model.signatures import CallbackSignature, HmacRules, Scheme


class SigningKeyStore(Protocol):
    """The keys of this server's issuer."""

    def signing_keys(self) -> Sequence[SigningKey]:
        """Return all keys, newest first; the same object until there is a change."""
        ...

    def add_signing_key(self, key: SigningKey, /) -> object:
        """Add a key, which signs from now on."""
        ...

    def rotate_signing_keys(
        self, key: SigningKey, /, *, retire: float | None, leeway: float
    ) -> object:
        """Add a key that signs from its `create_time` on in place of those before.

        Their private halves are destroyed. They retire at `retire`; if that is None, each
        `leeway` seconds after its last token has expired.
        """
        ...

    def revoke_signing_key(self, kid: str, now: float, successor: SigningKey | None, /) -> object:
        """Retire a key at `now` and destroy its private half; add its successor, if it has one."""
        ...

    def note_tokens(self, kid: str, until: float, /) -> bool:
        """Remember that tokens of a key may be valid until then; False if it signs no longer."""
        ...

    def describe_signing_key(self, kid: str, public_key: str, /) -> object:
        """Keep the public half of a key, in PEM."""
        ...


class ManagedKeyStore(Protocol):
    """The keys that this server keeps for service accounts."""

    def managed_keys(self, email: str, /) -> Sequence[ManagedKey]:
        """Return the keys kept for an account, newest first."""
        ...

    def add_managed_key(self, key: ManagedKey, /, *, forget: float) -> object:
        """Add a key in place of those before, and drop those that were made before `forget`."""
        ...


class KeyStore(Protocol):
    """Accounts and keys."""

    def account(self, email: str, /) -> ServiceAccount | None:
        """Return the service account, None if there is none."""
        ...

    def account_key(self, kid: str, /) -> AccountKey | None:
        """Return a key of an account, registered or kept here, None if there is none."""
        ...


class Bindings(Protocol):
    """Who has which role on what.

    Anybody who sets a policy may bind anybody's account there, so what an account has in all may
    be much more than what it uses.
    """

    def roles(self, email: str, /) -> Sequence[Binding]:
        """Return the bindings of an account, expired ones or not."""
        ...

    def roles_above(self, email: str, resource: str, /) -> Sequence[Binding]:
        """Return those on a resource and on what is above it; it is asked for at each request."""
        ...

    def roles_held(self, email: str, /, *, now: float, touching: str | None) -> Sequence[str]:
        """Return the roles that an account has at `now` (Unix seconds), each once.

        Those that it has anywhere, or on anything that is `touching`, above or below it.
        """
        ...


class Roles(Protocol):
    """Roles that projects have made."""

    def custom_role(self, name: str, /) -> Role | None:
        """Return the custom role with a full name, None if there is none."""
        ...


class RoleStore(Bindings, Roles, Protocol):
    """What says what an account may do."""


class Revocations(Protocol):
    """Tokens that count no longer."""

    def revoked(self, token_id: str, /) -> bool:
        """Tell whether the token was revoked."""
        ...

    def standing(self, email: str, token_id: str, /) -> tuple[ServiceAccount | None, bool]:
        """Return the account of a token, as KeyStore does, and whether the token was revoked.

        Both in one read: it is asked for at each request.
        """
        ...


class TokenStore(KeyStore, RoleStore, Protocol):
    """What the issuer reads."""


class CredentialStore(TokenStore, Revocations, Protocol):
    """All of it, as a first start writes it."""

    def add_account(self, account: ServiceAccount, /) -> object:
        """Add a service account."""
        ...

    def add_account_key(self, key: AccountKey, /) -> object:
        """Register a key of an account."""
        ...

    def add_binding(self, binding: Binding, /) -> object:
        """Grant a role."""
        ...


class CallbackSignatures(Protocol):
    """The signatures that callback URLs take instead of tokens."""

    def enabled(self, workflow: WorkflowName, /) -> Sequence[CallbackSignature]:
        """Return those that count for a workflow; none if there is no such workflow."""
        ...

    def kinds(self) -> frozenset[tuple[Scheme, HmacRules | None]]:
        """Return the schemes, with their rules, that count for any workflow at all."""
        ...
