"""A person logs in with the command line, by a browser, and logs out again."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.process import RINGBACK, environment, serving
from tests.waiting import PATIENCE

ROOT = Path(__file__).parents[2]
INVOKER = "invoker@local.iam.gserviceaccount.com"

#: what a person does in a browser, and an approver beside: it ends at the listener of the command
BROWSER = f"""
import re, subprocess, sys
from pathlib import Path
import httpx
from tests.gateway.browsers import Browser
url = sys.argv[1]
with (browser := Browser(url.partition("/authorize")[0])).client:
    code = browser.begin(url)
    key = str(Path.cwd() / "data" / "admin.json")
    subprocess.run(
        [sys.argv[2], "auth", "approve", code, "--as", "{INVOKER}", "--yes"],
        env={{**__import__("os").environ, "RINGBACK_CREDENTIALS": key}},
        check=True,
    )
    httpx.get(browser.end())
"""


def command(home: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a user whose home is a directory."""
    return subprocess.run(
        [RINGBACK, *words],
        env=environment(home, {"PYTHONPATH": str(ROOT), **more}),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )


@pytest.fixture
def browser(tmp_path: Path) -> str:
    """Return what BROWSER is set to."""
    program = tmp_path / "browser.py"
    program.write_text(BROWSER)
    return shlex.join([sys.executable, str(program), "%s", str(RINGBACK)])


def test_login_when_a_browser_is_used(tmp_path: Path, browser: str) -> None:
    """Commands are the account's that was approved, until the person logs out."""
    with serving(tmp_path / "data", home=tmp_path) as server:
        logged_in = command(tmp_path, "auth", "login", BROWSER=browser)
        assert 0 == logged_in.returncode, logged_in.stderr
        token = command(tmp_path, "auth", "print-access-token").stdout.strip()
        listed = command(tmp_path, "list")
        claims = json.loads(command(tmp_path, "auth", "decode", token).stdout)["payload"]
        file = tmp_path / ".config" / "ringback" / "credentials.json"
        mode = file.stat().st_mode & 0o777
        logged_out = command(tmp_path, "auth", "logout")
        after = command(tmp_path, "auth", "print-access-token").stdout.strip()
        admin = json.loads(command(tmp_path, "auth", "decode", after).stdout)["payload"]

    assert f"You are logged in as {INVOKER}." in logged_in.stderr
    assert (INVOKER, "ringback-cli", 0o600) == (claims["sub"], claims["client_id"], mode)
    # An invoker may not list workflows, as the administrator of the key file may.
    assert (1, True) == (listed.returncode, "workflows.workflows.list" in listed.stderr)
    assert f"You are logged out; you were {INVOKER}." in logged_out.stderr
    assert "admin@local.iam.gserviceaccount.com" == admin["sub"]
    assert "listening" in server.log.read_text()
    assert not re.search(r"rb[cdrs]_|eyJ", server.log.read_text())
