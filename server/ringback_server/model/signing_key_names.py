"""Names of the keys that sign this server's tokens."""

from __future__ import annotations

import msgspec

from ringback_server.model.name_parts import PartedName


class SigningKeysName(msgspec.Struct, frozen=True):
    """`signingKeys`: all keys of the issuer, which belong to the server and to no project."""

    #: what no project is called
    project: str = "*"

    def __str__(self) -> str:
        return "signingKeys"


class SigningKeyName(PartedName, frozen=True):
    """`signingKeys/KID`."""

    collections = ("signingKeys",)

    kid: str
    #: what no project is called
    project: str = "*"

    def __str__(self) -> str:
        return f"signingKeys/{self.kid}"
