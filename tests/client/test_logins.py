"""The logins of a person: their file, and tokens that several processes share."""

from __future__ import annotations

import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from ringback_client.connection import find_server
from ringback_client.errors import CredentialsError
from ringback_client.logins import Login, LoginFile, LoginTokens
from ringback_client.oauth import Endpoints, OAuthRefusedError, find_endpoints, send_form
from tests.auth.oauth.desk import CLI, DEVICE_GRANT, OFFLINE
from tests.edges import http_edge
from tests.services import VIEWER, Service, running

SERVER = "127.0.0.1:8787"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Run a service."""
    with running(tmp_path / "data") as started:
        yield started


@pytest.fixture
def http(service: Service) -> Iterator[httpx.Client]:
    """Serve HTTP."""
    with http_edge(service) as client:
        yield client


@pytest.fixture
def file(tmp_path: Path) -> LoginFile:
    """Return the file of a user without logins."""
    return LoginFile.of({"HOME": str(tmp_path)})


def endpoints(base: str) -> Endpoints:
    """Return the endpoints of a server."""
    paths = ("authorize", "token", "device_authorization", "revoke")
    names = ("authorization", "token", "device_authorization", "revocation")
    urls = {f"{name}_endpoint": f"{base}/{path}" for name, path in zip(names, paths, strict=True)}
    return Endpoints(issuer="urn:ringback:one", **urls)


def login(base: str = "http://127.0.0.1:1", **changes: str) -> Login:
    """Return a login at a server."""
    whole: dict[str, Any] = {
        "endpoints": endpoints(base),
        "client_id": CLI,
        "account": VIEWER,
        "login_time": 0.0,
        "refresh_token": "rbr_first",
        **changes,
    }
    return Login(**whole)


def logged_in(service: Service, http: httpx.Client) -> Login:
    """Log VIEWER in."""
    form = {"client_id": CLI, "scope": OFFLINE}
    shown = http.post("/device_authorization", data=form).json()
    approval = service.backend.approval
    approval.approve(approval.find(shown["user_code"], "tests"), VIEWER)
    form = {"grant_type": DEVICE_GRANT, "client_id": CLI, "device_code": shown["device_code"]}
    answer = http.post("/token", data=form).json()
    return login(str(http.base_url), refresh_token=answer["refresh_token"])


def test_file_when_it_is_written(file: LoginFile) -> None:
    """It is its owner's alone, as is its folder, and nothing else is left there."""
    file.put(SERVER, login())
    file.put("another", login())
    assert login() == file.remove(SERVER)

    assert (None, {"another": login()}) == (file.remove(SERVER), file.logins())
    assert 0o600 == stat.S_IMODE(file.path.stat().st_mode)
    assert 0o700 == stat.S_IMODE(file.path.parent.stat().st_mode)
    assert {"credentials.json", "credentials.lock"} == {
        found.name for found in file.path.parent.iterdir()
    }


def test_file_when_others_can_read_it(file: LoginFile) -> None:
    """It is not used, and the user is told how to close it."""
    file.put(SERVER, login())
    file.path.chmod(0o640)

    with pytest.raises(CredentialsError, match="others can read it") as caught:
        file.logins()
    assert f"Close it with: chmod 600 {file.path}" == caught.value.next_step


@pytest.mark.parametrize("content", [b"", b"[]", b'{"logins": {"a": {}}}', b"\xff"])
def test_file_when_it_is_damaged(file: LoginFile, content: bytes) -> None:
    """It is an error that says what to do."""
    file.put(SERVER, login())
    file.path.write_bytes(content)

    with pytest.raises(CredentialsError, match="does not hold logins"):
        file.logins()


def test_login_when_it_is_shown() -> None:
    """Its secrets are not."""
    secrets = dict.fromkeys(("refresh_token", "access_token"), "hidden")

    assert "hidden" not in repr(login(**secrets))


def test_tokens_when_several_processes_need_one(
    service: Service, http: httpx.Client, file: LoginFile
) -> None:
    """They take turns: one refreshes, the others have what it got, and nothing is used twice."""
    first = logged_in(service, http)
    file.put(SERVER, first)
    sharing = [LoginTokens(file, SERVER) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(LoginTokens.get, sharing))

    (token,) = found
    assert VIEWER == service.admission.authenticator.authenticate(token).email
    assert first.refresh_token != file.logins()[SERVER].refresh_token
    later = LoginTokens(file, SERVER, now=lambda: time.time() + 3_600)
    assert later.at_hand() is None
    assert token != later.get() == later.at_hand()


def test_tokens_when_the_login_has_ended(
    service: Service, http: httpx.Client, file: LoginFile
) -> None:
    """The user is told to log in again, as after a logout."""
    ended = logged_in(service, http)
    http.post("/revoke", data={"token": ended.refresh_token, "client_id": CLI})
    file.put(SERVER, ended)
    with pytest.raises(CredentialsError, match="Your login has ended") as caught:
        LoginTokens(file, SERVER).get()

    assert "Log in again with: ringback auth login" == caught.value.next_step
    file.remove(SERVER)
    with pytest.raises(CredentialsError, match="You are logged out"):
        LoginTokens(file, SERVER).get()


def test_server_when_there_is_a_login(file: LoginFile, tmp_path: Path) -> None:
    """It is used unless a key file is named."""
    environ = {"RINGBACK_ADDRESS": SERVER, "HOME": str(tmp_path)}
    with pytest.raises(CredentialsError):
        find_server(environ, tmp_path)
    file.put(SERVER, login())

    found = find_server(environ, tmp_path)
    assert (True, SERVER) == (found.logged_in, found.name)
    named = find_server({**environ, "RINGBACK_CREDENTIALS": "key.json"}, tmp_path)
    assert (False, Path("key.json")) == (named.logged_in, named.key_file)


def test_endpoints_when_they_are_looked_for(http: httpx.Client) -> None:
    """The metadata name them; what is no such server is an error."""
    found = find_endpoints(str(http.base_url), ca_file=None, identity=None)

    assert "urn:ringback:one" == found.issuer
    with pytest.raises(CredentialsError, match=r"is http.* a Ringback server"):
        find_endpoints(f"{http.base_url}/v1", ca_file=None, identity=None)


@pytest.mark.parametrize("url", ["http://example.org/token", "ftp://127.0.0.1/", "token"])
def test_form_when_it_would_be_sent_in_plain_text(url: str) -> None:
    """Secrets leave this machine over TLS alone."""
    with pytest.raises(CredentialsError, match="neither https:// nor on this machine"):
        send_form(url, {}, dict, ca_file=None, identity=None)


def test_form_when_it_is_refused(http: httpx.Client) -> None:
    """The error has the server's code and its sentence."""
    with pytest.raises(OAuthRefusedError) as caught:
        send_form(f"{http.base_url}/token", {}, dict, ca_file=None, identity=None)

    assert ("invalid_request", "The server refuses: grant_type is missing.") == (
        caught.value.error,
        caught.value.message,
    )
