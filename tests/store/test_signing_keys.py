"""Signing keys in the store, and what is left of secrets in its files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ringback_server.errors import AlreadyExistsError, CorruptDataError
from ringback_server.model.resources import SigningKey
from ringback_server.store import Store, open_store
from tests.replacing import replace

_SECRET = b"plain1:-----BEGIN PRIVATE KEY-----" + b"s3cr3t" * 40
_KEY = SigningKey(
    kid="s1", algorithm="ES256", public_key="PEM", sealed_key=_SECRET, create_time=1.0
)
_NEWER = replace(_KEY, kid="s2", sealed_key=b"sealed1:other", create_time=50.0)


def _traces(directory: Path) -> list[str]:
    """Return the files that hold the secret."""
    return [path.name for path in directory.iterdir() if b"s3cr3t" in path.read_bytes()]


def test_signing_keys_when_added(store: Store) -> None:
    """The newest comes first, each id is taken once, and reading again reads nothing."""
    store.signing_keys.add_signing_key(_KEY)
    store.signing_keys.add_signing_key(_NEWER)
    assert store.signing_keys.signing_keys() == (_NEWER, _KEY)
    assert store.signing_keys.signing_keys() is store.signing_keys.signing_keys()
    with pytest.raises(AlreadyExistsError):
        store.signing_keys.add_signing_key(_NEWER)


def test_signing_keys_when_rotated(store: Store) -> None:
    """The one before retires after its last token, without its private half."""
    keys = store.signing_keys
    keys.add_signing_key(_KEY)
    assert keys.note_tokens("s1", 90.0)
    assert keys.note_tokens("s1", 70.0)
    keys.rotate_signing_keys(_NEWER, retire=None, leeway=5.0)
    old = replace(_KEY, sealed_key=None, tokens_until=90.0, rotate_time=50.0, retire_time=95.0)
    assert keys.signing_keys() == (_NEWER, old)
    assert not keys.note_tokens("s1", 200.0)
    keys.rotate_signing_keys(replace(_NEWER, kid="s3", create_time=60.0), retire=61.0, leeway=5.0)
    assert [key.retire_time for key in keys.signing_keys()] == [None, 61.0, 95.0]


def test_signing_keys_when_revoked(store: Store) -> None:
    """It retires at once, and its successor signs."""
    keys = store.signing_keys
    keys.add_signing_key(_KEY)
    keys.revoke_signing_key("s1", 40.0, _NEWER)
    old = replace(_KEY, sealed_key=None, rotate_time=40.0, retire_time=40.0, revoked=True)
    assert keys.signing_keys() == (_NEWER, old)


def test_signing_keys_when_retired_long_ago(store: Store) -> None:
    """They are forgotten 90 days later, at the next rotation."""
    keys = store.signing_keys
    keys.add_signing_key(_KEY)
    keys.rotate_signing_keys(_NEWER, retire=60.0, leeway=0.0)
    late = replace(_NEWER, kid="s3", create_time=60.0 + 90 * 86_400 + 1)
    keys.rotate_signing_keys(late, retire=None, leeway=0.0)
    assert [key.kid for key in keys.signing_keys()] == ["s3", "s2"]


def _seal(store: Store) -> None:
    store.sealed.renew(lambda _, context: f"sealed {context}".encode())


def _rotate(store: Store) -> None:
    store.signing_keys.rotate_signing_keys(_NEWER, retire=None, leeway=0.0)


def _revoke(store: Store) -> None:
    store.signing_keys.revoke_signing_key("s1", 9.0, _NEWER)


@pytest.mark.parametrize("end", [_seal, _rotate, _revoke])
def test_a_private_half_is_nowhere_when_it_was_sealed_or_destroyed(
    tmp_path: Path, end: Callable[[Store], None]
) -> None:
    """Neither in the database, nor in free pages of it, nor in the WAL, while the store is open."""
    store = open_store(tmp_path)
    try:
        store.signing_keys.add_signing_key(_KEY)
        assert _traces(tmp_path)
        end(store)
        assert _traces(tmp_path) == []
    finally:
        store.close()


def test_secrets_are_sealed_for_their_places(store: Store) -> None:
    """Each is renewed for the context of its column and row, and only what changed counts."""
    store.signing_keys.add_signing_key(_KEY)
    seen: list[tuple[bytes, str]] = []

    def renew(before: bytes, context: str) -> bytes:
        seen.append((before, context))
        return b"sealed"

    assert store.sealed.renew(renew) == 1
    assert store.sealed.renew(renew) == 0
    place = "signing_key.sealed_key/s1"
    assert seen == [(_SECRET, place), (b"sealed", place)]


def test_nothing_is_renewed_when_one_secret_does_not_open(store: Store) -> None:
    """All or none."""
    store.signing_keys.add_signing_key(_KEY)
    store.signing_keys.add_signing_key(_NEWER)

    def renew(before: bytes, _context: str) -> bytes:
        if before == _NEWER.sealed_key:
            raise CorruptDataError("another key")
        return b"sealed"

    with pytest.raises(CorruptDataError, match="another key"):
        store.sealed.renew(renew)
    assert store.signing_keys.signing_keys() == (_NEWER, _KEY)
