"""Access tokens that are not made with a key file: from a file, and of another account."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import jwt

from ringback_client.client import Client, Options
from ringback_client.connection import Server
from ringback_client.errors import CredentialsError

#: how long a token is asked for, and how long it is used, in seconds
_LIFETIME = 3600
_USED = 3300.0


class FileTokens:
    """The token that a file has; read each time, as another program may renew it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self) -> str:
        """Return the token; raises CredentialsError."""
        try:
            token = self._path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise CredentialsError(f"No access token can be read from {self._path}.") from error
        if not token or not token.isprintable() or " " in token:
            raise CredentialsError(f"{self._path} holds no access token.")
        return token

    def account(self) -> str:
        """Return the account that the token says it speaks for; raises CredentialsError."""
        try:
            claims = jwt.decode(self.get(), options={"verify_signature": False})
            return str(claims["sub"])
        except (jwt.PyJWTError, KeyError) as error:
            raise CredentialsError(f"The token in {self._path} names no account.") from error


class ImpersonatedTokens:
    """Tokens of an account that ours may make them for."""

    def __init__(self, server: Server, email: str, own: Callable[[], str] | None) -> None:
        """Take whose tokens they are; `own` are ours, if not made with the server's key file."""
        self._server = server
        self._email = email
        self._own = own
        self._token = ""
        self._until = 0.0

    def get(self) -> str:
        """Return a token that is valid; raises a ClientError."""
        if time.monotonic() >= self._until:
            own: Options = {"project": "-"}
            if self._own is not None:
                own["credentials"] = self._own
            with Client(self._server, **own) as client:
                self._token = client.generate_access_token(self._email, seconds=_LIFETIME)
            self._until = time.monotonic() + _USED
        return self._token
