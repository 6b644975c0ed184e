"""Credentials kept in memory: the fake at the seam between auth and the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ringback_server.auth.access import under
from ringback_server.model.resources import AccountKey, Binding, ServiceAccount, SigningKey
from ringback_server.model.roles import Role
from tests.replacing import replace


@dataclass(slots=True)
class MemoryCredentials:
    """Satisfies `CredentialStore`; tests change what it holds at will."""

    accounts: dict[str, ServiceAccount] = field(default_factory=dict[str, ServiceAccount])
    account_keys: dict[str, AccountKey] = field(default_factory=dict[str, AccountKey])
    bindings: list[Binding] = field(default_factory=list[Binding])
    signers: list[SigningKey] = field(default_factory=list[SigningKey])
    custom_roles: dict[str, Role] = field(default_factory=dict[str, Role])
    revocations: set[str] = field(default_factory=set[str])
    _shown: tuple[SigningKey, ...] = ()

    def account(self, email: str) -> ServiceAccount | None:
        """Return an account."""
        return self.accounts.get(email)

    def add_account(self, account: ServiceAccount) -> None:
        """Add an account."""
        self.accounts[account.email] = account

    def account_key(self, kid: str) -> AccountKey | None:
        """Return a registered key."""
        return self.account_keys.get(kid)

    def add_account_key(self, key: AccountKey) -> None:
        """Register a key."""
        self.account_keys[key.kid] = key

    def roles(self, email: str) -> list[Binding]:
        """Return the bindings of an account."""
        return [binding for binding in self.bindings if binding.email == email]

    def roles_above(self, email: str, resource: str) -> list[Binding]:
        """Return the bindings of an account on a resource and above it."""
        return [binding for binding in self.roles(email) if under(resource, binding.resource)]

    def roles_held(self, email: str, *, now: float, touching: str | None) -> list[str]:
        """Return the roles that an account has now."""
        return [
            binding.role
            for binding in self.roles(email)
            if (binding.expire_time is None or now < binding.expire_time)
            and (
                touching is None
                or under(touching, binding.resource)
                or under(binding.resource, touching)
            )
        ]

    def add_binding(self, binding: Binding) -> None:
        """Add a binding."""
        self.bindings.append(binding)

    def custom_role(self, name: str) -> Role | None:
        """Return a custom role."""
        return self.custom_roles.get(name)

    def signing_keys(self) -> tuple[SigningKey, ...]:
        """Return the signing keys, newest first."""
        if list(self._shown) != self.signers:
            self._shown = tuple(self.signers)
        return self._shown

    def add_signing_key(self, key: SigningKey) -> None:
        """Add a signing key."""
        self.signers.insert(0, key)

    def rotate_signing_keys(self, key: SigningKey, *, retire: float | None, leeway: float) -> None:
        """Add a signing key in place of those that sign."""
        now = key.create_time
        for place, old in enumerate(self.signers):
            if old.rotate_time is None:
                end = max(old.tokens_until, now) + leeway if retire is None else retire
                self.signers[place] = replace(
                    old, sealed_key=None, rotate_time=now, retire_time=end
                )
        self.add_signing_key(key)

    def revoke_signing_key(self, kid: str, now: float, successor: SigningKey | None) -> None:
        """Retire a signing key at once."""
        self._change(
            kid,
            lambda key: replace(
                key, sealed_key=None, rotate_time=now, retire_time=now, revoked=True
            ),
        )
        if successor is not None:
            self.add_signing_key(successor)

    def note_tokens(self, kid: str, until: float) -> bool:
        """Remember until when tokens of a key may be valid."""
        self._change(kid, lambda key: replace(key, tokens_until=until))
        return True

    def describe_signing_key(self, kid: str, public_key: str) -> None:
        """Keep the public half of a key."""
        self._change(kid, lambda key: replace(key, public_key=public_key))

    def _change(self, kid: str, change: Callable[[SigningKey], SigningKey]) -> None:
        self.signers = [change(key) if key.kid == kid else key for key in self.signers]

    def revoked(self, token_id: str) -> bool:
        """Tell whether a token was revoked."""
        return token_id in self.revocations

    def standing(self, email: str, token_id: str) -> tuple[ServiceAccount | None, bool]:
        """Return the account of a token and whether the token was revoked."""
        return self.account(email), self.revoked(token_id)

    def disable_account(self, email: str) -> None:
        """Disable an account."""
        self.accounts[email] = replace(self.accounts[email], disabled=True)

    def disable_key(self, kid: str) -> None:
        """Disable a key."""
        self.account_keys[kid] = replace(self.account_keys[kid], disabled=True)
