"""`ringback iam` against a whole server."""

from __future__ import annotations

import io
import json
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ringback_client import Client, ClientError
from ringback_client.cli.app import run
from tests.operations.running import Running, running

ORDERS = "orders@local.iam.gserviceaccount.com"
MEMBER = f"serviceAccount:{ORDERS}"
HELLO = "- hello:\n    return: hello\n"

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """Return a server that the command line finds from the current directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("RINGBACK_")]:
        monkeypatch.delenv(name)
    with running(tmp_path / "ringback-data", monkeypatch) as started:
        yield started


def iam(capsys: Captured, *arguments: str, code: int = 0) -> tuple[str, str]:
    """Run a command of `ringback iam`; return what it printed and what it said."""
    capsys.readouterr()
    found = run(["iam", *arguments])
    output = capsys.readouterr()
    assert code == found, output.err
    return output.out, output.err


def public_key(path: Path) -> Path:
    """Write the public half of a new key."""
    key = generate_private_key(SECP256R1()).public_key()
    path.write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return path


@pytest.mark.usefixtures("server")
def test_service_accounts_from_their_creation_to_their_end(capsys: Captured) -> None:
    """An account is created, listed, described, changed, disabled, enabled and deleted."""
    iam(capsys, "service-accounts", "create", "orders", "--display-name=Orders")
    listed, _ = iam(capsys, "service-accounts", "list", "--format=value(email)")
    iam(capsys, "service-accounts", "update", "orders", "--description=For orders")
    described, _ = iam(capsys, "service-accounts", "describe", ORDERS, "--format=json")
    iam(capsys, "service-accounts", "disable", "orders")
    disabled, _ = iam(capsys, "service-accounts", "list", "--format=value(email,disabled)")
    iam(capsys, "service-accounts", "enable", ORDERS)
    iam(capsys, "service-accounts", "delete", ORDERS)
    _, gone = iam(capsys, "service-accounts", "describe", ORDERS, code=1)
    account = json.loads(described)

    assert ORDERS in listed.splitlines()
    assert ("Orders", "For orders") == (account["displayName"], account["description"])
    assert f"{ORDERS}\tTrue" in disabled.splitlines()
    assert ORDERS in gone


@pytest.mark.usefixtures("server")
def test_keys_from_their_creation_to_their_end(capsys: Captured, tmp_path: Path) -> None:
    """A key file is its owner's alone, works, and opens nothing once its key is disabled."""
    iam(capsys, "service-accounts", "create", "orders")
    of = ("--iam-account", ORDERS)
    _, said = iam(capsys, "service-accounts", "keys", "create", "orders.json", *of)
    file = tmp_path / "orders.json"
    kid = json.loads(file.read_text())["private_key_id"]
    with Client(credentials=file) as client:
        mine = client.iam.test_permissions("projects/local", ["workflows.workflows.list"])
        assert [] == list(mine)
    listed, _ = iam(capsys, "service-accounts", "keys", "list", *of)
    iam(capsys, "service-accounts", "keys", "disable", kid, *of)
    with Client(credentials=file) as client, pytest.raises(ClientError):
        client.iam.test_permissions("projects/local", ["workflows.workflows.list"])
    iam(capsys, "service-accounts", "keys", "enable", kid, *of)
    described, _ = iam(capsys, "service-accounts", "keys", "describe", kid, *of)
    iam(capsys, "service-accounts", "keys", "delete", kid, *of)
    empty, _ = iam(capsys, "service-accounts", "keys", "list", *of)

    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert kid in listed
    assert kid in said
    assert "publicKeyData" in described
    assert "" == empty


@pytest.mark.usefixtures("server")
def test_key_files_that_are_there(capsys: Captured, tmp_path: Path) -> None:
    """A file is never overwritten, and none is left when no key was made."""
    (tmp_path / "a.json").write_text("mine")
    before, _ = iam(
        capsys, "service-accounts", "keys", "list", "--iam-account=invoker", "--format=json"
    )
    words = ("service-accounts", "keys", "create")
    _, said = iam(capsys, *words, "a.json", "--iam-account=invoker", code=2)
    iam(capsys, *words, "b.json", "--iam-account=nobody-here", code=1)
    after, _ = iam(
        capsys, "service-accounts", "keys", "list", "--iam-account=invoker", "--format=json"
    )

    assert "mine" == (tmp_path / "a.json").read_text()
    assert "never overwritten" in said
    assert not (tmp_path / "b.json").exists()
    assert before == after


@pytest.mark.usefixtures("server")
def test_keys_that_are_uploaded(capsys: Captured, tmp_path: Path) -> None:
    """A public key is registered; a private one does not leave the machine."""
    path = public_key(tmp_path / "a.pem")
    words = ("service-accounts", "keys", "upload")
    made, _ = iam(capsys, *words, str(path), "--iam-account=invoker", "--format=value(keyOrigin)")
    (tmp_path / "b.pem").write_text("-----BEGIN PRIVATE KEY-----\n")
    _, said = iam(capsys, *words, "b.pem", "--iam-account=invoker", code=2)

    assert "USER_PROVIDED\n" == made
    assert "openssl pkey" in said


@pytest.mark.usefixtures("server")
def test_roles_from_their_creation_to_their_end(capsys: Captured) -> None:
    """A custom role is created, listed, described, changed and deleted; others are listed too."""
    send = "workflows.callbacks.send"
    iam(capsys, "roles", "create", "sender", f"--permissions={send}", "--title=Sender")
    custom, _ = iam(capsys, "roles", "list", "--project=local", "--format=value(name)")
    predefined, _ = iam(capsys, "roles", "list", "--format=value(name)")
    words = ("--format=value(includedPermissions)",)
    more, _ = iam(
        capsys, "roles", "update", "sender", "--add-permissions=workflows.callbacks.list", *words
    )
    less, _ = iam(capsys, "roles", "update", "sender", f"--remove-permissions={send}", *words)
    stage, _ = iam(capsys, "roles", "update", "sender", "--stage=DISABLED", "--format=value(stage)")
    invoker, _ = iam(capsys, "roles", "describe", "roles/workflows.invoker", *words)
    iam(capsys, "roles", "delete", "sender")
    iam(capsys, "roles", "describe", "sender", code=1)

    assert "projects/local/roles/sender\n" == custom
    assert "roles/workflows.invoker" in predefined.splitlines()
    assert send in more
    assert (True, False) == ("workflows.callbacks.list" in less, send in less)
    assert "DISABLED\n" == stage
    assert send in invoker


def test_bindings_by_what_they_open(server: Running, capsys: Captured, tmp_path: Path) -> None:
    """A role counts from its grant on, where it was granted, and no longer once it is taken."""
    server.deploy(HELLO)
    iam(capsys, "service-accounts", "create", "orders")
    iam(capsys, "service-accounts", "keys", "create", "orders.json", "--iam-account=orders")
    grant = ("--member", ORDERS, "--role=roles/workflows.invoker")
    asked = ("workflows.executions.create", "workflows.workflows.delete")

    def mine(resource: str = "w") -> list[str]:
        with Client(credentials=tmp_path / "orders.json") as client:
            return list(client.iam.test_permissions(resource, asked))

    before = mine()
    iam(capsys, "add-binding", "w", *grant, "--expires=30d")
    granted, above = mine(), mine("projects/local")
    policy, _ = iam(capsys, "get-policy", "w", "--format=json")
    iam(capsys, "add-binding", "w", *grant, "--expires=2099-12-31T00:00:00Z")
    changed, _ = iam(capsys, "get-policy", "w", "--format=json")
    iam(capsys, "remove-binding", "w", *grant)
    after = mine()
    _, none = iam(capsys, "remove-binding", "w", *grant, code=2)
    (binding,) = json.loads(policy)["bindings"]
    (later,) = json.loads(changed)["bindings"]

    assert [[], [asked[0]], [], []] == [before, granted, above, after]
    assert ([MEMBER], "roles/workflows.invoker") == (binding["members"], binding["role"])
    assert binding["condition"]["expression"].startswith('request.time < timestamp("')
    assert 'timestamp("2099-12-31T00:00:00Z")' in later["condition"]["expression"]
    assert "ringback iam get-policy w" in none


@pytest.mark.usefixtures("server")
def test_bindings_of_accounts_and_of_others(capsys: Captured) -> None:
    """Accounts have policies too, and people of other issuers may have roles."""
    iam(capsys, "service-accounts", "create", "orders")
    words = ("orders", f"--member={MEMBER}", "--role=roles/iam.serviceAccountTokenCreator")
    iam(capsys, "service-accounts", "add-iam-policy-binding", *words)
    shown, _ = iam(capsys, "service-accounts", "get-iam-policy", ORDERS, "--format=json")
    iam(capsys, "service-accounts", "remove-iam-policy-binding", *words)
    empty, _ = iam(capsys, "service-accounts", "get-iam-policy", "orders", "--format=json")
    person = "principal://keycloak/subject/ada"
    iam(
        capsys, "add-binding", "projects/local", f"--member={person}", "--role=roles/viewer", code=1
    )
    project, _ = iam(
        capsys,
        *("add-binding", "projects/local", f"--member={person}"),
        *("--role=roles/workflows.viewer", "--format=json"),
    )

    assert [MEMBER] == json.loads(shown)["bindings"][0]["members"]
    assert "bindings" not in json.loads(empty)
    assert any(person in binding["members"] for binding in json.loads(project)["bindings"])


@pytest.mark.usefixtures("server")
def test_permissions_that_are_asked_for(capsys: Captured) -> None:
    """Those that one has are printed, and the exit status tells whether that is all."""
    have = ("workflows.workflows.list", "workflows.callbacks.send")
    printed, _ = iam(capsys, "test-permissions", "*", *have)
    words = ("--impersonate-service-account", "viewer@local.iam.gserviceaccount.com")
    some, _ = iam(capsys, "test-permissions", "projects/local", *have, *words, code=1)

    assert have == tuple(printed.splitlines())
    assert [have[0]] == some.splitlines()


class Terminal(io.StringIO):
    """A terminal at which somebody typed something."""

    def isatty(self) -> bool:
        """Tell that it is one."""
        return True


@pytest.mark.usefixtures("server")
def test_delete_when_somebody_declines(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a terminal a person is asked before anything is deleted."""
    iam(capsys, "roles", "create", "sender", "--permissions=workflows.callbacks.send")
    monkeypatch.setattr(sys, "stdin", Terminal("n\nn\nn\n"))
    for words in (
        ("service-accounts", "delete", "invoker"),
        ("service-accounts", "keys", "delete", "k", "--iam-account=invoker"),
        ("roles", "delete", "sender"),
    ):
        _, said = iam(capsys, *words, code=1)
        assert "Nothing was deleted." in said
    iam(capsys, "service-accounts", "describe", "invoker")
    iam(capsys, "roles", "describe", "sender")
