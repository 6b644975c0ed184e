"""Logins of a person: their refresh tokens in a file of the user's, and access tokens from them.

A refresh token works once and is answered with the next one, so processes that share the file take
turns: whoever holds its lock reads it, refreshes and writes it before anybody else does.
"""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from ringback_client.errors import CredentialsError
from ringback_client.fetching import Identity
from ringback_client.oauth import Endpoints, OAuthRefusedError, TokenAnswer, send_form

_FRESH_SECONDS = 60
_AGAIN = "Log in again with: ringback auth login"


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """A login at one server, as it is stored."""

    endpoints: Endpoints
    client_id: str
    #: whom the tokens speak for
    account: str
    #: Unix seconds
    login_time: float
    refresh_token: str
    access_token: str = ""
    expire_time: float = 0.0

    def __repr__(self) -> str:
        return f"<Login of {self.account}>"

    @property
    def project(self) -> str:
        """The project of the account."""
        return self.account.partition("@")[2].partition(".")[0]

    def fresh(self, now: float) -> bool:
        """Tell whether the access token is valid for at least a minute."""
        return bool(self.access_token) and now <= self.expire_time - _FRESH_SECONDS

    def renewed(self, answer: TokenAnswer, now: float) -> Login:
        """Return the login with the tokens of an answer."""
        return msgspec.structs.replace(
            self,
            refresh_token=answer.refresh_token or self.refresh_token,
            access_token=answer.access_token,
            expire_time=now + answer.expires_in,
        )


class _Content(msgspec.Struct, kw_only=True):
    logins: dict[str, Login] = {}


class LoginFile:
    """The file of a user's logins, by the name of the server that each is at."""

    def __init__(self, path: Path) -> None:
        """Take its path; it need not exist."""
        self._path = path

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> LoginFile:
        """Return the file of a user."""
        config = environ.get("XDG_CONFIG_HOME")
        home = Path(environ.get("HOME") or Path.home())
        folder = Path(config) if config else home / ".config"
        return cls(folder / "ringback" / "credentials.json")

    @property
    def path(self) -> Path:
        """Where it is."""
        return self._path

    def logins(self) -> dict[str, Login]:
        """Return all logins; raises CredentialsError for a file that cannot be used."""
        try:
            mode = self._path.stat().st_mode
            content = self._path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise CredentialsError(f"Cannot read {self._path}: {reason}.") from error
        if stat.S_IMODE(mode) & 0o077:
            raise CredentialsError(
                f"{self._path} holds your logins, and others can read it.",
                next_step=f"Close it with: chmod 600 {self._path}",
            )
        try:
            return msgspec.json.decode(content, type=_Content).logins
        except msgspec.MsgspecError as error:
            raise CredentialsError(
                f"{self._path} does not hold logins.", next_step=f"Remove it. {_AGAIN}"
            ) from error

    def put(self, server: str, login: Login) -> None:
        """Store a login in place of an earlier one at the same server."""
        with self.locked():
            self.write({**self.logins(), server: login})

    def remove(self, server: str) -> Login | None:
        """Forget a login; return what it was."""
        with self.locked():
            logins = self.logins()
            login = logins.pop(server, None)
            if login is not None:
                self.write(logins)
            return login

    def drop_access_token(self, server: str, token: str) -> None:
        """Forget an access token that counts no longer, if a login still has it."""
        with self.locked():
            logins = self.logins()
            login = logins.get(server)
            if login is not None and login.access_token == token:
                without = msgspec.structs.replace(login, access_token="")
                self.write({**logins, server: without})

    @contextmanager
    def locked(self) -> Generator[None]:
        """Keep other processes from changing the file."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A file of its own: the one with the logins is replaced each time it is written.
        lock = os.open(self._path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def write(self, logins: dict[str, Login]) -> None:
        """Replace the whole file at once; the caller holds its lock."""
        content = msgspec.json.format(msgspec.json.encode(_Content(logins=logins)))
        # mkstemp makes a file that is its owner's alone.
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".credentials-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self._path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


class LoginTokens:
    """The access token of a login, refreshed before it expires. Threads may share it."""

    def __init__(
        self,
        file: LoginFile,
        server: str,
        *,
        ca_file: Path | None = None,
        identity: Identity | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take the file and the name of the server; certificates to trust and to show."""
        self._file = file
        self._server = server
        self._ca_file = ca_file
        self._identity = identity
        self._now = now
        # Guards the field below; held while a token is fetched, so that threads fetch it once.
        self._lock = threading.Lock()
        self._login: Login | None = None

    def get(self) -> str:
        """Return a token valid for at least a minute; raises a ClientError."""
        with self._lock:
            if self._login is None or not self._login.fresh(self._now()):
                self._login = self._renewed()
            return self._login.access_token

    def at_hand(self) -> str | None:
        """Return the token if it is valid for at least a minute, None if one must be fetched."""
        login = self._login
        return login.access_token if login and login.fresh(self._now()) else None

    def _renewed(self) -> Login:
        with self._file.locked():
            logins = self._file.logins()
            login = logins.get(self._server)
            if login is None:
                raise CredentialsError("You are logged out of this server.", next_step=_AGAIN)
            if login.fresh(self._now()):
                # Another process was first.
                return login
            renewed = login.renewed(self._refresh(login), self._now())
            self._file.write({**logins, self._server: renewed})
            return renewed

    def _refresh(self, login: Login) -> TokenAnswer:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": login.refresh_token,
            "client_id": login.client_id,
        }
        url = login.endpoints.token_endpoint
        try:
            return send_form(url, form, TokenAnswer, ca_file=self._ca_file, identity=self._identity)
        except OAuthRefusedError as error:
            if error.error != "invalid_grant":
                raise
            raise CredentialsError("Your login has ended.", next_step=_AGAIN) from error
