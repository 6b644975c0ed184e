"""A server of ours takes the tokens of an issuer that others wrote."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.e2e.process import Server, serving
from tests.interop.issuer.processes import issuing
from tests.interop.issuer.programs import ALGORITHMS, PROGRAMS
from tests.interop.programs import Program
from tests.waiting import PATIENCE, until

_PARENT = "projects/local/locations/us-central1"
_ORDERS = f"{_PARENT}/workflows/orders"
_SECRET = ("orders", "no-secret-to-speak-of")
_ISSUERS = """\
issuers:
- name: real
  issuer: {issuer}
  audiences: [https://ringback.test]
  required_claims: {{client_id: orders}}
  rules:
  - match: {{realm_access.roles: invoke}}
    role: roles/workflows.invoker
    resource: {orders}
  - match: {{realm_access.roles: view}}
    role: roles/workflows.viewer
    resource: projects/local
"""
_WAITING = """\
main:
  steps:
  - create:
      call: events.create_callback_endpoint
      args: {http_callback_method: POST}
      result: endpoint
  - wait:
      call: events.await_callback
      args: {callback: "${endpoint}", timeout: 60}
      result: answer
  - end:
      return: "${answer.http_request.body}"
"""


def _token(issuer: str, resource: str, scope: str) -> str:
    """Get an access token as a client does, with its secret."""
    form = {"grant_type": "client_credentials", "scope": scope}
    form["resource"] = f"https://ringback.test/{resource}"
    known = httpx.get(f"{issuer}/.well-known/openid-configuration", timeout=PATIENCE).json()
    answer = httpx.post(known["token_endpoint"], data=form, auth=_SECRET, timeout=PATIENCE)
    return str(answer.raise_for_status().json()["access_token"])


def _status(server: Server, token: str, resource: str = f"{_PARENT}/workflows") -> tuple[int, str]:
    """Ask for a list until the issuer's keys are known; return the status and the reason."""

    def settled() -> httpx.Response | None:
        answer = server.call("GET", resource, token)
        return None if answer.status_code == 503 else answer

    answer = until(settled)
    if answer.status_code == 200:
        return 200, ""
    return answer.status_code, answer.json()["error"]["details"][0]["reason"]


@contextmanager
def _trusting(issuer: str, home: Path) -> Generator[Server]:
    """Run a server that takes the tokens of an issuer."""
    file = home / "issuers.yaml"
    file.write_text(_ISSUERS.format(issuer=issuer, orders=_ORDERS))
    with serving(home / "data", f"--issuers={file}", home=home) as server:
        yield server


@pytest.mark.parametrize(
    ("program", "algorithm"),
    [
        pytest.param(program, algorithm, id=f"{program.name}-{algorithm}")
        for program in PROGRAMS
        for algorithm in ALGORITHMS[program.language]
    ],
)
def test_token_of_an_issuer_opens_what_its_rules_give(
    program: Program, algorithm: str, ready: Callable[[Program], Program], tmp_path: Path
) -> None:
    """Its client executes a workflow and sends the callback, and nothing else is open to it."""
    with issuing(ready(program)) as issuer, _trusting(issuer, tmp_path) as server:
        admin = server.token()
        deployed = server.call(
            "POST",
            f"{_PARENT}/workflows?workflowId=orders",
            admin,
            json={"sourceContents": _WAITING},
        )
        assert deployed.status_code == 200
        invoker = _token(issuer, algorithm, "invoke")

        assert (403, "IAM_PERMISSION_DENIED") == _status(server, invoker)
        execution = server.call("POST", f"{_ORDERS}/executions", invoker).json()["name"]
        callbacks = until(
            lambda: server.call("GET", f"{execution}/callbacks", invoker).json().get("callbacks")
        )
        sent = server.call("POST", callbacks[0]["name"], invoker, json={"by": algorithm})
        ended = until(lambda: _ended(server, execution, invoker))

        assert 200 == sent.status_code, sent.text
        assert f'{{"by":"{algorithm}"}}' == ended
        assert (200, "") == _status(server, _token(issuer, algorithm, "view"))
        assert (401, "TOKEN_INVALID") == _status(server, _token(issuer, "other", "view other"))


def _ended(server: Server, execution: str, token: str) -> str | None:
    seen = server.call("GET", execution, token).json()
    return str(seen["result"]) if seen["state"] == "SUCCEEDED" else None


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_tokens_of_an_issuer_when_it_is_down_and_comes_back_with_other_keys(
    program: Program, ready: Callable[[Program], Program], tmp_path: Path
) -> None:
    """Known keys count while it is down; new ones are found, and the old ones are gone then."""
    ready(program)
    algorithm = ALGORITHMS[program.language][0]
    with ExitStack() as running:
        issuer = running.enter_context(issuing(program))
        with _trusting(issuer, tmp_path) as server:
            seen, unseen = (_token(issuer, name, "view") for name in ("rs256", algorithm))
            assert (200, "") == _status(server, seen)

            running.close()

            assert (200, "") == _status(server, seen)
            assert (200, "") == _status(server, unseen)
            running.enter_context(issuing(program, int(issuer.rpartition(":")[2])))
            assert (200, "") == _status(server, _token(issuer, algorithm, "view"))
            assert (401, "TOKEN_INVALID") == _status(server, seen)
            assert (401, "TOKEN_INVALID") == _status(server, unseen)
