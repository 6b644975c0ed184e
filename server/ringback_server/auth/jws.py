"""Compact signed tokens (RFC 7515), read more strictly than the library does.

A token is taken apart, its key is looked up by `kid`, and only a verified signature yields
claims: `read` gives nothing but what is needed to find the key.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
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
    {"b64", "crit", "cty", "enc", "jku", "jwk", "x5c", "x5t", "x5t#S256", "x5u", "zip"}
)
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

    typ: str
    algorithm: str
    kid: str
    signed: bytes = field(repr=False)
    payload: bytes = field(repr=False)
    signature: bytes = field(repr=False)

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


def read(token: str) -> UnverifiedToken:
    """Take a compact token apart; its signature is not looked at.

    Raises TokenError: TOO_LARGE, MALFORMED, HEADER, TYPE, ALGORITHM, KEY_UNKNOWN.
    """
    if len(token) > MAX_TOKEN:
        raise TokenError(Refusal.TOO_LARGE)
    segments = token.split(".")
    if len(segments) != _SEGMENTS or not all(segments):
        raise TokenError(Refusal.MALFORMED)
    head, payload, signature = (_decoded(segment) for segment in segments)
    header = strict_object(head)
    if not _REFUSED_MEMBERS.isdisjoint(header):
        raise TokenError(Refusal.HEADER)
    return UnverifiedToken(
        typ=_member(header, "typ", Refusal.TYPE),
        algorithm=_member(header, "alg", Refusal.ALGORITHM),
        kid=_member(header, "kid", Refusal.KEY_UNKNOWN),
        signed=f"{segments[0]}.{segments[1]}".encode(),
        payload=payload,
        signature=signature,
    )


def _decoded(segment: str) -> bytes:
    """Decode base64url in its one canonical form: no padding, no stray bits or characters."""
    try:
        data = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except (ValueError, binascii.Error):
        raise TokenError(Refusal.MALFORMED) from None
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != segment:
        raise TokenError(Refusal.MALFORMED)
    return data


def _member(header: Mapping[str, object], name: str, refusal: Refusal) -> str:
    value = header.get(name)
    if not isinstance(value, str) or not printable(value):
        raise TokenError(refusal)
    return value
