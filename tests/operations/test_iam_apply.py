"""`ringback iam apply` against a whole server."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringback_client.cli.app import run
from tests.operations.running import Running, running
from tests.operations.test_iam_commands import HELLO, ORDERS, Terminal, public_key

POLICY = """\
project: local
serviceAccounts:
- id: orders
  displayName: Orders
  description: Sends what partners say
  publicKeys: [orders.pem]
- id: admin
- id: invoker
- id: viewer
roles:
- id: sender
  title: Sender
  permissions: [workflows.callbacks.send]
bindings:
- role: sender
  members: [orders]
  expires: 2099-12-31T00:00:00Z
- resource: w
  role: roles/workflows.viewer
  members: [orders, "principal://keycloak/subject/ada"]
- resource: orders@local.iam.gserviceaccount.com
  role: roles/iam.serviceAccountTokenCreator
  members: [invoker]
"""

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """Return a server that the command line finds from the current directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("RINGBACK_")]:
        monkeypatch.delenv(name)
    public_key(tmp_path / "orders.pem")
    with running(tmp_path / "ringback-data", monkeypatch) as started:
        started.deploy(HELLO)
        yield started


def apply(capsys: Captured, text: str, *words: str, code: int = 0) -> tuple[list[str], str]:
    """Apply a policy file; return the lines that it printed, and what it said."""
    Path("policy.yaml").write_text(text)
    capsys.readouterr()
    found = run(["iam", "apply", "policy.yaml", *words])
    output = capsys.readouterr()
    assert code == found, output.err
    return output.out.splitlines(), output.err


def shown(capsys: Captured, *words: str) -> str:
    """Return what a command of `ringback iam` prints."""
    capsys.readouterr()
    assert run(["iam", *words]) == 0
    return capsys.readouterr().out


@pytest.mark.usefixtures("server")
def test_apply_until_there_is_nothing_to_change(capsys: Captured) -> None:
    """A dry run shows what is to come and leaves it; applied once, there is nothing left."""
    dry, _ = apply(capsys, POLICY, "--dry-run", code=2)
    absent = run(["iam", "service-accounts", "describe", ORDERS])
    lines, said = apply(capsys, POLICY)
    again, nothing = apply(capsys, POLICY)
    pruned, _ = apply(capsys, POLICY, "--prune", "--dry-run")
    account = json.loads(shown(capsys, "service-accounts", "describe", "orders", "--format=json"))
    keys = shown(capsys, "service-accounts", "keys", "list", "--iam-account=orders")

    assert [
        f"+ account {ORDERS}",
        f"+ key orders.pem of {ORDERS}",
        "+ role projects/local/roles/sender: workflows.callbacks.send",
        (
            f"+ binding on projects/local: serviceAccount:{ORDERS} has projects/local/roles/sender "
            "until 2099-12-31T00:00:00Z"
        ),
    ] == lines[:4]
    assert (7, dry) == (len(lines), lines)
    assert 1 == absent
    assert "Applied 6 changes." in said
    assert ([], []) == (again, pruned)
    assert "Nothing to change." in nothing
    assert ("Orders", "uploaded" in keys) == (account["displayName"], True)


@pytest.mark.usefixtures("server")
def test_apply_when_something_is_changed(capsys: Captured) -> None:
    """Each difference is a line of its own, and is made."""
    apply(capsys, POLICY)
    changed = (
        POLICY.replace("displayName: Orders", "displayName: All orders\n  disabled: true")
        .replace("[workflows.callbacks.send]", "[workflows.callbacks.list]\n  stage: BETA")
        .replace("2099-12-31", "2098-12-31")
    )
    lines, _ = apply(capsys, changed)
    again, _ = apply(capsys, changed)
    role = json.loads(shown(capsys, "roles", "describe", "sender", "--format=json"))

    assert [
        f"~ account {ORDERS}: display name 'Orders' -> 'All orders'",
        f"~ account {ORDERS}: disable",
        "~ role projects/local/roles/sender: stage 'GA' -> 'BETA'",
        "~ role projects/local/roles/sender: also workflows.callbacks.list",
        "~ role projects/local/roles/sender: no longer workflows.callbacks.send",
        (
            f"~ binding on projects/local: serviceAccount:{ORDERS} has projects/local/roles/sender,"
            " until 2099-12-31T00:00:00Z -> until 2098-12-31T00:00:00Z"
        ),
    ] == lines
    assert [] == again
    assert ("BETA", ["workflows.callbacks.list"]) == (role["stage"], role["includedPermissions"])


@pytest.mark.usefixtures("server")
def test_apply_when_something_is_left_out(capsys: Captured) -> None:
    """It stays, but for --prune; and nobody removes oneself."""
    apply(capsys, POLICY)
    less = """\
serviceAccounts:
- id: invoker
- id: viewer
- id: orders
  publicKeys: []
roles: []
bindings:
- resource: w
  role: roles/workflows.viewer
  members: [orders]
"""
    kept, _ = apply(capsys, less)
    lines, _ = apply(capsys, less, "--prune", "--yes")
    again, _ = apply(capsys, less, "--prune")
    fewer, _ = apply(capsys, "serviceAccounts: [{id: invoker}]", "--prune", "--dry-run", code=2)

    assert [] == kept
    assert (
        "- binding on projects/local/locations/us-central1/workflows/w: "
        "principal://keycloak/subject/ada has roles/workflows.viewer"
    ) == lines[0]
    assert lines[1].startswith("- key ")
    assert ["- role projects/local/roles/sender"] == lines[2:]
    assert [] == again
    assert [f"- account {ORDERS}", "- account viewer@local.iam.gserviceaccount.com"] == fewer


@pytest.mark.usefixtures("server")
def test_apply_when_somebody_is_asked(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a terminal a person sees the difference first, and may leave it."""
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    lines, said = apply(capsys, POLICY, code=1)
    unchanged, _ = apply(capsys, POLICY, "--dry-run", code=2)
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    apply(capsys, POLICY)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    again, _ = apply(capsys, POLICY)

    assert "Nothing was changed." in said
    assert (unchanged, []) == (lines[:7], again)


@pytest.mark.usefixtures("server")
def test_apply_when_the_server_refuses(capsys: Captured) -> None:
    """What was done stays done, what was not is told, and a second try goes on."""
    wrong = POLICY.replace("[workflows.callbacks.send]", "[workflows.callbacks.sing]")
    _, said = apply(capsys, wrong, code=1)
    lines, _ = apply(capsys, POLICY)

    assert "2 of 6 changes were made" in said
    assert "+ role projects/local/roles/sender" in said
    assert lines[0].startswith("+ role")


@pytest.mark.usefixtures("server")
def test_apply_when_a_resource_is_not_there(capsys: Captured) -> None:
    """The message says where the file names it."""
    _, said = apply(capsys, POLICY.replace("resource: w", "resource: absent"), code=1)

    assert "policy.yaml:18: bindings[1].resource: " in said
    assert "workflows/absent was not found" in said
