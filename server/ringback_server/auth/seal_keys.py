"""The keys that seal secrets, from the files that an operator names."""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path
from typing import Final, Protocol

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from ringback_server.auth.sealing import KEY_BYTES, Sealer
from ringback_server.errors import StartError
from ringback_server.private_files import read_private

#: characters; a shorter passphrase is found by trying, whatever stretches it
SHORTEST_PASSPHRASE: Final = 12

# 128 MiB and a few tenths of a second for each guess.
_COST, _BLOCK, _LANES = 2**17, 8, 1
_SALT_BYTES: Final = 16
_SALT: Final = "seal-salt"
#: the other alphabet of base64, turned into the first
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")
_HEX_LENGTH: Final = 2 * KEY_BYTES


class Texts(Protocol):
    """What a server remembers about itself, by key."""

    def get(self, key: str, /) -> str | None:
        """Return what was set under a key, None if nothing was."""
        ...

    def set(self, key: str, value: str, /) -> None:
        """Remember a text under a key."""
        ...


def sealer(
    memory: Texts,
    *,
    key_file: Path | None = None,
    passphrase_file: Path | None = None,
    old_key_file: Path | None = None,
    old_passphrase_file: Path | None = None,
) -> Sealer:
    """Return what seals with the key of one of the first two files, or with none.

    The others are those that sealed before. Raises StartError for a file that will not do.
    """
    key = _key(memory, key_file, passphrase_file, "--seal-")
    old = _key(memory, old_key_file, old_passphrase_file, "--seal-old-")
    return Sealer(key, old=() if old is None else (old,))


def _key(
    memory: Texts, key_file: Path | None, passphrase_file: Path | None, prefix: str
) -> bytes | None:
    if key_file is not None:
        return _read_key(key_file, f"{prefix}key-file")
    if passphrase_file is not None:
        return _stretched(memory, passphrase_file, f"{prefix}passphrase-file")
    return None


def _read_key(path: Path, setting: str) -> bytes:
    """Read 32 bytes: as they are, in hexadecimal or in base64."""
    content = read_private(path, setting)
    if len(content) == KEY_BYTES:
        return content
    text = content.strip()
    try:
        if len(text) == _HEX_LENGTH:
            return binascii.unhexlify(text)
        key = base64.b64decode(text.translate(_URL_SAFE), validate=True)
        if len(key) == KEY_BYTES:
            return key
    except ValueError:
        # Without the cause: it may quote the key.
        raise StartError(_unfit(path, setting)) from None
    raise StartError(_unfit(path, setting))


def _unfit(path: Path, setting: str) -> str:
    return (
        f"{setting}: {path} does not hold a key of {KEY_BYTES} bytes, in base64, in hexadecimal "
        f"or as they are: make one with openssl rand -base64 {KEY_BYTES}"
    )


def _stretched(memory: Texts, path: Path, setting: str) -> bytes:
    """Return the key of a passphrase; the line ends at its end are no part of it."""
    passphrase = read_private(path, setting).rstrip(b"\r\n")
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise StartError(
            f"{setting}: the passphrase in {path} is shorter than {SHORTEST_PASSPHRASE} characters"
        )
    kdf = Scrypt(salt=_salt(memory), length=KEY_BYTES, n=_COST, r=_BLOCK, p=_LANES)
    return kdf.derive(passphrase)


def _salt(memory: Texts) -> bytes:
    """Return the salt of this instance, made when it is first needed."""
    known = memory.get(_SALT)
    if known is None:
        known = os.urandom(_SALT_BYTES).hex()
        memory.set(_SALT, known)
    return bytes.fromhex(known)
