"""Keys of the seal, from files."""

from __future__ import annotations

import base64
import socket
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ringback_server.auth.seal_keys import sealer
from ringback_server.auth.sealing import Sealer
from ringback_server.errors import CorruptDataError, StartError

_KEY = bytes(range(100, 132))


@dataclass(slots=True)
class _Memory:
    """Texts that a server remembers."""

    texts: dict[str, str] = field(default_factory=dict[str, str])

    def get(self, key: str) -> str | None:
        """Return a text."""
        return self.texts.get(key)

    def set(self, key: str, value: str) -> None:
        """Remember a text."""
        self.texts[key] = value


def _file(folder: Path, content: bytes, mode: int = 0o600, name: str = "seal.key") -> Path:
    path = folder / name
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    "content",
    [
        _KEY,
        base64.b64encode(_KEY),
        base64.b64encode(_KEY) + b"\n",
        base64.urlsafe_b64encode(b"\xff" * 32),
        _KEY.hex().encode(),
        _KEY.hex().upper().encode() + b"\r\n",
    ],
)
def test_a_key_file_is_read_when_it_holds_32_bytes_in_a_known_form(
    tmp_path: Path, content: bytes
) -> None:
    """Raw, hexadecimal and both alphabets of base64 give the same key."""
    key = b"\xff" * 32 if content.startswith(b"___") else _KEY
    found = sealer(_Memory(), key_file=_file(tmp_path, content))
    assert Sealer(key).open(found.seal(b"secret", "x"), "x") == b"secret"


@pytest.mark.parametrize("content", [b"", b"short", _KEY * 2, b"\x80" * 64, b"x" * 70_000])
def test_a_key_file_is_refused_when_it_holds_anything_else(tmp_path: Path, content: bytes) -> None:
    """The complaint names the setting and the file, and shows nothing of its content."""
    path = _file(tmp_path, content)
    with pytest.raises(StartError, match=f"--seal-key-file: {path}") as caught:
        sealer(_Memory(), key_file=path)
    assert not content or repr(content)[2:-1] not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610])
def test_a_key_file_is_refused_when_others_may_use_it(tmp_path: Path, mode: int) -> None:
    """The complaint says what to run."""
    path = _file(tmp_path, _KEY, mode)
    with pytest.raises(StartError, match=f"chmod 600 {path}"):
        sealer(_Memory(), key_file=path)


def test_a_key_file_is_refused_when_it_is_not_there_or_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither nothing, nor a directory, nor a socket is a key."""
    with socket.socket(socket.AF_UNIX) as endpoint:
        monkeypatch.chdir(tmp_path)
        endpoint.bind("socket")
        for name in ("missing", ".", "socket"):
            with pytest.raises(StartError, match="--seal-key-file"):
                sealer(_Memory(), key_file=tmp_path / name)


def test_a_passphrase_gives_the_same_key_when_the_instance_is_the_same(tmp_path: Path) -> None:
    """Its salt is remembered; another instance has another, and so another key."""
    path = _file(tmp_path, b"correct horse battery\n")
    memory = _Memory()
    sealed = sealer(memory, passphrase_file=path).seal(b"secret", "x")
    without_newline = _file(tmp_path, b"correct horse battery", name="again")
    assert sealer(memory, passphrase_file=without_newline).open(sealed, "x") == b"secret"
    with pytest.raises(CorruptDataError, match="another key"):
        sealer(_Memory(), passphrase_file=path).open(sealed, "x")


def test_a_passphrase_is_refused_when_it_is_short(tmp_path: Path) -> None:
    """A passphrase that can be tried out is none."""
    path = _file(tmp_path, b"hunter2\n")
    with pytest.raises(StartError, match=r"--seal-old-passphrase-file: .* 12 characters"):
        sealer(_Memory(), key_file=_file(tmp_path, _KEY, name="k"), old_passphrase_file=path)


def test_the_old_key_renews_when_both_are_named(tmp_path: Path) -> None:
    """What the old key sealed is sealed with the new one."""
    sealed = Sealer(bytes(32)).seal(b"secret", "x")
    both = sealer(
        _Memory(),
        key_file=_file(tmp_path, _KEY),
        old_key_file=_file(tmp_path, bytes(32), name="old"),
    )
    assert Sealer(_KEY).open(both.renew(sealed, "x"), "x") == b"secret"


def test_nothing_is_sealed_when_no_file_is_named() -> None:
    """A server without these settings has no key, and remembers nothing for one."""
    memory = _Memory()
    assert not sealer(memory).sealing
    assert memory.texts == {}
