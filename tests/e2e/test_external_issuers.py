"""A server that takes tokens of another issuer, as an operator runs it."""

from __future__ import annotations

import re
import time
from pathlib import Path

import grpc
import httpx
import pytest

from ringback.v1 import workflows_pb2, workflows_pb2_grpc
from ringback_server.issuer_keys import UNKNOWN_SECONDS
from tests.e2e.process import launch, serving
from tests.oidc_issuer import AUDIENCE, DISCOVERY, JWKS, LocalIssuer, local_issuer
from tests.replacing import replace
from tests.waiting import PATIENCE, until

_INVOKER = "invoker@local.iam.gserviceaccount.com"
_PARENT = "projects/local/locations/here"


def _file(home: Path, issuer: str) -> str:
    file = home / "issuers.yaml"
    file.write_text(
        f"issuers:\n- name: one\n  issuer: {issuer}\n  audiences: [{AUDIENCE}]\n"
        f"  rules:\n  - match: {{team: red}}\n    role: roles/workflows.viewer\n"
        f"    resource: {_PARENT}\n"
        f"  - match: {{team: green}}\n    role: roles/iam.serviceAccountTokenCreator\n"
        f"    resource: projects/local/serviceAccounts/{_INVOKER}\n"
    )
    return f"--issuers={file}"


def _token(issuer: LocalIssuer, **claims: object) -> str:
    return issuer.token(time.time(), claims)


def test_server_takes_tokens_of_another_issuer_over_both_ports(tmp_path: Path) -> None:
    """A rule's role opens its resource over REST and gRPC; a token without it opens nothing."""
    with (
        local_issuer() as issuer,
        serving(
            tmp_path / "data", _file(tmp_path, issuer.url), "--log-level=debug", home=tmp_path
        ) as server,
    ):
        red, blue = _token(issuer, team="red"), _token(issuer, team="blue")
        bad = _token(issuer, aud="https://other.test")
        listing = f"{_PARENT}/workflows"
        until(lambda: server.call("GET", listing, red).status_code == 200)

        assert 403 == server.call("GET", listing, blue).status_code
        assert 403 == server.call("GET", "projects/local/locations/x/workflows", red).status_code
        refused = server.call("GET", listing, bad)
        assert (401, "The bearer token is not valid.") == (
            refused.status_code,
            refused.json()["error"]["message"],
        )
        with grpc.insecure_channel(server.grpc) as channel:
            answer = workflows_pb2_grpc.WorkflowsStub(channel).ListWorkflows(
                workflows_pb2.ListWorkflowsRequest(parent=_PARENT),
                metadata=(("authorization", f"Bearer {red}"),),
                timeout=PATIENCE,
            )
        assert not answer.workflows
        assert {DISCOVERY: 1, JWKS: 1} == issuer.asked
        some, began = issuer.keys[0], time.monotonic()
        for number in range(100):
            forged = issuer.token(time.time(), key=replace(some, kid=f"made-up-{number}"))
            assert server.call("GET", listing, forged).status_code in {401, 503}
        assert 200 == server.call("GET", listing, red).status_code
        assert issuer.asked[JWKS] <= 2 + (time.monotonic() - began) / UNKNOWN_SECONDS
        log = server.log.read_text()
        assert "a bearer token is refused: AUDIENCE" in log
        assert not any(token in log for token in (red, blue, bad))


def test_token_of_another_issuer_is_exchanged_for_one_of_an_account(tmp_path: Path) -> None:
    """A rule may let tokens act as one service account, and as no other."""
    with (
        local_issuer() as issuer,
        serving(tmp_path / "data", _file(tmp_path, issuer.url), home=tmp_path) as server,
    ):
        green = _token(issuer, team="green")
        scope = {"scope": ["https://www.googleapis.com/auth/cloud-platform"]}

        def asked(email: str) -> httpx.Response:
            account = f"projects/-/serviceAccounts/{email}"
            return server.call("POST", f"{account}:generateAccessToken", green, json=scope)

        until(lambda: asked(_INVOKER).status_code == 200)

        invoker = asked(_INVOKER).json()["accessToken"]
        assert 403 == asked("admin@local.iam.gserviceaccount.com").status_code
        executions = f"{_PARENT}/workflows/none/executions"
        # Allowed, and so told that there is no such workflow.
        assert 404 == server.call("GET", executions, invoker).status_code
        assert 403 == server.call("GET", executions, green).status_code


def test_server_starts_while_the_issuer_is_down(tmp_path: Path) -> None:
    """Its tokens are worth another try then, and nobody else's are touched."""
    with local_issuer() as issuer:
        issuer.put(DISCOVERY, b"down", 503)
        with serving(tmp_path / "data", _file(tmp_path, issuer.url), home=tmp_path) as server:
            token = _token(issuer, team="red")
            listing = f"{_PARENT}/workflows"

            answer = server.call("GET", listing, token)

            assert 503 == answer.status_code
            assert "1" == answer.headers["Retry-After"]
            assert "ISSUER_UNAVAILABLE" == answer.json()["error"]["details"][0]["reason"]
            assert 200 == server.call("GET", listing, server.token()).status_code
            issuer.answers.clear()
            until(lambda: server.call("GET", listing, token).status_code == 200)


@pytest.mark.parametrize(
    ("issuer", "said"),
    [
        ("http://login.example.org", "line 3: issuers[0].issuer: expected https://"),
        ("https://flows.example.org/", "line 2: issuers[0]: https://flows.example.org/ is this"),
    ],
)
def test_server_does_not_start_when_the_file_has_a_mistake(
    tmp_path: Path, issuer: str, said: str
) -> None:
    """One line says file, line and key; an issuer with the server's own name is a mistake too."""
    flags = (_file(tmp_path, issuer), "--public-url=https://flows.example.org")
    ports = ("--grpc-address=127.0.0.1:0", "--http-address=127.0.0.1:0")
    server = launch(tmp_path / "data", *ports, *flags, home=tmp_path)

    assert 2 == server.process.wait(PATIENCE)
    (line,) = re.findall(r"^ringback serve: .*$", server.log.read_text(), re.MULTILINE)
    assert f"--issuers: {tmp_path}/issuers.yaml: {said}" in line
