"""Secrets, codes and refresh tokens: random text that means nothing but to the store.

Each has 256 random bits, so a plain hash of it can be stored: nobody can search for what it is the
hash of. A prefix says what it is to whoever finds one where it should not be.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from enum import StrEnum
from typing import Final

#: consonants of one case: no words come about, and none looks like another (RFC 8628, 6.1)
_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
_HALF: Final = 4
_BYTES: Final = 32


class Kind(StrEnum):
    """What it is, by the prefix that it has."""

    CLIENT = "rbs_"
    REFRESH = "rbr_"
    DEVICE = "rbd_"
    CODE = "rbc_"
    COOKIE = ""


def new_opaque(kind: Kind) -> str:
    """Make a secret, a code or a token."""
    return kind.value + secrets.token_urlsafe(_BYTES)


def digest(text: str) -> bytes:
    """Return what is stored of a secret, a code or a token."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def new_user_code() -> str:
    """Make a code that a person types: eight letters, more than 34 bits."""
    return user_code_of(new_opaque(Kind.COOKIE))


def user_code_of(secret: str) -> str:
    """Return the one user code that belongs to a secret, which does not tell the secret."""
    number = int.from_bytes(digest(f"user code {secret}"), "big")
    letters = ""
    for _ in range(2 * _HALF):
        number, place = divmod(number, len(_LETTERS))
        letters += _LETTERS[place]
    return f"{letters[:_HALF]}-{letters[_HALF:]}"


def user_code_digest(typed: str) -> bytes | None:
    """Return what is stored of a user code as a person typed it, None if it is none.

    Case, spaces and dashes do not matter.
    """
    letters = re.sub(r"[\s-]", "", typed[: 8 * _HALF]).upper()
    if len(letters) != 2 * _HALF or not set(letters) <= set(_LETTERS):
        return None
    return digest(letters)
