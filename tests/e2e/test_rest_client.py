"""Google's own Python client over REST against a server of ours, as a program of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.e2e.process import environment, serving
from tests.waiting import PATIENCE

PROGRAM = Path(__file__).with_name("rest_client.py")
WORKFLOW = "projects/local/locations/us-central1/workflows/rest"


def test_client_when_it_speaks_rest(tmp_path: Path) -> None:
    """With `transport="rest"` and the HTTP port's URL, all that the client can works."""
    with serving(tmp_path / "data", home=tmp_path) as server:
        done = subprocess.run(
            [sys.executable, PROGRAM, server.http, server.token()],
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == 0, done.stderr

    assert {
        "created": [WORKFLOW, "ACTIVE", "create"],
        "updated": ["new", {"A": "1"}, "000002"],
        "read": [True, True],
        "revisions": ["000002", "000001"],
        "listed": [WORKFLOW],
        "operations": [True, 2],
        "locations": [["us-central1"], "us-central1"],
        "invalid": ["BadRequest", "INVALID_ARGUMENT", ["workflow_id"]],
        "deleted": ["NotFound", "WORKFLOW_NOT_FOUND", []],
    } == json.loads(done.stdout)
