"""google-auth's impersonated credentials, as they are, with a key file as their source."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import httpx

from ringback_server.auth.keys import new_account_key
from tests.edges import http_edge
from tests.services import ADMIN, INVOKER, PARENT, Service

# The library has no types that strict checkers accept.
service_account: Any = import_module("google.oauth2.service_account")
impersonated: Any = import_module("google.auth.impersonated_credentials")
transport: Any = import_module("google.auth.transport.requests")

CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
IAM = "https://www.googleapis.com/auth/iam"


@dataclass(slots=True)
class Source:
    """google-auth's credentials with a key of the administrator."""

    credentials: Any

    @classmethod
    def of(cls, service: Service, url: str, scopes: list[str]) -> Source:
        """Make a key, and credentials for the token endpoint at `url`."""
        key, pem = new_account_key(ADMIN, service.backend.clock.now())
        service.backend.store.credentials.add_account_key(key)
        info = {
            "type": "service_account",
            "private_key_id": key.kid,
            "private_key": pem,
            "client_email": ADMIN,
            "token_uri": f"{url}/token",
        }
        make = service_account.Credentials.from_service_account_info
        return cls(make(info, scopes=scopes))


def test_token_when_an_account_is_impersonated_with_a_key_file(service: Service) -> None:
    """google-auth asks for the scope iam to make a token of another account, which works."""
    with http_edge(service) as client:
        url = str(client.base_url).rstrip("/")
        source = Source.of(service, url, [CLOUD_PLATFORM])
        target = impersonated.Credentials(
            source_credentials=source.credentials,
            target_principal=INVOKER,
            target_scopes=[CLOUD_PLATFORM],
            iam_endpoint_override=(
                f"{url}/v1/projects/-/serviceAccounts/{INVOKER}:generateAccessToken"
            ),
        )
        target.refresh(transport.Request())

    assert INVOKER == service.admission.authenticator.authenticate(target.token).email


def test_token_when_its_scope_is_iam(service: Service) -> None:
    """It holds permissions on accounts alone, and opens no workflow."""
    with http_edge(service) as client:
        source = Source.of(service, str(client.base_url).rstrip("/"), [IAM])
        source.credentials.refresh(transport.Request())
        token: str = source.credentials.token
        read: httpx.Response = client.get(
            f"/v1/{PARENT}/workflows", headers={"Authorization": f"Bearer {token}"}
        )

    permissions = service.admission.authenticator.authenticate(token).permissions
    assert permissions is not None
    assert "iam.serviceAccounts.getAccessToken" in permissions
    assert set() == {one for one in permissions if not one.startswith("iam.")}
    assert 403 == read.status_code
