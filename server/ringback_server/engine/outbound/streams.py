"""Connections as bytes, with what the libraries above them leave out."""

from __future__ import annotations

import ssl

import httpcore

#: what HTTP/2 allows unless more was offered, which it never is (RFC 9113, 6.5.2)
MAX_FRAME = 16_384
_FRAME_HEAD = 9
_FRAME_LENGTH = 3


class Frames:
    """Watches frames of HTTP/2 go by; h2 would first gather a frame, up to 16 MiB, then look."""

    def __init__(self) -> None:
        """Begin before the first frame."""
        self._head = b""
        self._left = 0

    def pass_by(self, data: bytes) -> None:
        """Look at what arrived; raises RemoteProtocolError for a frame that is too large."""
        place = 0
        while place < len(data):
            if self._left:
                step = min(self._left, len(data) - place)
                self._left -= step
            else:
                step = _FRAME_HEAD - len(self._head)
                self._head += data[place : place + step]
                if len(self._head) == _FRAME_HEAD:
                    self._begin()
            place += step

    def _begin(self) -> None:
        self._left = int.from_bytes(self._head[:_FRAME_LENGTH], "big")
        self._head = b""
        if self._left > MAX_FRAME:
            raise httpcore.RemoteProtocolError(f"HTTP/2: a frame of {self._left} bytes")


class Stream(httpcore.AsyncNetworkStream):
    """A connection that does not outlive a handshake which is given up."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, frames: Frames | None = None) -> None:
        """Take the connection, and what looks at its frames if it speaks HTTP/2."""
        self._stream = stream
        self._frames = frames

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what there is, at most so many bytes; raises RemoteProtocolError."""
        data = await self._stream.read(max_bytes, timeout)
        if self._frames is not None:
            self._frames.pass_by(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of it."""
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close it."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Shake hands; httpcore itself would leave the connection open when that is cancelled."""
        try:
            secure = await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            await self._stream.aclose()
            raise
        spoken = secure.get_extra_info("ssl_object")
        http2 = isinstance(spoken, ssl.SSLObject) and spoken.selected_alpn_protocol() == "h2"
        return Stream(secure, Frames() if http2 else None)

    def get_extra_info(self, info: str) -> object:
        """Return a fact about the connection."""
        return self._stream.get_extra_info(info)
