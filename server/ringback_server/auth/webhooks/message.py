"""A signed request as its schemes read it: nothing in it is believed before it is verified."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ringback_server.model.signatures import Algorithm

_SECONDS = re.compile(r"[0-9]{1,12}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedMessage:
    """An HTTP request that may be signed."""

    method: str
    #: path and query as they were sent
    target: str
    #: names in lower case
    headers: Sequence[tuple[str, str]]
    #: as it was sent, whatever its encoding
    body: bytes = field(repr=False)

    def header(self, name: str) -> str | None:
        """Return the value of a header that was sent once; what came twice says nothing."""
        values = [value for key, value in self.headers if key == name]
        return values[0] if len(values) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a request says of its signature."""

    #: what should have been signed
    content: bytes = field(repr=False)
    #: HMACs, of which one has to be right
    macs: tuple[bytes, ...] = field(default=(), repr=False)
    #: Ed25519 signatures, likewise
    signatures: tuple[bytes, ...] = field(default=(), repr=False)
    algorithm: Algorithm = Algorithm.SHA256
    #: Unix seconds; None if the scheme signs no time
    timestamp: int | None = None
    #: what the vendor calls the message, if a header says it and that is signed
    message_id: str | None = None
    #: the field of a JSON body that says it; read once the signature is right
    id_field: str | None = None


def seconds(text: str | None) -> int | None:
    """Read Unix seconds; None for anything else."""
    return int(text) if text is not None and _SECONDS.fullmatch(text) else None


def from_hex(text: str) -> bytes | None:
    """Decode hexadecimal digits; None for anything else."""
    return bytes.fromhex(text) if _HEX.fullmatch(text) else None


def from_base64(text: str) -> bytes | None:
    """Decode base64 with its padding; None for anything else."""
    try:
        return base64.b64decode(text.encode("ascii"), validate=True) or None
    except (UnicodeEncodeError, binascii.Error):
        return None
