"""A server that asks nobody for a token, as an emulator."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.process import environment, ringback, serving
from tests.services import WAITS
from tests.waiting import PATIENCE, until

PROGRAM = Path(__file__).with_name("anonymous_client.py")
OPEN = "--insecure-no-auth"


def test_official_client_when_anonymous(tmp_path: Path) -> None:
    """Google's client works without any credentials, and the log warns of it."""
    with serving(tmp_path / "data", OPEN, home=tmp_path) as server:
        done = subprocess.run(
            [sys.executable, PROGRAM, server.grpc],
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE,
            check=False,
        )
        log = server.log.read_text()

    assert (0, "CANCELLED") == (done.returncode, done.stdout), done.stderr
    assert "running without authentication" in log


def test_callback_when_it_has_no_token(tmp_path: Path) -> None:
    """A callback and REST need no token either; pages of other sites get nothing."""
    with serving(tmp_path / "data", OPEN, home=tmp_path) as server:
        parent = "projects/local/locations/us-central1/workflows"
        server.call("POST", f"{parent}?workflowId=w", None, json={"sourceContents": WAITS})
        name = server.call("POST", f"{parent}/w/executions", None, json={}).json()["name"]

        def callback() -> str | None:
            listed = json.loads(ringback("callbacks", "list", name, "--format=json", home=tmp_path))
            return str(listed[0]["name"]) if listed else None

        found = until(callback)
        page = server.call("POST", found, None, headers={"Origin": "https://example.org"})
        wrong = server.call("POST", found, "not-a-token", json={"a": 1})
        ended = json.loads(ringback("executions", "wait", name, "--format=json", home=tmp_path))

    assert (403, 200) == (page.status_code, wrong.status_code)
    assert ("SUCCEEDED", {"a": 1}) == (ended["state"], json.loads(ended["result"])["body"])


def test_start_when_other_machines_can_connect(tmp_path: Path) -> None:
    """Without authentication a server is for its own machine, unless told so explicitly."""
    everywhere = "--http-address=0.0.0.0:0"
    with (
        pytest.raises(AssertionError, match="--allow-remote-no-auth"),
        serving(tmp_path / "one", OPEN, everywhere, home=tmp_path),
    ):
        pass
    with serving(tmp_path / "two", OPEN, everywhere, "--allow-remote-no-auth", home=tmp_path) as s:
        answer = s.call("GET", "projects/local/locations/us-central1/workflows", None)

    assert 200 == answer.status_code
    assert s.http.startswith("http://127.0.0.1:")
