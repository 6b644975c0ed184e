"""uvicorn's HTTP protocol, with bounds on the head of a request: its size and its time."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: bytes of a request line and all headers
MAX_HEAD = 64 * 1024
#: seconds from the first byte of a head to its last
HEAD_SECONDS = 30.0

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class BoundedHttpProtocol(HttpToolsProtocol):
    """Closes connections whose heads are too large or too slow; one per connection."""

    _head_size = 0
    _head_timer: asyncio.TimerHandle | None = None
    _in_head = True

    def data_received(self, data: bytes) -> None:
        """Count what arrives before the end of a head."""
        if self._in_head:
            self._head_size += len(data)
            if self._head_timer is None:
                self._head_timer = self.loop.call_later(HEAD_SECONDS, self._close)
        super().data_received(data)
        if self._in_head and self._head_size > MAX_HEAD and not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self._close()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; trailers, which come behind a body, are dropped (RFC 9110, 6.5.1)."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Note the end of a head."""
        self._in_head = False
        self._head_size = 0
        self._stop_timer()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that the next head may begin."""
        self._in_head = True
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the timer."""
        self._stop_timer()
        super().connection_lost(exc)

    def _close(self) -> None:
        self._head_timer = None
        self.transport.close()

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
