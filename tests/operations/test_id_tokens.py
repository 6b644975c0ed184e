"""ID tokens of a whole server, verified by others with the keys that it publishes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import jwt
import pytest

from ringback.v1.iam_credentials_pb2 import GenerateIdTokenRequest, GenerateIdTokenResponse
from ringback_client.cli.app import run
from tests.operations.running import Running, running

AUDIENCE = "https://run.test"
ADMIN = "admin@local.iam.gserviceaccount.com"
INVOKER = "invoker@local.iam.gserviceaccount.com"
NAME = f"projects/-/serviceAccounts/{INVOKER}"

# Google's library has no types that strict checkers accept.
google_id_token: Any = import_module("google.oauth2.id_token")
google_requests: Any = import_module("google.auth.transport.requests")


def by_pyjwt(token: str, url: str) -> Mapping[str, object]:
    """Return the claims of a token that PyJWT verified with the keys at a URL."""
    key = jwt.PyJWKClient(url).get_signing_key_from_jwt(token)
    claims: dict[str, object] = jwt.decode(token, key, algorithms=["ES256"], audience=AUDIENCE)
    return claims


def by_google(token: str, url: str) -> Mapping[str, object]:
    """Return the claims of a token that google-auth verified with the keys at a URL."""
    claims: dict[str, object] = google_id_token.verify_token(
        token, google_requests.Request(), audience=AUDIENCE, certs_url=url
    )
    return claims


def over_rest(server: Running) -> str:
    """Ask for a token over REST."""
    answer = server.http.post(
        f"/v1/{NAME}:generateIdToken",
        json={"audience": AUDIENCE, "includeEmail": True},
        headers=server.bearer(),
    )
    return str(answer.json()["token"])


def over_grpc(service: str) -> Callable[[Running], str]:
    """Return what asks a service for a token over gRPC."""

    def ask(server: Running) -> str:
        call = server.channel.unary_unary(
            f"/{service}/GenerateIdToken",
            request_serializer=GenerateIdTokenRequest.SerializeToString,
            response_deserializer=GenerateIdTokenResponse.FromString,
        )
        request = GenerateIdTokenRequest(name=NAME, audience=AUDIENCE, include_email=True)
        metadata = (("authorization", server.bearer()["Authorization"]),)
        return call(request, metadata=metadata, timeout=10).token

    return ask


@pytest.mark.parametrize("verified", [by_pyjwt, by_google])
@pytest.mark.parametrize(
    "ask",
    [
        over_rest,
        over_grpc("ringback.v1.IAMCredentials"),
        over_grpc("google.iam.credentials.v1.IAMCredentials"),
    ],
)
def test_id_token_when_others_verify_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ask: Callable[[Running], str],
    verified: Callable[[str, str], Mapping[str, object]],
) -> None:
    """What the server issues on each way is genuine to ordinary libraries, and opens nothing."""
    with running(tmp_path / "data", monkeypatch) as server:
        token = ask(server)
        claims = verified(token, f"{server.http.base_url}/.well-known/jwks.json")
        answer = server.http.get(f"/v1/{NAME}", headers={"Authorization": f"Bearer {token}"})

    assert (INVOKER, True) == (claims["email"], claims["email_verified"])
    assert answer.status_code in {401, 404}


@pytest.mark.parametrize(
    ("options", "email"),
    [
        ((), ADMIN),
        (("--impersonate-service-account", INVOKER, "--include-email"), INVOKER),
        (("--impersonate-service-account", INVOKER), None),
    ],
)
def test_print_identity_token_when_it_is_verified(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    email: str | None,
) -> None:
    """The command line prints one's own ID token, or another account's, and nothing else."""
    monkeypatch.chdir(tmp_path)
    with running(tmp_path / "ringback-data", monkeypatch) as server:
        code = run(["auth", "print-identity-token", "--audiences", AUDIENCE, *options])
        token = capsys.readouterr().out.removesuffix("\n")
        claims = by_pyjwt(token, f"{server.http.base_url}/.well-known/jwks.json")
        key = json.loads((server.directory / "admin.json").read_text())

    assert (0, email) == (code, claims.get("email"))
    assert (email == ADMIN) == (claims["sub"] == key["client_id"])
