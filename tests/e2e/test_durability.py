"""A process that is killed while executions wait, and the one that comes after it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.process import Server, ringback, serving
from tests.waiting import until

EXAMPLES = Path(__file__).parents[2] / "examples"
WORKFLOW = "projects/local/locations/us-central1/workflows"


def callback_url(server: Server, token: str, execution: str) -> str:
    """Return the URL that the basic sample logged."""

    def logged() -> str | None:
        entries = server.call("GET", f"{execution}/logs", token).json().get("entries", [])
        texts = [entry.get("textPayload", "") for entry in entries]
        return next((text.split()[-1] for text in texts if text.startswith("Listening")), None)

    return until(logged)


def waiting(server: Server, token: str, method: str = "GET") -> tuple[str, str]:
    """Deploy the basic sample for a method and start it; return execution and callback URL."""
    source = (EXAMPLES / "basic-callback.yaml").read_text()
    body = {"sourceContents": source.replace('"GET"', f'"{method}"')}
    name = f"basic-{method.lower()}"
    parent = WORKFLOW.removesuffix("/workflows")
    server.call("POST", f"{parent}/workflows?workflowId={name}", token, json=body)
    answer = server.call("POST", f"{WORKFLOW}/{name}/executions", token, json={})
    execution = str(answer.json()["name"])
    return execution, callback_url(server, token, execution)


def ended(server: Server, token: str, execution: str) -> dict[str, str]:
    """Return an execution once it has ended."""

    def look() -> dict[str, str] | None:
        found = server.call("GET", execution, token).json()
        return None if found["state"] in {"ACTIVE", "QUEUED"} else found

    return until(look)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_callback_when_the_server_was_killed_while_waiting(tmp_path: Path, method: str) -> None:
    """An execution that waits survives kill -9: the same URL resumes it in the next process."""
    with serving(tmp_path / "data", home=tmp_path) as first:
        token = first.token()
        execution, url = waiting(first, token, method)
        first.kill()
    with serving(tmp_path / "data", home=tmp_path) as second:
        answer = second.call(method, url, token, params={"n": "1"})
        found = ended(second, token, execution)

    assert (first.grpc, first.http) == (second.grpc, second.http)
    assert (answer.status_code, answer.json()) == (200, {})
    assert answer.headers["Ringback-Outcome"] == "resumed"
    assert (found["state"], json.loads(found["result"])["query"]) == ("SUCCEEDED", {"n": "1"})


def test_callback_when_the_server_is_killed_right_after_it(tmp_path: Path) -> None:
    """A callback that was answered 200 is not lost by kill -9."""
    with serving(tmp_path / "data", home=tmp_path) as first:
        token = first.token()
        execution, url = waiting(first, token)
        assert first.call("GET", url, token).status_code == 200
        first.kill()
    with serving(tmp_path / "data", home=tmp_path) as second:
        assert ended(second, token, execution)["state"] == "SUCCEEDED"


def test_token_when_it_was_used_for_a_callback(tmp_path: Path) -> None:
    """A bearer token is found nowhere on disk or in the server's output after its use."""
    with serving(tmp_path / "data", home=tmp_path) as server:
        token = server.token()
        execution, url = waiting(server, token, "POST")
        secrets = {"Cookie": "session=sesame-open", "Proxy-Authorization": f"Bearer {token}"}
        server.call("POST", url, token, headers=secrets, params={"access_token": token}, json={})
        assert ended(server, token, execution)["state"] == "SUCCEEDED"
        server.call("POST", url, "wrong." + token, json={})
        server.call("GET", f"{WORKFLOW}/basic-post?access_token={token}", token)
        ringback("auth", "print-access-token", home=tmp_path)
        server.stop()
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    needles = [token.encode(), token.rsplit(".", 1)[-1].encode(), b"sesame-open"]

    assert [] == [p.name for p in written for needle in needles if needle in p.read_bytes()]
    assert {"ringback.db", "server.log"} <= {path.name for path in written}
