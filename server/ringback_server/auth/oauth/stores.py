"""What the authorization server needs to be remembered: the seams that the store fills.

Secrets, codes and tokens are given by their digests, see `opaque.digest`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ringback_server.auth.stores import KeyStore, Revocations
from ringback_server.model.logins import ClientSecret, Grant, Login, RefreshToken, Session


class ClientSecrets(Protocol):
    """Secrets of accounts that are clients."""

    def email_of(self, unique_id: str, /) -> str | None:
        """Return the address of the account with a unique id, None if there is none."""
        ...

    def of_account(self, email: str, /) -> Sequence[ClientSecret]:
        """Return the secrets of an account, expired ones too."""
        ...

    def spend(self, digest: bytes, /, *, now: float, until: float) -> bool:
        """Note that an assertion was used, valid until a time; False if it was before."""
        ...


class Logins(Protocol):
    """Logins that wait, and those that ended not long ago."""

    def add(
        self,
        login: Login,
        /,
        *,
        user_code: bytes,
        device_code: bytes | None = None,
        browser: bytes | None = None,
        most: int,
    ) -> None:
        """Add a login; OverloadedError if `most` wait already."""
        ...

    def by_browser(self, digest: bytes, /) -> Login | None:
        """Return the login of a browser."""
        ...

    def by_user_code(self, digest: bytes, /) -> Login | None:
        """Return the login that a user code stands for."""
        ...

    def by_device_code(self, digest: bytes, /) -> Login | None:
        """Return the login that a device code stands for."""
        ...

    def by_code(self, digest: bytes, /) -> Login | None:
        """Return the login that an authorization code stands for."""
        ...

    def polled(self, login_id: str, /, *, poll_time: float, interval: float) -> None:
        """Note when a device may ask again."""
        ...

    def approve(self, login_id: str, email: str, now: float, person: str = "", /) -> bool:
        """Say whose a login is, and who says so; False if it has expired or was decided."""
        ...

    def deny(self, login_id: str, now: float, /) -> bool:
        """Refuse a login; False if it has expired or was decided."""
        ...

    def give_code(self, login_id: str, digest: bytes, expire_time: float, /) -> bool:
        """Give an approved login its one authorization code; False if it has had it."""
        ...

    def spend(self, login_id: str, session: Session, grant: Grant, /) -> bool:
        """Begin the session that a login gives, once; False if it gave one before."""
        ...


class Sessions(Protocol):
    """What approved logins gave."""

    def of_token(self, token_id: str, /) -> Session | None:
        """Return the session that gave an access token, None if none did."""
        ...

    def refresh_token(self, digest: bytes, /) -> RefreshToken | None:
        """Return a refresh token with its session."""
        ...

    def rotate(self, digest: bytes, session: Session, grant: Grant, /) -> bool:
        """Exchange a refresh token for a grant; False if it was spent, or the session revoked."""
        ...

    def revoke(self, session_id: str, /) -> bool:
        """End a session with all its tokens, at once; False if there was none that went on."""
        ...


class Accounts(KeyStore, Revocations, Protocol):
    """Accounts, keys, and tokens that count no longer."""

    def revoke(self, token_id: str, until: float, /) -> None:
        """Revoke a token, which would expire by itself at `until`."""
        ...


class OAuthStore(Protocol):
    """All of it."""

    @property
    def credentials(self) -> Accounts:
        """Accounts and keys."""
        ...

    @property
    def client_secrets(self) -> ClientSecrets:
        """Secrets of clients."""
        ...

    @property
    def logins(self) -> Logins:
        """Logins."""
        ...

    @property
    def sessions(self) -> Sessions:
        """Sessions."""
        ...
