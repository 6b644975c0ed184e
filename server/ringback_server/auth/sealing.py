"""Secrets at rest: encrypted and authenticated when the operator gives a key.

What is stored begins with its form and version:

    plain1:  the secret as it is, stored by a server without a key
    sealed1: the first 8 bytes of a hash of the key, a nonce of 12 bytes, and AES-256-GCM's output

A context, such as `signing_key.sealed_key/KID`, is associated data: a sealed value that was moved
to another row, or to another column, does not open. Nobody who writes to the database is kept
from putting a secret of his own there in the plain form while the server is down; the seal keeps
secrets from being read, and sealed ones from being swapped.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ringback_server.errors import CorruptDataError

#: bytes of a key
KEY_BYTES: Final = 32

_PLAIN: Final = b"plain1:"
_SEALED: Final = b"sealed1:"
_NAME_BYTES: Final = 8
_NONCE_BYTES: Final = 12

_NO_KEY: Final = (
    "secrets in the data dir are sealed and there is no key: give the --seal-key-file or "
    "--seal-passphrase-file that this server was started with before"
)
_OTHER_KEY: Final = (
    "secrets in the data dir are sealed with another key or passphrase than the one given: start "
    "with that one, or name it with --seal-old-key-file or --seal-old-passphrase-file to change it"
)
_DAMAGED: Final = "a sealed secret in the data dir is damaged, or is not where it was sealed"


class Sealer:
    """Seals with one key, or marks secrets as plain without; opens what it sealed.

    Threads may share it.
    """

    def __init__(self, key: bytes | None = None, *, old: Iterable[bytes] = ()) -> None:
        """Take keys of 32 bytes; those in `old` count for `renew` alone. Raises ValueError."""
        self._own = None if key is None else _named(key)
        self._old = dict(map(_named, old))

    def __repr__(self) -> str:
        return f"<Sealer {'with' if self.sealing else 'without'} a key>"

    @property
    def sealing(self) -> bool:
        """Whether there is a key."""
        return self._own is not None

    def seal(self, plain: bytes, context: str) -> bytes:
        """Return what to store of a secret; `context` says what it is, and whose."""
        if self._own is None:
            return _PLAIN + plain
        name, cipher = self._own
        nonce, head = os.urandom(_NONCE_BYTES), _SEALED + name
        return head + nonce + cipher.encrypt(nonce, plain, _bound(head, context))

    def open(self, sealed: bytes, context: str) -> bytes:
        """Return the secret that was sealed with this key for this context.

        Raises CorruptDataError, with a message that says what to do, for anything else: without
        the key or with another, and with a key also for the plain form, as `renew` leaves none.
        """
        if self._own is None and sealed.startswith(_PLAIN):
            return sealed.removeprefix(_PLAIN)
        if not sealed.startswith(_SEALED):
            raise CorruptDataError(_DAMAGED)
        if self._own is None:
            raise CorruptDataError(_NO_KEY)
        name, cipher = self._own
        if sealed[len(_SEALED) :][:_NAME_BYTES] != name:
            raise CorruptDataError(_OTHER_KEY)
        return _opened(cipher, sealed, context)

    def renew(self, sealed: bytes, context: str) -> bytes:
        """Return a stored secret as it should be stored now; itself if it is that already.

        Takes the plain form and what an old key sealed, so every start does this to all secrets.
        Raises CorruptDataError like `open`.
        """
        if self._own is not None and sealed.startswith(_PLAIN):
            return self.seal(sealed.removeprefix(_PLAIN), context)
        old = self._old.get(sealed[len(_SEALED) :][:_NAME_BYTES])
        if old is not None and sealed.startswith(_SEALED) and not self._sealed(sealed):
            return self.seal(_opened(old, sealed, context), context)
        self.open(sealed, context)
        return sealed

    def _sealed(self, sealed: bytes) -> bool:
        return self._own is not None and sealed.startswith(_SEALED + self._own[0])


def _named(key: bytes) -> tuple[bytes, AESGCM]:
    """Return what tells a key from others, and its cipher."""
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key has {KEY_BYTES} bytes, not {len(key)}")
    return hmac.digest(key, b"ringback seal key", hashlib.sha256)[:_NAME_BYTES], AESGCM(key)


def _opened(cipher: AESGCM, sealed: bytes, context: str) -> bytes:
    head = sealed[: len(_SEALED) + _NAME_BYTES]
    rest = sealed[len(head) :]
    try:
        return cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], _bound(head, context))
    except (InvalidTag, ValueError):
        raise CorruptDataError(_DAMAGED) from None


def _bound(head: bytes, context: str) -> bytes:
    return head + context.encode()
