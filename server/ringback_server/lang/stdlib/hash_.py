"""`hash`: checksums and message authentication codes."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from types import MappingProxyType

from ringback_server.lang.errors import value_error
from ringback_server.lang.stdlib.registry import function

_ALGORITHMS: Mapping[str, str] = MappingProxyType(
    {name: name.lower() for name in ("MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512")}
)


@function("hash.compute_checksum", keeps=False)
def compute_checksum(data: bytes, algorithm: str) -> bytes:
    """Return a checksum; the algorithm is MD5, SHA1, SHA224, SHA256, SHA384 or SHA512."""
    name = _known("hash.compute_checksum", algorithm)
    return hashlib.new(name, data, usedforsecurity=False).digest()


@function("hash.compute_hmac", keeps=False)
def compute_hmac(key: bytes | str, data: bytes | str, algorithm: str) -> bytes:
    """Return an HMAC; strings stand for their UTF-8, algorithms are those of checksums."""
    name = _known("hash.compute_hmac", algorithm)
    return hmac.digest(_encoded(key), _encoded(data), name)


def _known(caller: str, algorithm: str) -> str:
    name = _ALGORITHMS.get(algorithm)
    if name is None:
        raise value_error(
            f"{caller}(): unknown algorithm {algorithm[:100]!r}; known are {', '.join(_ALGORITHMS)}"
        )
    return name


def _encoded(data: bytes | str) -> bytes:
    return data.encode() if isinstance(data, str) else data
