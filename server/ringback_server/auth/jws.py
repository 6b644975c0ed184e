"""Compact signed tokens (RFC 7515), read more strictly than the library does.

A token is taken apart, its key is looked up by `kid`, and only a verified signature yields
claims: `read` gives nothing but what is needed to find the key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from jwt.algorithms import Algorithm, ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from ringback_server.auth.claims import Claims, printable, strict_object
from ringback_server.auth.keys import PublicKey, algorithm_of
from ringback_server.auth.refusals import Refusal, TokenError

#: the largest token looked at, in bytes
MAX_TOKEN = 8192

# Members that bring a key along, change what is signed, or nest another token. Others that we
# do not know are ignored, as RFC 7515 asks.
_REFUSED_MEMBERS: Final = frozenset(
    {"b64", "crit", "cty", "enc", "jku", "jwk", "x5c", "x5u", "zip"}
)
# Other names of the key. Some issuers write them beside `kid`; nothing looks at them.
_THUMBPRINTS: Final = frozenset({"x5t", "x5t#S256"})
_SEGMENTS: Final = 3

_ALGORITHMS: Final[Mapping[str, Algorithm]] = MappingProxyType(
    {
        "ES256": ECAlgorithm(ECAlgorithm.SHA256),
        "RS256": RSAAlgorithm(RSAAlgorithm.SHA256),
        "EdDSA": OKPAlgorithm(),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedToken:
    """A token of the right shape; its header only serves to find the key."""

    #: "" if there is none
    typ: str
    algorithm: str
    #: "" if there is none
    kid: str
    thumbprints: bool
    signed: bytes = field(repr=False)
    payload: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @property
    def token_id(self) -> str:
        """What a token is known by whose `jti`, if it has one, is not this server's.

        Of the signed part alone, as a signature can have two forms.
        """
        return f"sha256:{hashlib.sha256(self.signed).hexdigest()[:32]}"

    def claims(self, key: PublicKey) -> Claims:
        """Return the claims if `key` signed them.

        The key decides the algorithm, and the token must name the same one.
        Raises TokenError: ALGORITHM, SIGNATURE, MALFORMED.
        """
        algorithm = algorithm_of(key)
        if self.algorithm != algorithm:
            raise TokenError(Refusal.ALGORITHM)
        if not _ALGORITHMS[algorithm].verify(self.signed, key, self.signature):
            raise TokenError(Refusal.SIGNATURE)
        return Claims(strict_object(self.payload))

    def issuer_among(self, issuers: Container[str]) -> str | None:
        """Return which of some issuers the token says it is from, None if it is none of them.

        To know whose keys to ask, and no more: nothing is verified. Raises TokenError(MALFORMED).
        """
        issuer = strict_object(self.payload).get("iss")
        return issuer if isinstance(issuer, str) and issuer in issuers else None

    def ours(self) -> UnverifiedToken:
        """Return this, if its header is one that tokens for this server's own keys have.

        Raises TokenError: HEADER, TYPE, KEY_UNKNOWN.
        """
        if self.thumbprints:
            raise TokenError(Refusal.HEADER)
        if not self.typ:
            raise TokenError(Refusal.TYPE)
        if not self.kid:
            raise TokenError(Refusal.KEY_UNKNOWN)
        return self


def read(token: str) -> UnverifiedToken:
    """Take a compact token for this server's own keys apart; its signature is not looked at.

    Raises TokenError: TOO_LARGE, MALFORMED, HEADER, TYPE, ALGORITHM, KEY_UNKNOWN.
    """
    return taken_apart(token).ours()


def taken_apart(token: str) -> UnverifiedToken:
    """Take a compact token apart as `read` does, but let it have no `typ` and no `kid`."""
    if len(token) > MAX_TOKEN:
        raise TokenError(Refusal.TOO_LARGE)
    segments = token.split(".")
    if len(segments) != _SEGMENTS or not all(segments):
        raise TokenError(Refusal.MALFORMED)
    head, payload, signature = (decoded(segment) for segment in segments)
    header = strict_object(head)
    if not _REFUSED_MEMBERS.isdisjoint(header):
        raise TokenError(Refusal.HEADER)
    return UnverifiedToken(
        typ=_optional_member(header, "typ", Refusal.TYPE),
        algorithm=_member(header, "alg", Refusal.ALGORITHM),
        kid=_optional_member(header, "kid", Refusal.KEY_UNKNOWN),
        thumbprints=not _THUMBPRINTS.isdisjoint(header),
        signed=f"{segments[0]}.{segments[1]}".encode(),
        payload=payload,
        signature=signature,
    )


def decoded(segment: str) -> bytes:
    """Decode base64url in its one canonical form: no padding, no stray bits or characters.

    Raises TokenError(MALFORMED).
    """
    try:
        data = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except (ValueError, binascii.Error):
        raise TokenError(Refusal.MALFORMED) from None
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != segment:
        raise TokenError(Refusal.MALFORMED)
    return data


def _optional_member(header: Mapping[str, object], name: str, refusal: Refusal) -> str:
    return _member(header, name, refusal) if name in header else ""


def _member(header: Mapping[str, object], name: str, refusal: Refusal) -> str:
    value = header.get(name)
    if not isinstance(value, str) or not printable(value):
        raise TokenError(refusal)
    return value
