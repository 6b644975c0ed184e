"""Names of the keys that sign this server's tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from ringback_server.model.name_parts import ids_of


@dataclass(frozen=True, slots=True)
class SigningKeysName:
    """`signingKeys`: all keys of the issuer, which belong to the server and to no project."""

    #: what no project is called
    project: str = "*"

    def __str__(self) -> str:
        return "signingKeys"


@dataclass(frozen=True, slots=True)
class SigningKeyName:
    """`signingKeys/KID`."""

    kid: str
    #: what no project is called
    project: str = "*"

    @classmethod
    def parse(cls, text: str, field: str = "name") -> Self:
        """Parse a name; `field` is the request field named in an InvalidArgumentError."""
        return cls(*ids_of(text, ("signingKeys",), field))

    def __str__(self) -> str:
        return f"signingKeys/{self.kid}"
