"""Programs written for Google, unchanged, get their tokens from the metadata server."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.process import Server, environment, ringback, serving
from tests.e2e.tracing import foreign, watched
from tests.services import WAITS
from tests.waiting import PATIENCE, until

HERE = Path(__file__).parent
LIBRARY = HERE.parent.parent / ".node" / "node_modules"
METADATA = "--metadata-address=127.0.0.1:0"


def program_environment(home: Path) -> dict[str, str]:
    """Return what a shell has after `eval "$(ringback env)"`, and nothing else of Google's."""
    printed = ringback("env", "--language=python", home=home)
    shell = subprocess.run(
        ["/bin/sh", "-c", f"{printed}\nenv -0"],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    return dict(pair.split("=", 1) for pair in shell.stdout.split("\0") if pair)


def callback(server: Server, home: Path) -> tuple[str, str]:
    """Start an execution that waits; return its name and its callback URL."""
    (home / "w.yaml").write_text(WAITS)
    ringback("deploy", "w", "--source", "w.yaml", home=home)
    name = ringback("execute", "w", home=home).strip()

    def url() -> str | None:
        listed = json.loads(ringback("callbacks", "list", name, "--format=json", home=home))
        return str(listed[0]["name"]) if listed else None

    return name, f"{server.http}/v1/{until(url)}"


def answered(command: Sequence[str | Path], home: Path) -> tuple[object, dict[str, Any], list[str]]:
    """Send a callback by a program; return what it saw, the execution, and foreign connections."""
    trace = home / "trace"
    with serving(home / "data", METADATA, home=home) as server:
        name, url = callback(server, home)
        done = subprocess.run(
            [*watched(trace), *command, url],
            env={**program_environment(home), "NODE_PATH": str(LIBRARY)},
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        ended: dict[str, Any] = json.loads(
            ringback("executions", "wait", name, "--format=json", home=home)
        )
    return json.loads(done.stdout), ended, foreign(trace)


@pytest.mark.parametrize("language", ["python", "node"])
def test_program_when_it_uses_default_credentials(tmp_path: Path, language: str) -> None:
    """It finds token, project and account, its callback is taken, and no one else hears of it."""
    command: list[str | Path] = [sys.executable, HERE / "adc_client.py"]
    if language == "node":
        node = shutil.which("node")
        if node is None or not (LIBRARY / "google-auth-library").is_dir():
            pytest.skip("needs node, and Google's library: scripts/install_node_library.sh")
        command = [node, HERE / "adc_client.cjs"]

    seen, ended, others = answered(command, tmp_path)

    assert ["local", "invoker@local", 200] == seen
    assert ended["state"] == "SUCCEEDED"
    assert json.loads(ended["result"])["body"] == {"from": language}
    assert [] == others


def test_start_when_the_account_is_unknown(tmp_path: Path) -> None:
    """A metadata server for an account that is not there does not start."""
    email = "--metadata-account=nobody@local.iam.gserviceaccount.com"
    with (
        pytest.raises(AssertionError, match="--metadata-account: there is no service account"),
        serving(tmp_path / "data", METADATA, email, home=tmp_path),
    ):
        pass


def test_restart_when_the_port_is_kept(tmp_path: Path) -> None:
    """The metadata server takes the same port again, and lets go of it at the end."""
    with serving(tmp_path / "data", METADATA, home=tmp_path):
        record = json.loads((tmp_path / "ready.json").read_text())
    address = record["metadata"]
    with serving(tmp_path / "data", f"--metadata-address={address}", home=tmp_path):
        assert address == json.loads((tmp_path / "ready.json").read_text())["metadata"]


def test_metadata_when_a_workflow_asks(tmp_path: Path) -> None:
    """Tokens are for programs on the machine: a workflow has its own account, and no other."""
    source = """
main:
  params: [host]
  steps:
    - init: {assign: [{path: /computeMetadata/v1/instance/service-accounts/}]}
    - ask:
        try:
          call: http.get
          args:
            url: '${"http://" + host + path + "default/token"}'
            headers: {Metadata-Flavor: Google}
          result: r
        except: {as: e, steps: [{refused: {return: "${e.message}"}}]}
    - finish: {return: "${r.code}"}
"""
    with serving(tmp_path / "data", METADATA, home=tmp_path) as server:
        (tmp_path / "asks.yaml").write_text(source)
        ringback("deploy", "asks", "--source", "asks.yaml", home=tmp_path)
        host = json.loads((server.directory / "server.json").read_text())["metadata"]
        result = ringback("run", "asks", "--data", json.dumps(host), home=tmp_path)

    assert "ConnectionFailedError: 127.0.0.1 is a metadata server" in result
