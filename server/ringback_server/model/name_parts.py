"""What names are made of: collections and ids by turns."""

from __future__ import annotations

import re
from typing import ClassVar, Self

import msgspec

from ringback_server.errors import FieldViolation, InvalidArgumentError

_SEGMENT = re.compile(r"[A-Za-z0-9._~:@-]{1,128}")


def ids_of(text: str, collections: tuple[str, ...], field: str) -> tuple[str, ...]:
    """Return the ids of a name, one for each of its collections.

    Raises InvalidArgumentError, which names the request field.
    """
    parts = text.split("/")
    ids = tuple(parts[1::2])
    named = len(parts) == 2 * len(collections) and tuple(parts[::2]) == collections
    if not named or not all(map(_SEGMENT.fullmatch, ids)):
        pattern = "/".join(f"{collection}/*" for collection in collections)
        message = f"{field} must have the form {pattern}, got {text[:200]!r}"
        raise InvalidArgumentError(
            message, violations=(FieldViolation(field=field, description=message),)
        )
    return ids


class PartedName(msgspec.Struct, frozen=True):
    """A name whose fields are the ids in it, in their order."""

    collections: ClassVar[tuple[str, ...]]

    @classmethod
    def parse(cls, text: str, field: str = "name") -> Self:
        """Parse a name; `field` is the request field named in an InvalidArgumentError."""
        return cls(*ids_of(text, cls.collections, field))
