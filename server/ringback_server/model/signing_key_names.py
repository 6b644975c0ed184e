"""Names of the keys that sign this server's tokens."""

from __future__ import annotations

from dataclasses import dataclass

from ringback_server.model.name_parts import PartedName


@dataclass(frozen=True, slots=True)
class SigningKeysName:
    """`signingKeys`: all keys of the issuer, which belong to the server and to no project."""

    #: what no project is called
    project: str = "*"

    def __str__(self) -> str:
        return "signingKeys"


@dataclass(frozen=True, slots=True)
class SigningKeyName(PartedName):
    """`signingKeys/KID`."""

    collections = ("signingKeys",)

    kid: str
    #: what no project is called
    project: str = "*"

    def __str__(self) -> str:
        return f"signingKeys/{self.kid}"
