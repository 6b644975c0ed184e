"""A first start, cut short or not, and the starts after it."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ringback_server.auth.bootstrap import first_start, make_accounts, rewrite_token_uri
from ringback_server.auth.key_ring import KeyRing
from ringback_server.auth.sealing import Sealer
from ringback_server.errors import StartError
from ringback_server.model.resources import AccountKey, Binding, ServiceAccount, SigningKey
from tests.auth.forge import forge
from tests.auth.instances import ADMIN, SCOPE, URL, VIEWER, AccountKeys, Instance
from tests.auth.memory_store import MemoryCredentials
from tests.clocks import FakeClock

INVOKER = "invoker@local.iam.gserviceaccount.com"
TOKEN_URI = f"{URL}/token"


class PowerCutError(Exception):
    """The machine stops before a write."""


@dataclass(slots=True)
class Failing(MemoryCredentials):
    """Credentials that stop at the n-th write."""

    writes_left: int = field(default=0, kw_only=True)

    def _write(self) -> None:
        if not self.writes_left:
            raise PowerCutError
        self.writes_left -= 1

    def add_account(self, account: ServiceAccount) -> None:
        """Add an account, or stop."""
        self._write()
        MemoryCredentials.add_account(self, account)

    def add_account_key(self, key: AccountKey) -> None:
        """Register a key, or stop."""
        self._write()
        MemoryCredentials.add_account_key(self, key)

    def add_binding(self, binding: Binding) -> None:
        """Add a binding, or stop."""
        self._write()
        MemoryCredentials.add_binding(self, binding)

    def add_signing_key(self, key: SigningKey) -> None:
        """Add a signing key, or stop."""
        self._write()
        MemoryCredentials.add_signing_key(self, key)


def start(credentials: MemoryCredentials, key_file: Path, token_uri: str = TOKEN_URI) -> None:
    """Start once."""
    keys = KeyRing(credentials, Sealer(), FakeClock(7.0))
    first_start(credentials, keys, key_file, project="local", token_uri=token_uri, now=7.0)


def content(key_file: Path) -> dict[str, str]:
    """Return what a key file holds."""
    members: dict[str, str] = json.loads(key_file.read_text())
    return members


def granted(credentials: MemoryCredentials) -> set[tuple[str, str, str]]:
    """Return all bindings."""
    return {(bound.email, bound.role, bound.resource) for bound in credentials.bindings}


ROLES = {
    (ADMIN, "roles/owner", "*"),
    (INVOKER, "roles/workflows.invoker", "*"),
    (VIEWER, "roles/workflows.viewer", "*"),
}


def test_make_accounts_when_some_are_there(tmp_path: Path) -> None:
    """Accounts and roles are added once, and nothing is taken away."""
    credentials = MemoryCredentials()
    start(credentials, tmp_path / "admin.json")
    wanted = [("a@x.com", "roles/workflows.viewer"), ("a@x.com", "roles/iam.serviceAccountUser")]
    for _ in range(2):
        make_accounts(credentials, [*wanted, (VIEWER, "roles/workflows.invoker")], now=0.0)

    assert {ADMIN, INVOKER, VIEWER, "a@x.com"} == set(credentials.accounts)
    added = {(email, role, "*") for email, role in wanted}
    assert ROLES | added | {(VIEWER, "roles/workflows.invoker", "*")} == granted(credentials)
    assert len(ROLES) + 3 == len(credentials.bindings)


def test_make_accounts_when_the_role_is_unknown() -> None:
    """A role that is none stops the start."""
    with pytest.raises(StartError, match="roles/none"):
        make_accounts(MemoryCredentials(), [("a@x.com", "roles/none")], now=0.0)


def test_first_start_makes_accounts_bindings_and_keys(tmp_path: Path) -> None:
    """Three accounts with their roles, one signing key, and the administrator's key."""
    credentials, key_file = MemoryCredentials(), tmp_path / "admin.json"

    start(credentials, key_file)

    assert {ADMIN, INVOKER, VIEWER} == set(credentials.accounts)
    assert ROLES == granted(credentials)
    assert 1 == len(credentials.signers)
    key = content(key_file)
    assert key.pop("private_key").startswith("-----BEGIN PRIVATE KEY-----\n")
    kid = key.pop("private_key_id")
    assert {
        "type": "service_account",
        "project_id": "local",
        "client_email": ADMIN,
        "client_id": credentials.accounts[ADMIN].unique_id,
        "token_uri": TOKEN_URI,
    } == key
    assert [kid] == list(credentials.account_keys)


def test_first_start_writes_a_key_that_opens_the_token_endpoint(
    account_keys: AccountKeys, tmp_path: Path
) -> None:
    """The private half in the file fits the public half that is registered."""
    instance = Instance(account_keys)
    instance.credentials.signers.clear()
    start(instance.credentials, tmp_path / "admin.json")
    key = content(tmp_path / "admin.json")
    now = int(instance.clock.now())
    claims: dict[str, object] = {"iss": ADMIN, "aud": TOKEN_URI, "scope": SCOPE}
    header: dict[str, object] = {"typ": "JWT", "alg": "RS256", "kid": key["private_key_id"]}
    times: dict[str, object] = {"iat": now, "exp": now + 3600}

    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": forge(header, claims | times, key["private_key"]),
    }

    assert "Bearer" == instance.grants.exchange(form)["token_type"]


def test_key_file_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    """Whatever the umask, and nothing else is left beside it."""
    before = os.umask(0)
    try:
        start(MemoryCredentials(), tmp_path / "admin.json")
    finally:
        os.umask(before)

    assert 0o600 == (tmp_path / "admin.json").stat().st_mode & 0o7777
    assert ["admin.json"] == [path.name for path in tmp_path.iterdir()]


def test_later_starts_change_nothing_but_the_token_uri(tmp_path: Path) -> None:
    """All members that an operator added stay, in their order."""
    credentials, key_file = MemoryCredentials(), tmp_path / "admin.json"
    start(credentials, key_file)
    key_file.write_text(json.dumps({"note": "ours", **content(key_file)}))
    before, kids = content(key_file), list(credentials.account_keys)
    credentials.bindings.pop()
    bindings = granted(credentials)

    start(credentials, key_file, "https://r.example/token")

    expected = {**before, "token_uri": "https://r.example/token"}
    assert list(expected.items()) == list(content(key_file).items())
    assert kids == list(credentials.account_keys)
    assert bindings == granted(credentials)
    assert 1 == len(credentials.signers)


@pytest.mark.parametrize("writes", range(8))
def test_start_is_completed_when_one_was_cut_short(tmp_path: Path, writes: int) -> None:
    """Wherever a first start stops, the next one leaves everything in place, once."""
    credentials, key_file = Failing(writes_left=writes), tmp_path / "admin.json"
    with pytest.raises(PowerCutError):
        start(credentials, key_file)

    credentials.writes_left = 100
    start(credentials, key_file)

    assert ROLES == granted(credentials)
    assert (3, 3, 1) == (
        len(credentials.accounts),
        len(credentials.bindings),
        len(credentials.signers),
    )
    assert content(key_file)["private_key_id"] in credentials.account_keys


def test_key_counts_only_when_its_file_is_written(tmp_path: Path) -> None:
    """No key is registered whose private half is nowhere."""
    credentials = MemoryCredentials()
    with pytest.raises(FileNotFoundError):
        start(credentials, tmp_path / "missing" / "admin.json")

    assert ({}, []) == (credentials.account_keys, credentials.signers)


def test_key_file_is_made_anew_with_a_warning_when_it_is_gone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A lost file locks nobody out; the warning holds no secret, and old keys stay."""
    credentials, key_file = MemoryCredentials(), tmp_path / "admin.json"
    start(credentials, key_file)
    old = content(key_file)["private_key_id"]
    key_file.unlink()

    with caplog.at_level(logging.WARNING):
        start(credentials, key_file)

    new = content(key_file)
    assert {old, new["private_key_id"]} == set(credentials.account_keys)
    assert "admin.json was missing" in caplog.text
    assert new["private_key"].splitlines()[1] not in caplog.text


def test_key_file_is_not_made_anew_when_the_administrator_is_disabled(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An account that was closed gets no key."""
    credentials, key_file = MemoryCredentials(), tmp_path / "admin.json"
    start(credentials, key_file)
    key_file.unlink()
    credentials.disable_account(ADMIN)

    start(credentials, key_file)

    assert not key_file.exists()
    assert 1 == len(credentials.account_keys)
    assert "missing" in caplog.text


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"type": "authorized_user"}', "\udc80", "[" * 9999]
)
def test_key_file_is_left_alone_when_it_is_something_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    """Also an empty file, by which an operator keeps keys off the disk."""
    credentials, key_file = MemoryCredentials(), tmp_path / "admin.json"
    start(credentials, key_file)
    data = text.encode(errors="surrogateescape")
    key_file.write_bytes(data)

    start(credentials, key_file)

    assert data == key_file.read_bytes()
    assert 1 == len(credentials.account_keys)
    assert "left as it is" in caplog.text


def test_key_file_is_narrowed_when_others_could_read_it(tmp_path: Path) -> None:
    """Even if its token_uri is right already."""
    key_file = tmp_path / "admin.json"
    start(MemoryCredentials(), key_file)
    key_file.chmod(0o644)
    before = key_file.read_bytes()

    rewrite_token_uri(key_file, TOKEN_URI)

    assert (0o600, before) == (key_file.stat().st_mode & 0o777, key_file.read_bytes())


def test_key_file_is_whole_when_a_write_was_cut_short(tmp_path: Path) -> None:
    """What a crash left half-written beside it, or was put there as a link, does no harm."""
    key_file = tmp_path / "admin.json"
    start(MemoryCredentials(), key_file)
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / ".admin.json.new").symlink_to(victim)

    rewrite_token_uri(key_file, "https://r.example/token")

    assert "https://r.example/token" == content(key_file)["token_uri"]
    assert "mine" == victim.read_text()
    assert not (tmp_path / ".admin.json.new").exists()
