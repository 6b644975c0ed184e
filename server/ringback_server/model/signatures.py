"""Signatures that callback URLs take instead of tokens, as frozen records."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ringback_server.model.names import CallbackSignatureName


class Scheme(StrEnum):
    """Who defines how callbacks are signed."""

    STANDARD_WEBHOOKS = "STANDARD_WEBHOOKS"
    GITHUB = "GITHUB"
    STRIPE = "STRIPE"
    SLACK = "SLACK"
    HMAC = "HMAC"  #: `HmacRules` say how


class Algorithm(StrEnum):
    """The hash function of an HMAC."""

    SHA256 = "SHA256"
    SHA512 = "SHA512"


class Encoding(StrEnum):
    """How the bytes of a signature are written."""

    HEX = "HEX"
    BASE64 = "BASE64"


@dataclass(frozen=True, slots=True, kw_only=True)
class HmacRules:
    """How an HMAC is sent, and over what; header names are in lower case, "" is none."""

    header: str
    algorithm: Algorithm = Algorithm.SHA256
    encoding: Encoding = Encoding.HEX
    prefix: str = ""
    timestamp_header: str = ""
    id_header: str = ""
    #: text with `{body}`, and perhaps `{timestamp}`, `{id}`, `{method}` and `{path}`
    signed_content: str = "{body}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackSecret:
    """A secret, or a public key, that senders are known by."""

    #: the beginning of a hash of its text
    fingerprint: str
    #: its text as a `Sealer` sealed it
    sealed: bytes = field(repr=False)
    #: Unix seconds
    create_time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackSignature:
    """A kind of signature that the callback URLs of a workflow take. Times are Unix seconds."""

    name: CallbackSignatureName
    scheme: Scheme
    #: of the scheme HMAC alone
    rules: HmacRules | None = None
    disabled: bool = False
    #: newest first
    secrets: tuple[CallbackSecret, ...]
    create_time: float
    update_time: float

    @property
    def text_bytes(self) -> int:
        """The bytes of its texts."""
        return len(str(self.name).encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureChanges:
    """What an update changes; None leaves a field as it is."""

    disabled: bool | None = None
    rules: HmacRules | None = None
    #: all of them: new ones, and fingerprints of those that stay
    secrets: tuple[CallbackSecret | str, ...] | None = None
