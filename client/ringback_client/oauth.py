"""What the command line asks of the authorization server: one form, one answer in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec

from ringback_client.errors import CredentialsError
from ringback_client.fetching import Identity, fetch

_METADATA = "/.well-known/oauth-authorization-server"
_OK = 200

_Wanted = TypeVar("_Wanted")


class Endpoints(msgspec.Struct, frozen=True, kw_only=True):
    """What an authorization server says about itself (RFC 8414), as far as it is used here."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    device_authorization_endpoint: str
    revocation_endpoint: str


class TokenAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of a token endpoint."""

    access_token: str
    expires_in: float
    refresh_token: str = ""

    def __repr__(self) -> str:
        return "<TokenAnswer>"


class Nothing(msgspec.Struct, frozen=True):
    """An answer that says nothing but that it is done."""


class _Refusal(msgspec.Struct, frozen=True):
    error: str = "unknown"
    error_description: str = ""


class OAuthRefusedError(CredentialsError):
    """The authorization server refused; `error` is RFC 6749's code."""

    def __init__(self, error: str, description: str) -> None:
        """Take its code, and its sentence if it has one."""
        super().__init__(f"The server refuses: {description or error}")
        self.error = error


def find_endpoints(url: str, *, ca_file: Path | None, identity: Identity | None) -> Endpoints:
    """Return what the server at a URL says about itself; raises a ClientError."""
    where = url.rstrip("/") + _METADATA
    answer = fetch(where, ca_file=ca_file, identity=identity)
    try:
        if answer.status != _OK:
            raise CredentialsError(f"{where} answered {answer.status}: is {url} a Ringback server?")
        found = msgspec.json.decode(answer.data, type=Endpoints)
    except msgspec.MsgspecError as error:
        raise CredentialsError(f"{where} does not tell what there is: {error}") from error
    for endpoint in msgspec.structs.astuple(found)[1:]:
        _check(endpoint)
    return found


def send_form(
    url: str,
    form: Mapping[str, str],
    wanted: type[_Wanted],
    *,
    ca_file: Path | None,
    identity: Identity | None,
) -> _Wanted:
    """Send a form and return the answer; raises OAuthRefusedError and other ClientErrors."""
    _check(url)
    answer = fetch(
        url,
        method="POST",
        body=urlencode(form).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        ca_file=ca_file,
        identity=identity,
    )
    try:
        if answer.status == _OK:
            return msgspec.json.decode(answer.data, type=wanted)
        refusal = msgspec.json.decode(answer.data, type=_Refusal)
    except msgspec.MsgspecError as error:
        raise CredentialsError(f"{url} answered {answer.status}, and not as OAuth does.") from error
    raise OAuthRefusedError(refusal.error, refusal.error_description)


def _check(url: str) -> None:
    """Raise CredentialsError for a URL that would take secrets in plain text over a network."""
    parts = urlsplit(url)
    plain = parts.scheme == "http" and _is_loopback(parts.hostname or "")
    if not parts.hostname or (parts.scheme != "https" and not plain):
        raise CredentialsError(f"{url} is neither https:// nor on this machine.")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
