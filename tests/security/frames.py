"""HTTP/2 as bytes, written without a library that would object (RFC 9113)."""

from __future__ import annotations

import hpack

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING = 0, 1, 2, 3, 4, 6
WINDOW_UPDATE, CONTINUATION = 8, 9
END_STREAM, END_HEADERS = 1, 4
CANCEL = (8).to_bytes(4, "big")

Headers = list[tuple[str, str | bytes]]


def frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> bytes:
    """Return one frame."""
    head = len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big")
    return head + payload


#: what a client says first
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS)


def block(path: str, *more: tuple[str, str | bytes]) -> bytes:
    """Return the header block of a call; headers are never taken from the dynamic table."""
    headers: Headers = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "localhost"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
        *more,
    ]
    return hpack.Encoder().encode([hpack.NeverIndexedHeaderTuple(*pair) for pair in headers])


def message(body: bytes, *, compressed: bool = False) -> bytes:
    """Return a message of gRPC with the five bytes before it."""
    return bytes((compressed,)) + len(body).to_bytes(4, "big") + body
