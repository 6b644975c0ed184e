"""Tokens: a key file is exchanged for one at the server's token endpoint (RFC 7523).

The exchange is a plain request of our own, so that neither a key nor a token can reach any host but
the one that the key file names.
"""

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode

import jwt
import msgspec

from ringback_client.errors import CredentialsError
from ringback_client.fetching import Identity, fetch

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"

_ASSERTION_SECONDS = 300
_REFRESH_SECONDS = 60
_OK = 200

_Wanted = TypeVar("_Wanted")


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A service account's key file, in Google's form."""

    project_id: str
    private_key_id: str
    private_key: str
    client_email: str
    token_uri: str


class _Answer(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: float


class _IdAnswer(msgspec.Struct, frozen=True):
    id_token: str


class _Refusal(msgspec.Struct, frozen=True):
    error: str = "unknown"
    error_description: str = ""


def read_key(path: Path) -> Key:
    """Read a key file; raise CredentialsError when it cannot be read or is something else."""
    next_step = "Set RINGBACK_CREDENTIALS to a key file, such as admin.json in the data directory."
    try:
        return msgspec.json.decode(path.read_bytes(), type=Key)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CredentialsError(
            f"Cannot read the key file {path}: {reason}.", next_step=next_step
        ) from error
    except msgspec.MsgspecError as error:
        raise CredentialsError(
            f"{path} is not the key file of a service account: {error}.", next_step=next_step
        ) from error


class AccessTokens:
    """The access token of one account, fetched when first needed and again before it expires.

    ID tokens of the account are fetched each time.
    """

    def __init__(
        self,
        key: Key,
        *,
        ca_file: Path | None = None,
        identity: Identity | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take the key, certificates to trust and to show, and a clock in seconds."""
        self._key = key
        self._ca_file = ca_file
        self._identity = identity
        self._now = now
        # Guards the two below; held while a token is fetched, so that threads fetch it once.
        self._lock = threading.Lock()
        self._token = ""
        self._expires = 0.0

    def get(self) -> str:
        """Return a token valid for at least a minute.

        Raises CredentialsError when the server refuses the key, ServerNotFoundError when it cannot
        be reached.
        """
        with self._lock:
            if not self._fresh():
                answer = self._fetch({"scope": SCOPE}, _Answer)
                self._token = answer.access_token
                self._expires = self._now() + answer.expires_in
            return self._token

    def at_hand(self) -> str | None:
        """Return the token if it is valid for at least a minute, None if one must be fetched."""
        # Without the lock, which is held for as long as a fetch takes: expiry is written last.
        return self._token if self._fresh() else None

    def id_token(self, audience: str) -> str:
        """Return an ID token that tells an audience who the account is; raises as `get` does."""
        return self._fetch({"target_audience": audience}, _IdAnswer).id_token

    def _fresh(self) -> bool:
        return self._now() <= self._expires - _REFRESH_SECONDS

    def _fetch(self, purpose: Mapping[str, str], wanted: type[_Wanted]) -> _Wanted:
        form = urlencode({"grant_type": GRANT_TYPE, "assertion": self._assertion(purpose)})
        answer = fetch(
            self._key.token_uri,
            method="POST",
            body=form.encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            ca_file=self._ca_file,
            identity=self._identity,
        )
        try:
            if answer.status == _OK:
                return msgspec.json.decode(answer.data, type=wanted)
            refusal = msgspec.json.decode(answer.data, type=_Refusal)
        except msgspec.MsgspecError as error:
            message = f"{self._key.token_uri} is not a token endpoint: it answered {answer.status}."
            raise CredentialsError(message) from error
        raise CredentialsError(
            f"The server does not accept the key of {self._key.client_email}: "
            f"{refusal.error_description or refusal.error}",
            next_step="Is it a key of this server? Each data directory has its own in admin.json.",
        )

    def _assertion(self, purpose: Mapping[str, str]) -> str:
        now = int(self._now())
        claims = {
            "iss": self._key.client_email,
            "sub": self._key.client_email,
            "aud": self._key.token_uri,
            "iat": now,
            "exp": now + _ASSERTION_SECONDS,
            **purpose,
        }
        headers = {"kid": self._key.private_key_id}
        try:
            return jwt.encode(claims, self._key.private_key, algorithm="RS256", headers=headers)
        except (ValueError, jwt.PyJWTError) as error:
            message = f"The private key of {self._key.client_email} cannot be used."
            raise CredentialsError(message) from error
