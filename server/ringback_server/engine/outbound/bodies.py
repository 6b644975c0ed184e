"""Response bodies, decompressed while they arrive and never larger than allowed."""

from __future__ import annotations

import zlib

#: the largest body, in bytes, decompressed (SPEC 7)
MAX_BODY = 2 * 1024 * 1024

#: how many parts it may arrive in: each costs time, however small it is
MAX_PARTS = 100_000

_GZIP = 16 + zlib.MAX_WBITS
_RAW = -zlib.MAX_WBITS
_CODINGS = frozenset({"gzip", "x-gzip", "deflate"})


class TooLargeError(Exception):
    """A body is larger than MAX_BODY, or would be when decompressed, or has too many parts."""


class BrokenBodyError(Exception):
    """A body is not compressed as its headers say."""


def decodable(coding: str) -> bool:
    """Tell whether a Content-Encoding is one that bodies are decoded of."""
    return coding.lower() in _CODINGS


class Body:
    """Gathers a body chunk by chunk."""

    def __init__(self, coding: str) -> None:
        """Take the value of Content-Encoding; one that is not decodable is left as it is."""
        self._coding = coding.lower() if decodable(coding) else ""
        self._inflating = zlib.decompressobj(zlib.MAX_WBITS if self._coding == "deflate" else _GZIP)
        self._received = 0
        self._parts = 0
        self._content = bytearray()
        self._complete = not self._coding

    def feed(self, chunk: bytes) -> None:
        """Take what arrived; raises TooLargeError, BrokenBodyError."""
        self._received += len(chunk)
        self._parts += 1
        if self._received > MAX_BODY or self._parts > MAX_PARTS:
            raise TooLargeError
        if not self._coding:
            self._content += chunk
            return
        try:
            self._inflate(chunk)
        except zlib.error as error:
            raise BrokenBodyError(f"the body is not {self._coding}: {error}") from error

    def content(self) -> bytes:
        """Return the whole; raises BrokenBodyError if the end is missing."""
        if self._received and not self._complete:
            raise BrokenBodyError(f"the end of the {self._coding} body is missing")
        return bytes(self._content)

    def _inflate(self, chunk: bytes) -> None:
        if self._received == len(chunk) and self._coding == "deflate" and _headless(chunk):
            self._inflating = zlib.decompressobj(_RAW)
        while chunk:
            if self._inflating.eof:
                if self._coding == "deflate":
                    return
                # The next member; a gzip file may have several.
                self._inflating = zlib.decompressobj(_GZIP)
            room = MAX_BODY - len(self._content) + 1
            self._content += self._inflating.decompress(chunk, room)
            if len(self._content) > MAX_BODY:
                raise TooLargeError
            chunk = self._inflating.unconsumed_tail or self._inflating.unused_data
        self._complete = self._inflating.eof


def _headless(chunk: bytes) -> bool:
    """Tell whether `deflate` came without zlib's header, as some servers send it."""
    header = chunk[:2]
    return len(header) == len(b"\x78\x9c") and (
        header[0] & 0x0F != zlib.DEFLATED or int.from_bytes(header, "big") % 31 != 0
    )
