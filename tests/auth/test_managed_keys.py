"""Keys that the server keeps for accounts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.x509 import load_pem_x509_certificate

from ringback_server.auth.managed_keys import PUBLISHED, SIGNS, ManagedKeys
from ringback_server.auth.sealing import Sealer
from ringback_server.errors import CorruptDataError, InvalidArgumentError
from ringback_server.model.resources import ServiceAccount
from ringback_server.store import Store, open_store
from tests.clocks import FakeClock
from tests.replacing import replace

ACCOUNT = ServiceAccount(email="a@local.iam.gserviceaccount.com", unique_id="17", display_name="")
KEY = bytes(32)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Open a store."""
    opened = open_store(tmp_path / "data")
    yield opened
    opened.close()


def _keys(store: Store, clock: FakeClock) -> ManagedKeys:
    return ManagedKeys(store.managed_keys, Sealer(KEY), clock)


def _kids(keys: ManagedKeys) -> list[str]:
    """Return the ids of the published keys of the account."""
    found: list[dict[str, str]] = json.loads(json.dumps(keys.jwks(ACCOUNT.email)))["keys"]
    assert [key["kid"] for key in found] == list(keys.certificates(ACCOUNT.email))
    return [key["kid"] for key in found]


def test_a_key_is_made_when_it_is_first_needed(store: Store) -> None:
    """The account keeps it, also in a server that starts later."""
    clock = FakeClock()
    keys = _keys(store, clock)
    assert _kids(keys) == []
    kid, _ = keys.sign(ACCOUNT, b"one")
    assert keys.sign_jwt(ACCOUNT, "{}")[0] == kid
    assert _keys(store, clock).sign(ACCOUNT, b"two")[0] == kid
    assert _kids(keys) == [kid]


def test_another_key_signs_when_two_weeks_have_passed(store: Store) -> None:
    """The one before stays published for a month since it was made, without its private half."""
    clock = FakeClock()
    keys = _keys(store, clock)
    first, _ = keys.sign(ACCOUNT, b"one")
    clock.advance(SIGNS)
    second, _ = keys.sign(ACCOUNT, b"two")
    assert _kids(keys) == [second, first]
    assert [key.sealed_key is None for key in store.managed_keys.managed_keys(ACCOUNT.email)] == [
        False,
        True,
    ]
    clock.advance(PUBLISHED - SIGNS)
    assert _kids(keys) == [second]


def test_a_key_is_not_used_when_the_account_is_another_with_its_address(store: Store) -> None:
    """What was signed for the account before counts no longer for the one that has its address."""
    keys = _keys(store, FakeClock())
    store.credentials.add_account(replace(ACCOUNT, unique_id="18"))
    before, _ = keys.sign(ACCOUNT, b"one")
    after, _ = keys.sign(replace(ACCOUNT, unique_id="18"), b"one")
    assert before != after
    assert store.credentials.account_key(before) is None
    assert store.credentials.account_key(after) is not None


def test_a_private_half_is_sealed(store: Store) -> None:
    """It is stored sealed, in the place of this key and no other."""
    keys = _keys(store, FakeClock())
    kid, _ = keys.sign(ACCOUNT, b"one")
    (key,) = store.managed_keys.managed_keys(ACCOUNT.email)
    assert key.sealed_key is not None
    assert b"PRIVATE" not in key.sealed_key
    assert b"PRIVATE KEY" in Sealer(KEY).open(key.sealed_key, f"managed_key.sealed_key/{kid}")
    with pytest.raises(CorruptDataError):
        ManagedKeys(store.managed_keys, Sealer(), FakeClock()).sign(ACCOUNT, b"one")
    assert store.sealed.renew(lambda _, context: context.encode()) == 1
    (key,) = store.managed_keys.managed_keys(ACCOUNT.email)
    assert key.sealed_key == f"managed_key.sealed_key/{kid}".encode()


def test_a_certificate_is_valid_while_its_key_is_published(store: Store) -> None:
    """It names the account by its unique id."""
    clock = FakeClock()
    keys = _keys(store, clock)
    kid, _ = keys.sign(ACCOUNT, b"one")
    pem = keys.certificates(ACCOUNT.email)[kid]
    certificate = load_pem_x509_certificate(str(pem).encode())
    assert certificate.subject.rfc4514_string() == "CN=17"
    now = datetime.fromtimestamp(clock.now(), UTC)
    assert certificate.not_valid_before_utc < now
    assert (certificate.not_valid_after_utc - now).days == 30


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "[]",
        '"x"',
        "null",
        "{",
        '{"a": 1, "a": 2}',
        '{"a": NaN}',
        " " * 70_000 + "{}",
        "[" * 9999,
    ],
)
def test_a_jwt_is_refused_when_its_claims_are_no_object(store: Store, payload: str) -> None:
    """Nothing is signed that two readers could read in two ways."""
    with pytest.raises(InvalidArgumentError, match="payload"):
        _keys(store, FakeClock()).sign_jwt(ACCOUNT, payload)


@pytest.mark.parametrize("seconds", [-1, 0, 43_201, 0.5, 10**30, "text"])
def test_a_jwt_is_refused_when_it_expires_too_late_or_never(
    store: Store, seconds: float | str
) -> None:
    """An `exp` is a whole second within 12 hours."""
    clock = FakeClock()
    expire = seconds if isinstance(seconds, str) else clock.now() + seconds
    if isinstance(seconds, int):
        expire = int(clock.now()) + seconds
    with pytest.raises(InvalidArgumentError, match="12 hours"):
        _keys(store, clock).sign_jwt(ACCOUNT, json.dumps({"exp": expire}))


def test_a_jwt_is_signed_when_it_expires_in_12_hours(store: Store) -> None:
    """That is the longest that there is."""
    clock = FakeClock()
    payload = json.dumps({"exp": int(clock.now()) + 43_200})
    assert _keys(store, clock).sign_jwt(ACCOUNT, payload)[1].count(".") == 2
