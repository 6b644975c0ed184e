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
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

from ringback_server.auth.claims import CLOUD_PLATFORM
from ringback_server.auth.outgoing_tokens import on_loopback
from ringback_server.auth.token_requests import token_requests
from ringback_server.errors import FailedPreconditionError
from ringback_server.model.extras import installing

#: stands for the credentials that Google's libraries find by themselves
DEFAULT = "default"

_GOOGLE_APIS = ".googleapis.com"
_LONGEST_REASON = 300
#: what may be a token or a key, in the answer of an endpoint that repeats what it was sent
_LONG_WORD = re.compile(r"\S{64,}")
#: a page that google-auth points to
_PAGE = re.compile(r"https://(docs\.)?cloud\.google\.com/[a-z/-]{1,100}")
#: what a header takes
_TOKEN = re.compile(r"[\x21-\x7e]+")
#: parts of credentials that nobody may see
_SECRET = ("client_secret", "refresh_token", "token")
#: where credentials are sent to, by the names that files have for it
_ENDPOINTS = ("token_uri", "token_url", "service_account_impersonation_url", "token_info_url")
#: what google-auth raises when something is not what it takes for granted
_NONSENSE = (
    TypeError, AttributeError, LookupError, ArithmeticError, RecursionError, UnicodeError,
)  # fmt: skip


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
            token_requests()
            self._id_token: Any = import_module("google.oauth2.id_token")
            self._service_account: Any = import_module("google.oauth2.service_account")
        except ImportError as error:
            raise ValueError(f"{error.name} is not installed: {installing('google')}") from error
        self._source = source
        self._account_key: dict[str, Any] | None = None
        try:
            self._credentials = self._default() if source == DEFAULT else self._of_file(source)
        except _NONSENSE:
            raise ValueError(f"cannot use {source}: it does not hold credentials") from None
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
            credentials.refresh(token_requests())
        except (*_NONSENSE, self._auth.exceptions.MalformedError):
            # Its words may have the answer.
            raise FailedPreconditionError("no token of Google: the answer holds none") from None
        except (OSError, ValueError, self._auth.exceptions.GoogleAuthError) as error:
            reason = _reason(error, self._secrets())
            raise FailedPreconditionError(f"no token of Google: {reason}") from error
        token, expiry = credentials.token, credentials.expiry
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise FailedPreconditionError("no token of Google: the answer holds none")
        until = 0.0 if expiry is None else expiry.replace(tzinfo=UTC).timestamp()
        return GoogleToken(token, until)

    def _secrets(self) -> list[str]:
        """Return what an endpoint that repeats what it was sent may put into its errors."""
        found = [getattr(self._credentials, name, None) for name in _SECRET]
        return [one for one in found if isinstance(one, str) and one]

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
            found = self._id_token.fetch_id_token_credentials(audience, token_requests())
        else:
            raise ValueError("credentials of this kind give no ID tokens, those of accounts do")
        return found

    def _default(self) -> _Credentials:
        loaded: tuple[_Credentials, object] = self._auth.default(request=token_requests())
        return loaded[0]

    def _of_file(self, path: str) -> _Credentials:
        key = _decoded(Path(path).read_bytes())
        if key.get("type") == "service_account":
            self._account_key = key
        elif "type" not in key:
            raise ValueError("it does not hold credentials")
        _check_endpoints(key)
        with warnings.catch_warnings():
            # It warns of files from others; this one is the operator's.
            warnings.simplefilter("ignore", DeprecationWarning)
            loaded: tuple[_Credentials, object] = self._auth.load_credentials_from_file(
                path, request=token_requests()
            )
        return loaded[0]


def _decoded(content: bytes) -> dict[str, Any]:
    """Return what a file holds, nothing if that is no map; raises ValueError."""
    try:
        found: object = json.loads(content)
    except ValueError:
        raise ValueError("it is not JSON, as files of credentials are") from None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _check_endpoints(key: dict[str, Any]) -> None:
    """Raise ValueError for credentials that would be sent in plain text to another machine."""
    source = key.get("source_credentials")
    if isinstance(source, dict):
        _check_endpoints(cast("dict[str, Any]", source))
    for name in _ENDPOINTS:
        url = key.get(name)
        if url is None or (isinstance(url, str) and (_is_https(url) or on_loopback(url))):
            continue
        raise ValueError(f"its {name} must begin with https://, or lead to this machine")


def _is_https(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" and bool(parts.hostname)


def _reason(error: Exception, secrets: Iterable[str] = ()) -> str:
    """Return why something failed, without anything that might be a secret."""
    root: BaseException = error
    while beneath := root.__cause__ or root.__context__:
        root = beneath
    if isinstance(root, OSError) and root.strerror:
        return root.strerror
    words = str(error.args[0]) if error.args else type(error).__name__
    if isinstance(error.__cause__, ValueError) and error.__cause__.args:
        words = f"{words}: {error.__cause__.args[0]}"
    for secret in secrets:
        words = words.replace(secret, "…")
    words = _LONG_WORD.sub(_hidden, " ".join(words.split()))
    return words if len(words) <= _LONGEST_REASON else f"{words[: _LONGEST_REASON - 1]}…"


def _hidden(word: re.Match[str]) -> str:
    return word.group() if _PAGE.fullmatch(word.group()) else "…"
