"""What OAuth remembers of clients and people, as frozen records. All times are Unix seconds.

A *login* is the request of a person, by a program, to be let in; it waits until somebody approves
it. A *session* is what an approved login gave: refresh tokens, one after the other, and access
tokens. A code or a token that was handed out is remembered by its SHA-256 alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSecret:
    """A secret of a service account, without the secret."""

    secret_id: str
    email: str
    #: the unique id of the account: one made later under the same address has another
    account_id: str
    digest: bytes = field(repr=False)
    create_time: float
    #: None does not expire
    expire_time: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirection:
    """Where a browser takes the answer to a login, and what it is to be bound to."""

    redirect_uri: str
    #: PKCE's challenge, by S256 (RFC 7636)
    challenge: str
    state: str | None = None
    nonce: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A login, from when it is asked for until some time after its end."""

    login_id: str
    client_id: str
    #: space-separated
    scope: str
    #: where it was asked for, as far as the server can tell
    address: str
    create_time: float
    expire_time: float
    #: for a login by a browser; None for one by a device code
    redirection: Redirection | None = None
    #: the least pause between two questions of a device, in seconds
    interval: float
    #: before which a device may not ask again
    poll_time: float = 0.0
    #: whose it is, once that was approved
    email: str | None = None
    denied: bool = False
    #: until when its authorization code may be exchanged, once there is one
    code_expire_time: float | None = None
    #: the session that it gave
    session_id: str | None = None
    #: whom an external issuer says that it is, `principal://ISSUER/subject/SUBJECT`, or ""
    person: str = ""

    @property
    def pending(self) -> bool:
        """Whether nobody has decided yet."""
        return self.email is None and not self.denied


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What an approved login gave."""

    session_id: str
    client_id: str
    email: str
    #: the unique id of the account: one made later under the same address has another
    account_id: str
    scope: str
    #: where the login was asked for
    address: str
    create_time: float
    #: when it was last refreshed
    use_time: float
    #: when it ends unless it is used
    expire_time: float
    #: when it ends in any case
    end_time: float
    revoked: bool = False
    #: whom an external issuer says that it is, `principal://ISSUER/subject/SUBJECT`, or ""
    person: str = ""

    @property
    def text_bytes(self) -> int:
        """The bytes of its texts."""
        texts = (self.session_id, self.client_id, self.email, self.scope, self.address, self.person)
        return sum(len(text.encode()) for text in texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """A refresh token by its digest, with the session that it keeps going."""

    session: Session
    digest: bytes = field(repr=False)
    expire_time: float
    #: whether it was exchanged for the next one
    spent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One access token of a session and perhaps the refresh token beside it."""

    token_id: str
    token_expire_time: float
    digest: bytes | None = field(default=None, repr=False)
    expire_time: float = 0.0
