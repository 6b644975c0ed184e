"""What Google's own library makes of a key file is accepted as it is."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from ringback_server.auth.bootstrap import first_start
from tests.auth.forge import opened
from tests.auth.instances import ADMIN, SCOPE, URL, AccountKeys, Instance
from tests.clocks import FakeClock

# The library has no types that strict checkers accept.
service_account: Any = import_module("google.oauth2.service_account")


@dataclass(slots=True)
class Answer:
    """An HTTP answer as google-auth wants it."""

    status: int
    data: bytes
    headers: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(slots=True)
class TokenTransport:
    """Carries google-auth's requests to the grants, without a network."""

    instance: Instance
    requests: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def __call__(self, url: str, method: str = "GET", body: bytes = b"", **_: object) -> Answer:
        """Answer a token request."""
        self.requests.append((method, url))
        form = dict(parse_qsl(body.decode()))
        return Answer(200, json.dumps(self.instance.grants.exchange(form)).encode())


@pytest.fixture
def instance(account_keys: AccountKeys) -> Instance:
    """Return an instance whose clock agrees with google-auth's, which has no other."""
    return Instance(account_keys, FakeClock(time.time()))


@pytest.fixture
def key_file(instance: Instance, tmp_path: Path) -> Path:
    """Return the key file that a first start writes."""
    instance.credentials.signers.clear()
    path = tmp_path / "admin.json"
    now = instance.clock.now()
    first_start(
        instance.credentials,
        instance.ring,
        path,
        project="local",
        token_uri=f"{URL}/token",
        now=now,
    )
    return path


def test_credentials_refresh_at_the_token_uri_of_the_key_file(
    instance: Instance, key_file: Path
) -> None:
    """`Credentials.refresh` gets an access token that is a good bearer."""
    carrier = TokenTransport(instance)
    credentials = service_account.Credentials.from_service_account_file(
        str(key_file), scopes=[SCOPE]
    )

    credentials.refresh(carrier)

    assert [("POST", f"{URL}/token")] == carrier.requests
    assert ADMIN == instance.authenticator.authenticate(credentials.token).email
    assert "at+jwt" == opened(credentials.token)[0]["typ"]


def test_id_token_credentials_refresh_at_the_token_uri_of_the_key_file(
    instance: Instance, key_file: Path
) -> None:
    """`IDTokenCredentials.refresh` gets an ID token for its audience."""
    credentials = service_account.IDTokenCredentials.from_service_account_file(
        str(key_file), target_audience="https://run.example.org"
    )

    credentials.refresh(TokenTransport(instance))

    _, claims = opened(credentials.token)
    assert ("https://run.example.org", ADMIN) == (claims["aud"], claims["email"])


@pytest.mark.parametrize("scopes", [None, [SCOPE]], ids=["audience", "scope"])
def test_self_signed_tokens_are_accepted_as_google_clients_send_them(
    instance: Instance, key_file: Path, scopes: list[str] | None
) -> None:
    """With an audience and no scope, and with a scope and no audience."""
    credentials = service_account.Credentials.from_service_account_file(
        str(key_file), scopes=scopes
    ).with_always_use_jwt_access(always_use_jwt_access=True)
    # What Google's gRPC transport calls before each request.
    make_token = credentials._create_self_signed_jwt  # noqa: SLF001 - it has no public name
    make_token("https://workflowexecutions.googleapis.com/")
    carrier = TokenTransport(instance)

    credentials.refresh(carrier)

    _, claims = opened(credentials.token)
    assert ("aud" in claims, "scope" in claims) == (scopes is None, scopes is not None)
    assert [] == carrier.requests
    assert ADMIN == instance.authenticator.authenticate(credentials.token).email
