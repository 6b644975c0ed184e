"""Google's own Python client against a server of ours, as a program of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.certificates import self_signed
from tests.e2e.process import environment, serving
from tests.waiting import PATIENCE

PROGRAM = Path(__file__).with_name("official_client.py")
WORKFLOW = "projects/local/locations/us-central1/workflows/official"
EXPECTED = {
    "workflow": [WORKFLOW, "ACTIVE", "create"],
    "created": "ACTIVE",
    "argument": '{"n": 9007199254740993}',
    "steps": ["wait"],
    "listed": [True],
    "filtered": [[True], []],
    "refused": ["InvalidArgument", "INVALID_ARGUMENT", "ringback", ["filter"]],
    "blue": [True],
    "cancelled": "CANCELLED",
    "again": "FailedPrecondition",
    "workflows": [WORKFLOW],
    "deleted": "NotFound",
}


def seen_by_client(address: str, secret: str, home: Path, **variables: str) -> object:
    """Run the program and return what it saw."""
    done = subprocess.run(
        [sys.executable, PROGRAM, address, secret],
        env=environment(home, variables),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_client_when_the_channel_is_plaintext(tmp_path: Path) -> None:
    """The official client works over an insecure channel, with a token as metadata."""
    with serving(tmp_path / "data", home=tmp_path) as server:
        seen = seen_by_client(server.grpc, f"token:{server.token()}", tmp_path)

    assert seen == EXPECTED


def test_client_when_the_channel_is_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The official client works with nothing but the address, the key file and our root."""
    certificate, key_file = self_signed(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    flags = (f"--tls-cert={certificate}", f"--tls-key={key_file}")
    with serving(tmp_path / "data", *flags, home=tmp_path) as server:
        trust = {"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(certificate)}
        seen = seen_by_client(server.grpc, str(server.key_file), tmp_path, **trust)
        token = server.token()
        key = json.loads(server.key_file.read_text())

    assert seen == EXPECTED
    assert token.count(".") == 2
    assert key["token_uri"] == f"{server.http}/token"
    assert server.http.startswith("https://127.0.0.1:")
