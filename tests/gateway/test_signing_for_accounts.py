"""Google's client of IAM Credentials, over gRPC and REST, and what it has signed."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate

from ringback_server.errors import UnauthenticatedError
from tests.edges import bearer, grpc_edge, http_edge
from tests.gateway.test_impersonation import CLOUD_PLATFORM, Source, impersonated
from tests.services import ADMIN, INVOKER, PARENT, VIEWER, Service

# The libraries have no types that strict checkers accept.
iam: Any = import_module("google.cloud.iam_credentials_v1")
transports: Any = import_module(
    "google.cloud.iam_credentials_v1.services.iam_credentials.transports"
)
exceptions: Any = import_module("google.api_core.exceptions")
oauth2: Any = import_module("google.oauth2.credentials")

NAME = f"projects/-/serviceAccounts/{VIEWER}"
AUDIENCE = "https://workflowexecutions.googleapis.com/"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Official:
    """Google's client, calling as the administrator, and the HTTP edge of the same service."""

    client: Any
    metadata: tuple[tuple[str, str], ...]
    http: httpx.Client

    def sign_jwt(self, claims: Mapping[str, object]) -> tuple[str, str]:
        """Have claims signed for VIEWER; return the id of the key and the JWT."""
        signed = self.client.sign_jwt(
            name=NAME, payload=json.dumps(dict(claims)), metadata=self.metadata
        )
        return signed.key_id, signed.signed_jwt

    def keys(self) -> Mapping[str, RSAPublicKey]:
        """Return the published keys of VIEWER, after comparing all forms of them."""
        base = "/service_accounts/v1"
        certificates = self.http.get(f"{base}/metadata/x509/{VIEWER}").json()
        sets = [
            self.http.get(f"{base}{path}/{VIEWER}").json() for path in ("/jwk", "/metadata/jwk")
        ]
        assert sets[0] == sets[1]
        found: dict[str, RSAPublicKey] = {}
        for key in jwt.PyJWKSet.from_dict(sets[0]).keys:
            assert key.key_id is not None
            certificate = load_pem_x509_certificate(certificates[key.key_id].encode())
            assert certificate.public_key() == key.key
            found[key.key_id] = key.key
        assert found.keys() == certificates.keys()
        return found


@pytest.fixture(params=["grpc", "rest"])
def official(request: pytest.FixtureRequest, service: Service) -> Iterator[Official]:
    """Connect Google's client over each of its transports."""
    with http_edge(service) as http:
        connect = _over_grpc if request.param == "grpc" else _over_rest
        with connect(service, http) as found:
            yield found


@contextmanager
def _over_grpc(service: Service, http: httpx.Client) -> Generator[Official]:
    with grpc_edge(service) as channel:
        transport = transports.IAMCredentialsGrpcTransport(channel=channel)
        yield Official(iam.IAMCredentialsClient(transport=transport), bearer(service, ADMIN), http)


@contextmanager
def _over_rest(service: Service, http: httpx.Client) -> Generator[Official]:
    transport = transports.IAMCredentialsRestTransport(
        host=http.base_url.netloc.decode(),
        url_scheme="http",
        credentials=oauth2.Credentials(service.issuer.access_token(ADMIN).token),
    )
    yield Official(iam.IAMCredentialsClient(transport=transport), (), http)


def _claims(service: Service, **changes: object) -> dict[str, object]:
    now = int(service.backend.clock.now())
    return {"iss": VIEWER, "sub": VIEWER, "aud": AUDIENCE, "iat": now, "exp": now + 3600, **changes}


def test_token_when_google_s_client_makes_one(official: Official, service: Service) -> None:
    """Access tokens and ID tokens are those of the account."""
    made = official.client.generate_access_token(
        name=NAME, scope=[CLOUD_PLATFORM], metadata=official.metadata
    )
    told = official.client.generate_id_token(
        name=NAME, audience="https://a.example", include_email=True, metadata=official.metadata
    )
    assert service.admission.authenticator.authenticate(made.access_token).email == VIEWER
    keys = jwt.PyJWKSet.from_dict(official.http.get("/.well-known/jwks.json").json())
    key = keys[jwt.get_unverified_header(told.token)["kid"]]
    claims = jwt.decode(told.token, key, algorithms=["ES256"], audience="https://a.example")
    assert claims["email"] == VIEWER


def test_signature_when_google_s_client_asks_for_one(official: Official) -> None:
    """It verifies with the published key: PKCS 1 v1.5 over SHA-256, of any bytes."""
    payload = bytes(range(256))
    signed = official.client.sign_blob(name=NAME, payload=payload, metadata=official.metadata)
    official.keys()[signed.key_id].verify(signed.signed_blob, payload, PKCS1v15(), SHA256())


def test_jwt_when_google_s_client_has_one_signed(official: Official, service: Service) -> None:
    """It holds the claims as they were, and verifies with the published key."""
    claims = _claims(service, aud="https://a.example", extra=[1, {"b": None}])
    kid, signed = official.sign_jwt(claims)
    assert jwt.get_unverified_header(signed) == {"alg": "RS256", "kid": kid, "typ": "JWT"}
    key = official.keys()[kid]
    read = jwt.decode(signed, key, algorithms=["RS256"], audience="https://a.example")
    assert read == claims


def test_signed_jwt_when_it_is_for_this_service(official: Official, service: Service) -> None:
    """It counts as one that the account signed itself, as bearer and for a token."""
    _, signed = official.sign_jwt(_claims(service))
    assert service.admission.authenticator.authenticate(signed).email == VIEWER
    headers = {"Authorization": f"Bearer {signed}"}
    assert official.http.get(f"/v1/{PARENT}/workflows", headers=headers).status_code == 200
    aud = "https://oauth2.googleapis.com/token"
    _, assertion = official.sign_jwt(_claims(service, aud=aud, scope=CLOUD_PLATFORM))
    answer = official.http.post(
        "/token", data={"grant_type": JWT_BEARER, "assertion": assertion}, headers={}
    )
    token = answer.json()["access_token"]
    assert service.admission.authenticator.authenticate(token).email == VIEWER


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://a.example"},
        {"iss": ADMIN, "sub": ADMIN},
        {"sub": ADMIN},
        {"exp": 1_000_000},
        {"iat": 0},
    ],
    ids=["audience", "issuer", "subject", "lifetime", "old"],
)
def test_signed_jwt_when_it_is_for_others(service: Service, changes: dict[str, object]) -> None:
    """It opens nothing here: not for another audience, nor in the name of another account."""
    now = int(service.backend.clock.now())
    claims = _claims(service, **{**changes, **({"exp": now + 7200} if "exp" in changes else {})})
    account = service.backend.store.credentials.account(VIEWER)
    assert account is not None
    _, token = service.backend.managed_keys.sign_jwt(account, json.dumps(claims))
    with pytest.raises(UnauthenticatedError):
        service.admission.authenticator.authenticate(token)


def test_signing_when_the_caller_may_not(service: Service) -> None:
    """It takes the permissions that Google names."""
    with grpc_edge(service) as channel:
        transport = transports.IAMCredentialsGrpcTransport(channel=channel)
        client = iam.IAMCredentialsClient(transport=transport)
        who = bearer(service, INVOKER)
        with pytest.raises(exceptions.PermissionDenied, match=r"iam\.serviceAccounts\.signBlob"):
            client.sign_blob(name=NAME, payload=b"x", metadata=who)
        with pytest.raises(exceptions.PermissionDenied, match=r"iam\.serviceAccounts\.signJwt"):
            client.sign_jwt(name=NAME, payload="{}", metadata=who)


def test_signing_when_the_token_is_bound(service: Service) -> None:
    """What is signed has no bounds, so that a token with some has nothing signed."""
    token = service.issuer.access_token(ADMIN, resource="projects/local", lifetime=60).token
    with http_edge(service) as client:
        answer = client.post(
            f"/v1/{NAME}:signJwt",
            json={"payload": "{}"},
            headers={"Authorization": f"Bearer {token}"},
        )
    assert (answer.status_code, answer.json()["error"]["details"][0]["reason"]) == (
        403,
        "TOKEN_TOO_NARROW",
    )


def test_keys_when_nobody_signed(service: Service) -> None:
    """Accounts without keys, and those that are not there, look the same."""
    with http_edge(service) as client:
        for email in (INVOKER, "nobody@local.iam.gserviceaccount.com", "x"):
            for path, nothing in (("jwk", '{"keys":[]}'), ("metadata/x509", "{}")):
                answer = client.get(f"/service_accounts/v1/{path}/{email}")
                assert (answer.status_code, answer.text) == (200, nothing)
        assert client.post(f"/service_accounts/v1/jwk/{INVOKER}").status_code == 405


def test_bytes_when_impersonated_credentials_sign_them(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """google-auth's `sign_bytes`, whose address is fixed and so is changed, gets a signature."""
    with http_edge(service) as client:
        url = str(client.base_url).rstrip("/")
        accounts = f"{url}/v1/projects/-/serviceAccounts"
        monkeypatch.setattr("google.auth.iam._IAM_SIGN_ENDPOINT", accounts + "/{}:signBlob")
        source = Source.of(service, url, [CLOUD_PLATFORM])
        target = impersonated.Credentials(
            source_credentials=source.credentials,
            target_principal=VIEWER,
            target_scopes=[CLOUD_PLATFORM],
            iam_endpoint_override=f"{accounts}/{VIEWER}:generateAccessToken",
        )
        signature = target.sign_bytes(b"a message")
        (key,) = jwt.PyJWKSet.from_dict(
            client.get(f"/service_accounts/v1/jwk/{VIEWER}").json()
        ).keys
    assert isinstance(key.key, RSAPublicKey)
    key.key.verify(signature, b"a message", PKCS1v15(), SHA256())
