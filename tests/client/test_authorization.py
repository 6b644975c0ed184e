"""What a client may be given to show who it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest
from google.auth import credentials as google_credentials
from google.oauth2 import service_account

from ringback.v1.workflows_pb2 import Workflow
from ringback_client import Client, Credentials, CredentialsError, InvalidInputError
from ringback_client.authorization import GoogleCredentials, tokens_of
from ringback_client.connection import Endpoint, Server
from tests.client.stand_in import StandIn, TokenEndpoint


def authorization(server: Server, stand_in: StandIn, credentials: Credentials) -> set[str]:
    """Call the server twice, and return what the calls showed."""
    stand_in.answer("GetWorkflow", Workflow(name="w"))
    with Client(f"http://{server.address}", credentials=credentials) as client:
        client.get_workflow("w")
        client.get_workflow("w")
    return stand_in.authorizations


def from_google(key_file: Path) -> GoogleCredentials:
    """Return what google-auth makes of a key file; it has no types."""
    make = cast("Any", service_account.Credentials).from_service_account_file
    made: GoogleCredentials = make(str(key_file))
    return made


def test_call_without_credentials(server: Server, stand_in: StandIn) -> None:
    """A server that asks for no token gets none."""
    assert {""} == authorization(server, stand_in, None)


@pytest.mark.parametrize("token", ["secret", "Bearer secret", " secret\n"])
def test_call_with_a_token(server: Server, stand_in: StandIn, token: str) -> None:
    """A token may be given as it is, as a header has it, or as a file has it."""
    assert {"Bearer secret"} == authorization(server, stand_in, token)


def test_call_with_a_function(server: Server, stand_in: StandIn) -> None:
    """A function is asked for each call."""
    tokens = iter(("one", "two"))

    assert {"Bearer one", "Bearer two"} == authorization(server, stand_in, lambda: next(tokens))


def test_call_with_a_key_file(server: Server, stand_in: StandIn, endpoint: TokenEndpoint) -> None:
    """A key file is exchanged for a token, once for all calls."""
    assert {"Bearer token-1"} == authorization(server, stand_in, server.key_file)
    assert 1 == len(endpoint.forms)


def test_call_with_credentials_of_google(
    server: Server, stand_in: StandIn, endpoint: TokenEndpoint
) -> None:
    """Credentials of google-auth refresh themselves, with a scope if they need one."""
    assert {"Bearer token-1"} == authorization(server, stand_in, from_google(server.key_file))
    assert 1 == len(endpoint.forms)


def test_call_with_anonymous_credentials(server: Server, stand_in: StandIn) -> None:
    """google-auth's credentials for nobody show nothing."""
    anonymous = cast("Any", google_credentials.AnonymousCredentials)()

    assert {""} == authorization(server, stand_in, anonymous)


def test_call_when_google_is_refused(
    server: Server, stand_in: StandIn, endpoint: TokenEndpoint
) -> None:
    """Credentials that cannot refresh themselves are a CredentialsError that says why."""
    refusal = {"error": "invalid_grant", "error_description": "No such key."}
    endpoint.reply = (400, (), json.dumps(refusal).encode())

    with pytest.raises(CredentialsError, match="No such key"):
        authorization(server, stand_in, from_google(server.key_file))


def test_project_of_short_names(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Short names are of the project that was given, the credentials', the environment's, local."""
    key = {**json.loads(server.key_file.read_text()), "project_id": "keys"}
    path = tmp_path / "key.json"
    path.write_text(json.dumps(key))
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)

    def project(credentials: Credentials, given: str | None = None) -> str:
        with Client(server.address, credentials=credentials, project=given) as client:
            return client.place.project

    assert "local" == project("token")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "environments")
    assert "environments" == project("token")
    assert ("keys", "keys") == (project(path), project(from_google(path)))
    assert "mine" == project(path, "mine")


def test_tokens_of_something_else() -> None:
    """What cannot be credentials is refused, with what can."""
    with pytest.raises(InvalidInputError, match="int") as caught:
        tokens_of(cast("Any", 7), Endpoint(address="a", tls=False))

    assert "google-auth" in (caught.value.next_step or "")
