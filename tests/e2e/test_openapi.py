"""What a tool makes up from the OpenAPI document, sent to a real server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.process import Server, environment, serving

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
PARENT = "projects/local/locations/us-central1"
SOURCE = """
- create:
    call: events.create_callback_endpoint
    args: {http_callback_method: POST}
    result: endpoint
- say:
    call: sys.log
    args: {json: {a: 1}, severity: INFO}
- wait:
    call: events.await_callback
    args: {callback: "${endpoint}", timeout: 600}
"""
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
# They remove what the others are to find; names that are made up try them, in the other run.
REMOVES = (
    "Workflows.DeleteWorkflow",
    "Operations.DeleteOperation",
    "Executions.CancelExecution",
    "StepEntries.DeleteExecutionHistory",
)
#: how long a run may take
SECONDS = 240.0


def names(server: Server, token: str) -> str:
    """Make one of everything, and return the configuration that tells its names."""
    deployed = server.call(
        "POST",
        f"{PARENT}/workflows",
        token,
        params={"workflowId": "w"},
        json={"sourceContents": SOURCE, "labels": {"a": "b"}},
    ).json()
    execution = server.call("POST", f"{PARENT}/workflows/w/executions", token, json={}).json()
    callbacks = server.call("GET", f"{execution['name']}/callbacks", token).json()["callbacks"]
    found = {
        "project": "local",
        "location": "us-central1",
        "workflow": "w",
        "execution": execution["name"].rpartition("/")[2],
        "callback": callbacks[0]["name"].rpartition("/")[2],
        "operation": deployed["name"].rpartition("/")[2],
        "serviceAccount": "invoker@local.iam.gserviceaccount.com",
    }
    lines = [f'"path.{name}" = "{value}"' for name, value in found.items()]
    return "\n".join(["[parameters]", *lines, ""])


@pytest.mark.parametrize("known", [True, False])
def test_requests_that_a_tool_makes_up(tmp_path: Path, *, known: bool) -> None:
    """Whatever fits the document, or nearly, is answered as it says, and never with a 5xx."""
    with serving(tmp_path / "data", home=tmp_path) as server:
        token = server.token()
        config = tmp_path / "schemathesis.toml"
        config.write_text(names(server, token) if known else "")
        # A stream is endless by design; tests/gateway/test_events.py reads it.
        left_out = ("Executions.WatchExecution", *(REMOVES if known else ()))
        done = subprocess.run(
            [
                SCHEMATHESIS,
                f"--config-file={config}",
                "run",
                f"{server.http}/openapi.json",
                f"--header=Authorization: Bearer {token}",
                f"--checks={','.join(CHECKS)}",
                *(f"--exclude-operation-id={name}" for name in left_out),
                f"--phases={'coverage,fuzzing' if known else 'fuzzing'}",
                f"--max-examples={5 if known else 3}",
                "--seed=1",
                "--request-timeout=10",
                "--generation-database=none",
                "--no-color",
            ],
            cwd=tmp_path,
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        alive = server.process.poll()

    assert (0, None) == (done.returncode, alive), done.stdout[-6_000:] + done.stderr
