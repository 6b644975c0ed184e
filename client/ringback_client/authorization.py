"""What a client may be given to show who it is, and the tokens it gets from that."""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

from ringback_client.connection import Endpoint, Server
from ringback_client.credentials import SCOPE, AccessTokens, read_key
from ringback_client.errors import CredentialsError, InvalidInputError
from ringback_client.fetching import Fetched, fetch
from ringback_client.logins import LoginFile, LoginTokens

# google.auth.transport.Request, which has no types.
_Transport: TypeAlias = Any

_SCHEME = "Bearer "


class Tokens(Protocol):
    """Where access tokens come from. Threads may share it."""

    def get(self) -> str:
        """Return a token that is valid now, empty for none; may take time to fetch it."""
        ...

    def at_hand(self) -> str | None:
        """Return what `get` would if that takes no time, or None."""
        ...


@runtime_checkable
class GoogleCredentials(Protocol):
    """What every `google.auth.credentials.Credentials` can do, so that none need be imported."""

    def before_request(
        self, request: _Transport, method: str, url: str, headers: MutableMapping[str, str]
    ) -> object:
        """Refresh the token if need be, and put it into the headers."""
        ...


@runtime_checkable
class _Scoped(Protocol):
    """Credentials that can be told what they are for."""

    @property
    def requires_scopes(self) -> bool: ...

    def with_scopes(self, scopes: Sequence[str]) -> GoogleCredentials: ...


#: credentials of google-auth; a key file; a token; what returns a token; None for no token
Credentials: TypeAlias = GoogleCredentials | Path | str | Callable[[], str] | None


def tokens_of(credentials: Credentials, endpoint: Endpoint) -> Tokens:
    """Return where the tokens of a server come from.

    Raises CredentialsError when a key file cannot be used, InvalidInputError for anything else.
    """
    if credentials is None or isinstance(credentials, str):
        return _OneToken(credentials or "")
    if isinstance(credentials, Path):
        return AccessTokens(
            read_key(credentials), ca_file=endpoint.ca_file, identity=endpoint.identity
        )
    if isinstance(credentials, GoogleCredentials):
        return _GoogleTokens(credentials, endpoint)
    if callable(credentials):
        return _CalledTokens(credentials)
    raise InvalidInputError(
        f"Credentials cannot be a {type(credentials).__name__}.",
        next_step="Pass credentials of google-auth, the Path of a key file, a token, a function "
        "that returns a token, or None.",
    )


def tokens_of_server(server: Server) -> Tokens:
    """Return where the tokens come from with which a server that was found is called.

    Raises CredentialsError when its key file cannot be used.
    """
    if not server.logged_in:
        return tokens_of(server.key_file, server)
    file = LoginFile.of(os.environ)
    return LoginTokens(file, server.name, ca_file=server.ca_file, identity=server.identity)


def account_of_server(server: Server) -> tuple[str, str]:
    """Return the account with which a server that was found is called, and its project.

    Raises CredentialsError when its key file, or the file of logins, cannot be used.
    """
    if not server.logged_in:
        key = read_key(server.key_file)
        return key.client_email, key.project_id
    login = LoginFile.of(os.environ).logins()[server.name]
    return login.account, login.project


class _OneToken:
    """The same token, always."""

    def __init__(self, token: str) -> None:
        self._token = token.removeprefix(_SCHEME).strip()

    def get(self) -> str:
        return self._token

    def at_hand(self) -> str:
        return self._token


class _CalledTokens:
    """Asks for each call; who answers decides for how long a token is kept."""

    def __init__(self, call: Callable[[], str]) -> None:
        self._call = call

    def get(self) -> str:
        return self._call().removeprefix(_SCHEME).strip()

    def at_hand(self) -> None:
        return None


class _GoogleTokens:
    """Lets credentials of google-auth refresh themselves, over a transport of our own."""

    def __init__(self, credentials: GoogleCredentials, endpoint: Endpoint) -> None:
        self._credentials = _scoped(credentials)
        self._url = f"https://{endpoint.address}/"
        self._endpoint = endpoint
        # Google's library is optional; whoever has credentials of it has it too.
        self._failure: type[Exception] = importlib.import_module(
            "google.auth.exceptions"
        ).GoogleAuthError
        # Held while the credentials refresh themselves, which not all do safely.
        self._lock = threading.Lock()

    def get(self) -> str:
        headers: dict[str, str] = {}
        try:
            with self._lock:
                self._credentials.before_request(self._fetch, "POST", self._url, headers)
        except self._failure as error:
            raise CredentialsError(f"The credentials give no token: {error}") from error
        return headers.get("authorization", "").removeprefix(_SCHEME)

    def at_hand(self) -> None:
        return None

    def _fetch(  # what google.auth.transport.Request is
        self,
        url: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_: object,
    ) -> Fetched:
        sent = body.encode() if isinstance(body, str) else body
        patience = {} if timeout is None else {"timeout": timeout}
        return fetch(
            url,
            method=method,
            body=sent,
            headers=headers,
            ca_file=self._endpoint.ca_file,
            identity=self._endpoint.identity,
            **patience,
        )


def _scoped(credentials: GoogleCredentials) -> GoogleCredentials:
    """Return credentials that know what they are for, as Google's own clients do."""
    if isinstance(credentials, _Scoped) and credentials.requires_scopes:
        return credentials.with_scopes([SCOPE])
    return credentials
