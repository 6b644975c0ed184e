"""Google's own tokens, which google-auth gets for credentials that an operator gives.

google-auth is an optional extra, and slow to import: nothing of it is loaded before there are
credentials.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

from ringback_server.auth.claims import CLOUD_PLATFORM
from ringback_server.auth.outgoing_tokens import on_loopback
from ringback_server.errors import FailedPreconditionError
from ringback_server.model.extras import installing

#: stands for the credentials that Google's libraries find by themselves
DEFAULT = "default"

_GOOGLE_APIS = ".googleapis.com"
#: seconds for each request that google-auth sends, of which it may send a few
_TIMEOUT = 10.0
_LONGEST_REASON = 200
#: what may be a token or a key, in the answer of an endpoint that repeats what it was sent
_LONG_WORD = re.compile(r"\S{64,}")


@dataclass(frozen=True, slots=True)
class GoogleToken:
    """A token, and the Unix second of its end."""

    token: str = field(repr=False)
    expire_time: float


class _Credentials(Protocol):
    """What is used of google-auth's credentials."""

    token: str | None
    #: in UTC, without saying so
    expiry: datetime | None

    def refresh(self, request: Callable[..., object]) -> None:
        """Get a token."""
        ...


class GoogleTokens:
    """Gets tokens of one identity, each time anew; a call takes as long as Google takes."""

    def __init__(self, source: str, *, loopback: bool) -> None:
        """Load credentials from a file, or those that are DEFAULT.

        `loopback`: what listens on the loopback interface gets access tokens as Google does.
        Raises ValueError, with what is to be done, if they or google-auth cannot be loaded.
        """
        self._loopback = loopback
        try:
            self._auth: Any = import_module("google.auth")
            self._impersonated: Any = import_module("google.auth.impersonated_credentials")
            self._transport: Any = import_module("google.auth.transport.requests")
            self._id_token: Any = import_module("google.oauth2.id_token")
            self._service_account: Any = import_module("google.oauth2.service_account")
        except ImportError as error:
            raise ValueError(f"{error.name} is not installed: {installing('google')}") from error
        self._source = source
        self._account_key: dict[str, Any] | None = None
        try:
            self._credentials = self._default() if source == DEFAULT else self._of_file(source)
        except (OSError, ValueError, self._auth.exceptions.GoogleAuthError) as error:
            raise ValueError(f"cannot use {source}: {_reason(error)}") from error

    def check(self, url: str) -> None:
        """Raise FailedPreconditionError unless an access token of Google's may go to a URL."""
        parts = urlsplit(url)
        google = parts.scheme == "https" and (parts.hostname or "").endswith(_GOOGLE_APIS)
        if not google and not (self._loopback and on_loopback(url)):
            raise FailedPreconditionError(
                f"access tokens of Google are not sent to {parts.netloc}, only to "
                f"https://*{_GOOGLE_APIS}: use auth type OIDC, or give a header Authorization"
            )

    def access_token(self, scopes: Iterable[str]) -> GoogleToken:
        """Get an access token with scopes, by default for all of Google Cloud.

        Credentials of a kind whose scopes are fixed give one with theirs. Raises RingbackError.
        """
        wanted = [*scopes] or [CLOUD_PLATFORM]
        scoped: Callable[..., _Credentials] = self._auth.credentials.with_scopes_if_required
        return self._refreshed(lambda: scoped(self._credentials, wanted))

    def id_token(self, audience: str) -> GoogleToken:
        """Get an ID token for an audience; raises RingbackError."""
        return self._refreshed(lambda: self._identity(audience))

    def _refreshed(self, credentials_of: Callable[[], _Credentials]) -> GoogleToken:
        try:
            credentials = credentials_of()
            credentials.refresh(self._request())
        except (OSError, ValueError, self._auth.exceptions.GoogleAuthError) as error:
            raise FailedPreconditionError(f"no token of Google: {_reason(error)}") from error
        expiry = credentials.expiry
        until = 0.0 if expiry is None else expiry.replace(tzinfo=UTC).timestamp()
        return GoogleToken(str(credentials.token), until)

    def _identity(self, audience: str) -> _Credentials:
        """Return credentials whose tokens are ID tokens."""
        found: _Credentials
        if isinstance(self._credentials, self._impersonated.Credentials):
            found = self._impersonated.IDTokenCredentials(
                self._credentials, target_audience=audience, include_email=True
            )
        elif self._account_key is not None:
            found = self._service_account.IDTokenCredentials.from_service_account_info(
                self._account_key, target_audience=audience
            )
        elif self._source == DEFAULT:
            found = self._id_token.fetch_id_token_credentials(audience, self._request())
        else:
            raise ValueError("credentials of this kind give no ID tokens, those of accounts do")
        return found

    def _default(self) -> _Credentials:
        loaded: tuple[_Credentials, object] = self._auth.default(request=self._request())
        return loaded[0]

    def _of_file(self, path: str) -> _Credentials:
        content = json.loads(Path(path).read_bytes())
        key = cast("dict[str, Any]", content) if isinstance(content, dict) else {}
        if key.get("type") == "service_account":
            self._account_key = key
        elif "type" not in key:
            raise ValueError("it does not hold credentials")
        with warnings.catch_warnings():
            # It warns of files from others; this one is the operator's.
            warnings.simplefilter("ignore", DeprecationWarning)
            loaded: tuple[_Credentials, object] = self._auth.load_credentials_from_file(
                path, request=self._request()
            )
        return loaded[0]

    def _request(self) -> Callable[..., object]:
        """Return what sends google-auth's requests, each in its time."""
        sent: Callable[..., object] = self._transport.Request()
        return partial(sent, timeout=_TIMEOUT)


def _reason(error: Exception) -> str:
    """Return why something failed, without anything that might be a secret."""
    root: BaseException = error
    while beneath := root.__cause__ or root.__context__:
        root = beneath
    if isinstance(root, OSError) and root.strerror:
        return root.strerror
    words = str(error.args[0]) if error.args else type(error).__name__
    if isinstance(error.__cause__, ValueError) and error.__cause__.args:
        words = f"{words}: {error.__cause__.args[0]}"
    return _LONG_WORD.sub("…", " ".join(words.split()))[:_LONGEST_REASON]
