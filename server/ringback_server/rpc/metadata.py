"""What goes with a call beside its messages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self
from urllib.parse import unquote

import msgspec

AUTHORIZATION = "authorization"
REQUEST_ID = "x-request-id"


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller sent beside its message: the first value of each."""

    #: all of its values, joined, for a proxy may have read another of them than the first
    authorization: str | None
    request_id: str | None
    traceparent: str | None

    @classmethod
    def of(cls, metadata: Iterable[tuple[str, str | bytes]]) -> Self:
        """Read the metadata of a call."""
        sent: dict[str, str] = {}
        for key, value in metadata:
            text = value if isinstance(value, str) else value.decode("latin-1")
            if key == AUTHORIZATION and key in sent:
                sent[key] = f"{sent[key]}, {text}"
            sent.setdefault(key, text)
        return cls(
            authorization=sent.get(AUTHORIZATION),
            request_id=sent.get(REQUEST_ID),
            traceparent=sent.get("traceparent"),
        )


def address(peer: str) -> str:
    """Return HOST:PORT of what gRPC calls `ipv4:HOST:PORT` or `ipv6:%5BHOST%5D:PORT`."""
    kind, _, address = peer.partition(":")
    return address if kind == "ipv4" else unquote(address)
