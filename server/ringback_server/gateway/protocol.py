"""uvicorn's HTTP protocol, with bounds on heads, and with the bodies of requests to upgrade."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from ringback_server.gateway.connections import Connections

#: bytes of a request line and all headers
MAX_HEAD = 64 * 1024
#: headers of a request
MAX_HEADERS = 256
#: seconds from the first byte of a head to its last, and for a body that nobody waits for
HEAD_SECONDS = 30.0

#: version of HTTP -> how many Host headers requests have
_HOSTS = {"1.0": {0, 1}, "1.1": {1}}
_TUNNEL = b"CONNECT"
_MALFORMED = "Invalid HTTP request received."
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class BoundedConfig(uvicorn.Config):
    """uvicorn's configuration, with what all connections of a server share."""

    held = Connections()


class BoundedHttpProtocol(HttpToolsProtocol):
    """Closes connections whose heads are too large or too slow; one per connection.

    It closes those that send nothing, too, and when there are too many the one that has kept it
    waiting longest.

    Nothing is upgraded to here, so that a wish for it, such as Java's for HTTP/2 in plaintext, is
    ignored (RFC 9110, 7.8). The parser ends such a request behind its head and skips the body; it
    is given the head again, without the wish.
    """

    _head_size = 0
    _head_timer: asyncio.TimerHandle | None = None
    _in_head = True

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._held = config.held if isinstance(config, BoundedConfig) else Connections()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request."""
        super().connection_made(cast("asyncio.Transport", transport))
        self._held.came(self)
        self._await_request()

    def make_room(self) -> None:
        """Close the connection, for there are too many."""
        self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Count what arrives before the end of a head."""
        if self._in_head:
            self._head_size += len(data)
            if self._head_timer is None:
                self._head_timer = self.loop.call_later(HEAD_SECONDS, self._close)
        self._feed(data)
        if self._in_head and self._head_size > MAX_HEAD and not self.transport.is_closing():
            self._refuse_head()

    def _feed(self, data: bytes) -> None:
        parser = self.parser
        if parser is None:  # the connection is lost
            return
        self._unset_keepalive_if_required()
        while data:
            try:
                parser.feed_data(data)
            except httptools.HttpParserError:
                self._refuse()
                return
            except httptools.HttpParserUpgrade as wish:
                if parser.get_method() == _TUNNEL:
                    self._refuse()
                    return
                data = self._head_without_wish(parser) + data[wish.args[0] :]
            else:
                return

    def _refuse(self) -> None:
        if self._in_head and len(self.headers or ()) > MAX_HEADERS:
            self._refuse_head()
        else:
            self.logger.warning(_MALFORMED)
            self.send_400_response(_MALFORMED)

    def _refuse_head(self) -> None:
        self.transport.write(_TOO_LARGE)
        self._close()

    def _wishes(self) -> bool:
        """Whether the head that ends asks for an upgrade; CONNECT is another matter."""
        parser = self.parser
        return parser is not None and parser.should_upgrade() and parser.get_method() != _TUNNEL

    def _head_without_wish(self, parser: httptools.HttpRequestParser) -> bytes:
        version = parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (parser.get_method(), self.url, version)]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; trailers, which come behind a body, are dropped (RFC 9110, 6.5.1).

        One too many ends the parser's work.
        """
        if self._in_head:
            super().on_header(name, value)
            if len(self.headers) > MAX_HEADERS:
                raise ValueError(len(self.headers))

    def on_headers_complete(self) -> None:
        """Note the end of a head; refuse one that others could read in another way."""
        if self._wishes():
            return
        self._check_head()
        self._in_head = False
        self._head_size = 0
        self._stop_timer()
        self._unset_keepalive_if_required()
        super().on_headers_complete()

    def _check_head(self) -> None:
        """Raise ValueError for what the parser lets pass (RFC 9112, 3.2 and 6.1)."""
        version = "" if self.parser is None else self.parser.get_http_version()
        hosts = sum(name == b"host" for name, _ in self.headers)
        if version not in _HOSTS or hosts not in _HOSTS[version]:
            raise ValueError("one Host")
        codings = [value.lower() for name, value in self.headers if name == b"transfer-encoding"]
        if codings and (version == "1.0" or codings != [b"chunked"]):
            raise ValueError("chunked alone")

    def on_message_complete(self) -> None:
        """Note that the next head may begin."""
        if self._wishes():
            return
        self._in_head = True
        super().on_message_complete()
        if self.cycle.response_complete:
            # It was refused, and nobody waited for its body.
            self._stop_timer()
            self._await_request()
        else:
            self._held.works(self)

    def on_response_complete(self) -> None:
        """Wait for the next request, or for the rest of a body that nobody waits for."""
        super().on_response_complete()
        if self.transport.is_closing() or not self.cycle.response_complete:
            return
        if self._in_head:
            self._await_request()
        else:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the timers."""
        self._held.went(self)
        self._stop_timer()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def _await_request(self) -> None:
        """Close the connection unless something comes before long."""
        self._held.waits(self)
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def _close(self) -> None:
        self._head_timer = None
        self.transport.close()

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
