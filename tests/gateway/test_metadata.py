"""The metadata server, as Google's libraries ask it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import httpx
import jwt
import pytest

from ringback_server.gateway.exchange import Endpoint
from ringback_server.gateway.metadata import MetadataServer
from ringback_server.gateway.server import HttpServer, address_of, listen
from ringback_server.gateway.workers import Workers
from tests.edges import LOOPBACK
from tests.services import INVOKER, Service

ROOT = "/computeMetadata/v1"
ACCOUNT = f"{ROOT}/instance/service-accounts/default"
FLAVOR = {"Metadata-Flavor": "Google"}
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


@contextmanager
def metadata(service: Service, email: str = INVOKER) -> Generator[httpx.Client]:
    """Serve an account's metadata, and open a client that asks as Google's libraries do."""
    workers = Workers(threads=2)
    backend = service.backend
    answers = MetadataServer(
        email,
        service.issuer,
        backend.store.credentials,
        backend.clock,
        workers,
        project=("local", "100000000000"),
        audit=backend.audit,
    )
    listener = listen(LOOPBACK)
    server = HttpServer(listener, Endpoint(answers.respond), workers)
    server.start()
    url = f"http://{address_of(listener, LOOPBACK)}"
    try:
        with httpx.Client(base_url=url, headers=FLAVOR, timeout=10.0) as client:
            yield client
    finally:
        server.stop(1.0)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "computeMetadata/\n"),
        (ROOT, "instance/\nproject/\nuniverse/\n"),
        (f"{ROOT}/instance", "service-accounts/\n"),
        (f"{ROOT}/project/project-id", "local"),
        (f"{ROOT}/project/numeric-project-id", "100000000000"),
        (f"{ROOT}/instance/service-accounts/", "default/\ninvoker@local/\n"),
        (f"{ACCOUNT}/", "aliases\nemail\nidentity\nscopes\ntoken\n"),
        (f"{ACCOUNT}/email", "invoker@local"),
        (f"{ACCOUNT}/aliases", "default"),
        (f"{ACCOUNT}/scopes", SCOPE),
        (f"{ROOT}/instance/service-accounts/{INVOKER}/email", "invoker@local"),
        (f"{ROOT}/instance/service-accounts/invoker%40local/email", "invoker@local"),
        (f"{ROOT}/universe/universe-domain", "googleapis.com"),
        (f"{ROOT}/universe/universe_domain", "googleapis.com"),
    ],
)
def test_metadata_when_text_is_asked_for(service: Service, path: str, expected: str) -> None:
    """A leaf is its text and a folder its names, with the headers that libraries look for."""
    with metadata(service) as client:
        answer = client.get(path)

    assert (200, expected) == (answer.status_code, answer.text)
    assert answer.headers["metadata-flavor"] == "Google"
    assert answer.headers["server"] == "Metadata Server for VM"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (
            f"{ACCOUNT}/?recursive=true",
            {"aliases": ["default"], "email": "invoker@local", "scopes": [SCOPE]},
        ),
        (
            f"{ROOT}/project/?recursive=true",
            {"numericProjectId": 100000000000, "projectId": "local"},
        ),
        (f"{ACCOUNT}/scopes?alt=json", [SCOPE]),
    ],
)
def test_metadata_when_json_is_asked_for(service: Service, path: str, expected: object) -> None:
    """A folder with all below it is JSON, and holds no token."""
    with metadata(service) as client:
        answer = client.get(path)

    assert answer.headers["content-type"] == "application/json"
    assert expected == answer.json()


def test_token_when_asked_for(service: Service) -> None:
    """The token is the account's, and its seconds are those it lasts."""
    with metadata(service) as client:
        answer: dict[str, Any] = client.get(f"{ACCOUNT}/token?scopes=anything").json()

    principal = service.admission.admit(f"Bearer {answer['access_token']}").principal
    assert (INVOKER, "Bearer") == (principal.email, answer["token_type"])
    assert 3590 <= answer["expires_in"] <= 3600


def test_identity_when_asked_for(service: Service) -> None:
    """The ID token is for the audience and names the account in full."""
    path = f"{ROOT}/instance/service-accounts/{INVOKER}/identity"
    with metadata(service) as client:
        token = client.get(f"{path}?audience=https://a.example&format=full").text
        refused = client.get(path).status_code

    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    assert ("https://a.example", INVOKER, 400) == (claims["aud"], claims["email"], refused)


@pytest.mark.parametrize(
    ("method", "headers", "expected"),
    [
        ("GET", {"Metadata-Flavor": ""}, 403),
        ("GET", {"Metadata-Flavor": "google"}, 403),
        ("GET", {"X-Forwarded-For": "10.0.0.1"}, 403),
        ("GET", {"Host": "rebound.example.org"}, 403),
        ("GET", {"Host": "metadata.google.internal"}, 200),
        ("POST", {}, 405),
    ],
)
def test_token_when_the_request_is_foreign(
    service: Service, method: str, headers: dict[str, str], expected: int
) -> None:
    """What a web page or a proxy sends gets no token."""
    with metadata(service) as client:
        answer = client.request(method, f"{ACCOUNT}/token", headers=headers)

    assert expected == answer.status_code
    assert ("access_token" in answer.text) is (expected == 200)


@pytest.mark.parametrize(
    "path", ["/nope", f"{ACCOUNT}/email/x", f"{ROOT}/instance/service-accounts/other@local/email"]
)
def test_metadata_when_there_is_nothing(service: Service, path: str) -> None:
    """An unknown path is not found."""
    with metadata(service) as client:
        assert client.get(path).status_code == 404


def test_token_when_the_account_is_gone(service: Service) -> None:
    """An account that is not there has no token."""
    with metadata(service, "gone@local.iam.gserviceaccount.com") as client:
        assert client.get(f"{ACCOUNT}/token").status_code == 404
