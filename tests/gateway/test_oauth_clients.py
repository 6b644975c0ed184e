"""Clients of OAuth that others have written, as they are."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any
from uuid import uuid4

import httpx
import pytest

from ringback_server.auth.keys import new_account_key
from ringback_server.auth.oauth.opaque import Kind, digest, new_opaque
from ringback_server.model.logins import ClientSecret
from tests.auth.oauth.desk import CLI, DEVICE_GRANT, REDIRECT_URI
from tests.edges import http_edge
from tests.gateway.browsers import Browser
from tests.services import URL, VIEWER, Service

# The libraries have no types that strict checkers accept.
authlib: Any = import_module("authlib.integrations.httpx_client")
rfc7523: Any = import_module("authlib.oauth2.rfc7523")
google_credentials: Any = import_module("google.oauth2.credentials")
google_transport: Any = import_module("google.auth.transport.requests")

#: clients without a secret, and those with a key
PUBLIC: dict[str, Any] = {"token_endpoint_auth_method": "none"}
WITH_KEY: dict[str, Any] = {"token_endpoint_auth_method": "private_key_jwt"}
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


@pytest.fixture
def http(service: Service) -> Iterator[httpx.Client]:
    """Serve HTTP."""
    with http_edge(service) as client:
        yield client


def secret_of(service: Service, email: str = VIEWER) -> str:
    """Make a secret of an account."""
    secret, store = new_opaque(Kind.CLIENT), service.backend.store
    account = store.credentials.account(email)
    assert account is not None
    record = ClientSecret(
        secret_id=str(uuid4()),
        email=email,
        account_id=account.unique_id,
        digest=digest(secret),
        create_time=service.backend.clock.now(),
    )
    store.client_secrets.add(record, most=2)
    return secret


def email_of(service: Service, token: str) -> str:
    """Return whom a token speaks for."""
    return service.admission.authenticator.authenticate(token).email


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_authlib_when_it_has_a_secret(service: Service, http: httpx.Client, method: str) -> None:
    """It gets a token, has it told of, and revokes it."""
    base = str(http.base_url)
    client = authlib.OAuth2Client(
        VIEWER, secret_of(service), token_endpoint_auth_method=method, scope=SCOPE
    )
    with client:
        token = client.fetch_token(f"{base}/token", grant_type="client_credentials")
        told = client.introspect_token(f"{base}/introspect", token["access_token"]).json()
        assert (VIEWER, True) == (email_of(service, token["access_token"]), told["active"])
        client.revoke_token(f"{base}/revoke", token["access_token"])
        told = client.introspect_token(f"{base}/introspect", token["access_token"]).json()

    assert {"active": False} == told


def test_authlib_when_it_has_a_key(service: Service, http: httpx.Client) -> None:
    """It signs an assertion for each request."""
    key, pem = new_account_key(VIEWER, service.backend.clock.now())
    service.backend.store.credentials.add_account_key(key)
    client = authlib.OAuth2Client(VIEWER, pem, **WITH_KEY)
    method = rfc7523.PrivateKeyJWT(f"{URL}/token", headers={"kid": key.kid}, alg="RS256")
    client.register_client_auth_method(method)
    with client:
        tokens = [
            client.fetch_token(f"{http.base_url}/token", grant_type="client_credentials")
            for _ in range(2)
        ]

    assert [VIEWER] * 2 == [email_of(service, token["access_token"]) for token in tokens]


def test_authlib_when_a_person_logs_in(service: Service, http: httpx.Client) -> None:
    """A code with PKCE, a refresh token, and the end of the session."""
    base = str(http.base_url)
    client = authlib.OAuth2Client(
        CLI,
        redirect_uri=REDIRECT_URI,
        scope=f"{SCOPE} offline_access",
        code_challenge_method="S256",
        **PUBLIC,
    )
    browser, verifier = Browser(base), "v" * 48
    with client, browser.client:
        url, state = client.create_authorization_url(f"{base}/authorize", code_verifier=verifier)
        approval = service.backend.approval
        approval.approve(approval.find(browser.begin(url), "tests"), VIEWER)
        first = client.fetch_token(
            f"{base}/token",
            authorization_response=browser.end(),
            state=state,
            code_verifier=verifier,
        )
        second = client.refresh_token(f"{base}/token", first["refresh_token"])

    assert VIEWER == email_of(service, second["access_token"])
    assert first["refresh_token"] != second["refresh_token"]


def test_google_auth_when_a_person_has_logged_in(service: Service, http: httpx.Client) -> None:
    """google-auth refreshes credentials of a user, and follows the rotation."""
    shown = http.post(
        "/device_authorization", data={"client_id": CLI, "scope": f"{SCOPE} offline_access"}
    ).json()
    approval = service.backend.approval
    approval.approve(approval.find(shown["user_code"], "tests"), VIEWER)
    form = {"grant_type": DEVICE_GRANT, "client_id": CLI, "device_code": shown["device_code"]}
    answer = http.post("/token", data=form).json()
    credentials = google_credentials.Credentials(
        None,
        refresh_token=answer["refresh_token"],
        token_uri=f"{http.base_url}/token",
        client_id=CLI,
        client_secret="",
    )
    for _ in range(2):
        credentials.refresh(google_transport.Request())

        assert VIEWER == email_of(service, credentials.token)
