"""What clients generated from protos/ see of a server of ours, in each language."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.process import ringback
from tests.interop.generated.programs import (
    ACCOUNTS,
    CLIENTS,
    EVERYTHING,
    LOGINS,
    SECURE,
    SHORTEST,
)
from tests.interop.places import Place
from tests.interop.programs import Program, output

DEFINITION = Path(__file__).with_name("approval.yaml")
PARENT = "projects/local/locations/us-central1"
UNKNOWN = f"{PARENT}/workflows/approval-{{}}/executions/unknown"
#: what each library calls the code NOT_FOUND
CODES = {"go": "NotFound", "rust": "NotFound", "connect": "NotFound"}


@pytest.mark.parametrize(
    ("library", "program"), CLIENTS.items(), ids=[f"{p.name}-{k}" for k, p in CLIENTS.items()]
)
def test_client_when_it_answers_a_callback(
    library: str, program: Program, plaintext: Place, ready: Callable[[Program], Program]
) -> None:
    """It deploys twice, watches, answers with body and headers, and errors have their details."""
    variables = {**plaintext.variables(program.language), "TOKEN": plaintext.server.token()}

    def run() -> object:
        arguments = (plaintext.server.grpc, str(DEFINITION))
        printed = output(ready(program), *arguments, variables=variables, cwd=plaintext.home)
        return json.loads(printed)

    expected = {
        "state": "SUCCEEDED",
        "result": {"order": 17, "approved": True, "reviewer": "Ada"},
        "refusal": {
            "code": CODES.get(library, "NOT_FOUND"),
            "message": f"{UNKNOWN.format(library)} was not found.",
            "reason": "EXECUTION_NOT_FOUND",
        },
    }

    assert expected == run()
    assert expected == run()


@pytest.mark.parametrize("program", [EVERYTHING], ids=lambda program: program.name)
def test_client_when_it_calls_everything_else(
    program: Program, plaintext: Place, ready: Callable[[Program], Program]
) -> None:
    """What no other program calls is answered too: batches, history, logs, tokens and the rest."""
    variables = {**plaintext.variables(program.language), "TOKEN": plaintext.server.token()}
    printed = output(ready(program), plaintext.server.grpc, variables=variables, cwd=plaintext.home)

    assert {
        "location": ["us-central1", True],
        "deployed": [f"{PARENT}/workflows/everything-python", True],
        "listed": [True, 1],
        "refused": ["NOT_FOUND", "REVISION_NOT_FOUND"],
        "accepted": [True, True],
        "results": ["true", "true"],
        "message": [True, ["CANCELLED", "SUCCEEDED", "SUCCEEDED"]],
        "steps": [["tell", "create", "wait", "finish"], "tell"],
        "logged": ["asked"],
        "audited": ["BatchCreateExecutions"],
        "exported": [True, 4],
        "left": 0,
        "tokens": [True, 2],
        "signed": [256, True],
        "rotated": ["EdDSA", True, True],
        "signature": [True, "", True],
        "done": [True, True],
        "forgotten": True,
    } == json.loads(printed)


@pytest.mark.parametrize("program", [LOGINS], ids=lambda program: program.name)
def test_client_when_it_manages_logins(
    program: Program, plaintext: Place, ready: Callable[[Program], Program]
) -> None:
    """Secrets are told once, what there is not is NOT_FOUND, and revoking twice is revoking."""
    variables = {**plaintext.variables(program.language), "TOKEN": plaintext.server.token()}
    printed = output(ready(program), plaintext.server.grpc, variables=variables, cwd=plaintext.home)

    assert {
        "secrets": [True, [[True, ""]], 0],
        "approved": "NOT_FOUND",
        "sessions": 0,
        "ended": "NOT_FOUND",
        "revoked": ["OK", "OK", "OK"],
    } == json.loads(printed)


@pytest.mark.parametrize("program", [ACCOUNTS], ids=lambda program: program.name)
def test_client_when_it_administers_accounts(
    program: Program, plaintext: Place, ready: Callable[[Program], Program]
) -> None:
    """Accounts, keys, roles and policies are made, read, changed and removed."""
    variables = {**plaintext.variables(program.language), "TOKEN": plaintext.server.token()}
    printed = output(ready(program), plaintext.server.grpc, variables=variables, cwd=plaintext.home)
    email = "interop-python@local.iam.gserviceaccount.com"

    assert {
        "account": [f"projects/local/serviceAccounts/{email}", "Interop", "of a program"],
        "disabled": [True, False],
        "listed": True,
        "key": [email, True],
        "keys": [[True, True]],
        "role": [True, "Sender", ["workflows.callbacks.send"]],
        "roles": True,
        "policy": [True, 3],
        "stale": "ABORTED",
        "may": [["workflows.callbacks.send"], ["iam.serviceAccounts.actAs"]],
        "acting": 1,
        "gone": "NOT_FOUND",
    } == json.loads(printed)


def hello(program: Program, place: Place) -> str:
    """Return what a program prints that runs the workflow `hello`."""
    definition = Path(__file__).with_name("hello.yaml")
    ringback("deploy", "hello", "--source", definition, home=place.home)
    variables = {**place.variables(program.language), "TOKEN": place.server.token()}
    printed = output(program, place.server.grpc, variables=variables, cwd=place.home)
    return printed.strip().strip('"')


@pytest.mark.parametrize("program", SHORTEST, ids=lambda program: program.name)
def test_program_when_it_is_as_short_as_can_be(
    program: Program, plaintext: Place, ready: Callable[[Program], Program]
) -> None:
    """It runs a workflow and prints what came of it; README.md shows it."""
    assert hello(ready(program), plaintext) == "Hello, Ada"


@pytest.mark.parametrize("program", SECURE, ids=lambda program: program.name)
def test_program_when_it_uses_tls(
    program: Program,
    tls: Place,
    ready: Callable[[Program], Program],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It trusts the server's authority, and gets its token by the library of its language."""
    authority = str(tls.server.directory / "ca.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", authority)  # for the token of the tests themselves

    assert hello(ready(program), tls) == "Hello, Ada"
