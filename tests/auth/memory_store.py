"""Credentials kept in memory: the fake at the seam between auth and the store."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ringback_server.model.resources import AccountKey, Binding, ServiceAccount, SigningKey


@dataclass(slots=True)
class MemoryCredentials:
    """Satisfies `CredentialStore`; tests change what it holds at will."""

    accounts: dict[str, ServiceAccount] = field(default_factory=dict[str, ServiceAccount])
    account_keys: dict[str, AccountKey] = field(default_factory=dict[str, AccountKey])
    bindings: list[Binding] = field(default_factory=list[Binding])
    signers: list[SigningKey] = field(default_factory=list[SigningKey])
    revocations: set[str] = field(default_factory=set[str])

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

    def add_binding(self, binding: Binding) -> None:
        """Add a binding."""
        self.bindings.append(binding)

    def signing_keys(self) -> list[SigningKey]:
        """Return the signing keys, newest first."""
        return list(self.signers)

    def add_signing_key(self, key: SigningKey) -> None:
        """Add a signing key."""
        self.signers.insert(0, key)

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
