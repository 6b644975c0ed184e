"""Keys of whole servers: sealed on disk, rotated, revoked, and all of it across restarts."""

from __future__ import annotations

import base64
import os
import sqlite3
from pathlib import Path

import httpx
import jwt
import pytest

from tests.e2e.process import Server, launch, ringback, serving
from tests.waiting import PATIENCE, until

WORKFLOWS = "projects/local/locations/us-central1/workflows"


def _status(server: Server, token: str) -> int:
    """Return what a token is answered with."""
    return server.call("GET", WORKFLOWS, token).status_code


def _kids(server: Server) -> list[str]:
    """Return the ids of the published keys, the one that signs first."""
    document = httpx.get(f"{server.http}/.well-known/jwks.json", timeout=PATIENCE)
    return [key["kid"] for key in document.json()["keys"]]


def _stored(directory: Path) -> list[bytes | None]:
    """Return the stored private halves of the signing keys, newest first."""
    database = sqlite3.connect(f"file:{directory}/ringback.db?mode=ro", uri=True)
    try:
        rows = database.execute("SELECT sealed_key FROM signing_key ORDER BY create_time DESC")
        return [row[0] for row in rows.fetchall()]
    finally:
        database.close()


def _traces(directory: Path, pem: bytes) -> list[str]:
    """Return which files hold a part of a key: a line of its PEM, or what that stands for."""
    lines = pem.splitlines()[1:-1]
    parts = [*lines, base64.b64decode(b"".join(lines))[-40:]]
    return [
        path.name
        for path in sorted(directory.iterdir())
        if any(part in path.read_bytes() for part in parts)
    ]


def _file(home: Path, name: str, content: bytes) -> Path:
    path = home / name
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def _refusal(directory: Path, *arguments: str, home: Path) -> str:
    """Return what a server says that does not start."""
    server = launch(directory, *arguments, home=home)
    assert server.process.wait(PATIENCE) == 2
    return server.log.read_text().splitlines()[-1]


def test_secrets_when_a_server_is_given_a_key(tmp_path: Path) -> None:
    """What was stored plain is sealed and nowhere else; the tokens of before go on counting."""
    data, key = tmp_path / "data", _file(tmp_path, "seal.key", os.urandom(32))
    with serving(data, home=tmp_path) as server:
        token = server.token()
        (plain,) = _stored(data)
        assert plain is not None
        assert plain.startswith(b"plain1:-----BEGIN PRIVATE KEY-----")
        assert _traces(data, plain) != []
    with serving(data, f"--seal-key-file={key}", home=tmp_path) as server:
        assert _traces(data, plain) == []
        (sealed,) = _stored(data)
        assert sealed is not None
        assert sealed.startswith(b"sealed1:")
        assert _status(server, token) == 200
        assert _status(server, server.token()) == 200
    assert _traces(data, plain) == []


def test_start_when_secrets_are_sealed_with_another_key(tmp_path: Path) -> None:
    """Without the key or with another it is refused in one line, and the data stay as they are."""
    data = tmp_path / "data"
    key, other = (_file(tmp_path, name, os.urandom(32)) for name in ("seal.key", "other.key"))
    with serving(data, f"--seal-key-file={key}", home=tmp_path) as server:
        token = server.token()
    before = _stored(data)

    assert "--seal-key-file" in _refusal(data, home=tmp_path)
    assert "another key" in _refusal(data, f"--seal-key-file={other}", home=tmp_path)
    key.chmod(0o640)
    assert f"chmod 600 {key}" in _refusal(data, f"--seal-key-file={key}", home=tmp_path)
    key.chmod(0o600)
    assert _stored(data) == before
    with serving(data, f"--seal-key-file={key}", home=tmp_path) as server:
        assert _status(server, token) == 200


def test_seal_when_its_key_is_changed(tmp_path: Path) -> None:
    """One start with both changes all; from then on only the new one opens anything."""
    data, key = tmp_path / "data", _file(tmp_path, "seal.key", base64.b64encode(os.urandom(32)))
    words = _file(tmp_path, "words", b"correct horse battery staple\n")
    old, new = f"--seal-key-file={key}", f"--seal-passphrase-file={words}"
    with serving(data, old, home=tmp_path) as server:
        token = server.token()
    with serving(data, new, f"--seal-old-key-file={key}", home=tmp_path) as server:
        assert _status(server, token) == 200
    assert "another key" in _refusal(data, old, home=tmp_path)
    with serving(data, new, home=tmp_path) as server:
        assert _status(server, token) == 200


@pytest.mark.parametrize("sealed", [False, True])
def test_tokens_when_keys_are_rotated_and_revoked(tmp_path: Path, *, sealed: bool) -> None:
    """Rotation ends no token, revocation all of a key, at once; and a restart changes neither."""
    data = tmp_path / "data"
    arguments = [f"--seal-key-file={_file(tmp_path, 'k', os.urandom(32))}"] if sealed else []
    with serving(data, *arguments, home=tmp_path) as server:
        first = server.token()
        (stored,) = _stored(data)
        assert stored is not None
        (old,) = _kids(server)
        new = ringback("auth", "keys", "rotate", "--algorithm", "EdDSA", home=tmp_path).strip()
        assert _kids(server) == [new, old]
        second = server.token()
        assert jwt.get_unverified_header(second)["alg"] == "EdDSA"
        assert [_status(server, token) for token in (first, second)] == [200, 200]
        # What the old key is stored as is nowhere any more.
        assert _stored(data)[1] is None
        assert [path.name for path in data.iterdir() if stored in path.read_bytes()] == []

    with serving(data, *arguments, home=tmp_path) as server:
        assert _kids(server) == [new, old]
        assert [_status(server, token) for token in (first, second)] == [200, 200]
        assert "RETIRING" in ringback("auth", "keys", "list", home=tmp_path)
        ringback("auth", "keys", "revoke", old, home=tmp_path)
        assert [_status(server, token) for token in (first, second)] == [401, 200]
        assert _kids(server) == [new]

    with serving(data, *arguments, home=tmp_path) as server:
        assert [_status(server, token) for token in (first, second)] == [401, 200]
        # That which signs: another does from then on.
        ringback("auth", "keys", "revoke", new, home=tmp_path)
        assert _status(server, second) == 401
        third = server.token()
        assert jwt.get_unverified_header(third)["kid"] not in {old, new}
        assert _status(server, third) == 200


def test_token_when_it_is_revoked_by_its_id(tmp_path: Path) -> None:
    """An administrator needs only what the audit says of a token to end it."""
    with serving(tmp_path / "data", home=tmp_path) as server:
        token, other = server.token(), server.token()
        token_id = jwt.decode(token, options={"verify_signature": False})["jti"]
        ringback("auth", "revoke", "--token-id", token_id, "--until", "2h", home=tmp_path)

        assert [_status(server, each) for each in (token, other)] == [401, 200]


def test_tokens_when_the_overlap_is_over(tmp_path: Path) -> None:
    """A key that was given a second ends with all its tokens after that second."""
    with serving(tmp_path / "data", home=tmp_path) as server:
        first = server.token()
        (old,) = _kids(server)
        ringback("auth", "keys", "rotate", "--overlap", "1s", home=tmp_path)
        assert until(lambda: old not in _kids(server))
        assert _status(server, first) == 401
        assert _status(server, server.token()) == 200
