"""Connections that are kept for the next request to the same origin.

httpcore makes and speaks on the connections. Its own pool is not used: it looks at every
connection for every request, which thousands in flight cannot afford.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpcore

#: how long a connection is kept without a request, in seconds: most servers keep them longer, and
#: one that closes a connection just when a POST is sent on it leaves open what became of that
KEEP_SECONDS = 4.0
_MAX_KEPT = 256
_MAX_KEPT_PER_ORIGIN = 32


@dataclass(frozen=True, slots=True)
class Destination:
    """What a connection leads to; one made for another authority is not shared."""

    scheme: str
    host: str
    port: int
    ca_certificate: bytes | None
    #: whether HTTP/2 is spoken if it is offered
    http2: bool = True


@dataclass(slots=True, eq=False)
class Pooled:
    """A connection, and how many requests are on it."""

    connection: httpcore.AsyncHTTPConnection
    destination: Destination
    users: int = 0
    #: carries several requests at a time (HTTP/2)
    shared: bool = False
    #: takes no more requests
    retired: bool = False
    expiry: asyncio.TimerHandle | None = field(default=None, repr=False)


class Pool:
    """The connections of one event loop; used on its thread only."""

    def __init__(
        self,
        network: httpcore.AsyncNetworkBackend,
        trust: Callable[[bytes | None], ssl.SSLContext],
    ) -> None:
        """Take what makes connections, and what gives the TLS context for an authority."""
        self._network = network
        self._trust = trust
        self._idle: dict[Destination, list[Pooled]] = {}
        self._shared: dict[Destination, list[Pooled]] = {}
        self._kept = 0
        self._closing: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        """Show how many connections are kept."""
        shared = sum(map(len, self._shared.values()))
        return f"<Pool [{self._kept} idle, {shared} shared]>"

    def take(self, destination: Destination) -> tuple[Pooled, bool]:
        """Return a connection for one request, and whether it was used before.

        Raises ValueError for a certificate that is none.
        """
        for pooled in [*self._shared.get(destination, ())]:
            if pooled.users == 0 and pooled.connection.has_expired():
                self._expire(pooled)
            elif pooled.connection.is_available():
                pooled.users += 1
                return pooled, True
        while idle := self._idle.get(destination):
            pooled = idle.pop()
            self._forget_idle(pooled)
            if not pooled.connection.has_expired() and pooled.connection.is_available():
                pooled.users += 1
                return pooled, True
            self._close(pooled)
        return self._made(destination), False

    def give_back(self, pooled: Pooled, *, clean: bool) -> None:
        """Take a connection back; one that is not `clean` serves no further request."""
        pooled.users -= 1
        connection = pooled.connection
        if not clean or connection.is_closed():
            self.retire(pooled)
        if pooled.retired:
            if pooled.users == 0:
                self._close(pooled)
        elif pooled.shared:
            if pooled.users == 0:
                self._expire_later(pooled)
        elif self._kept < _MAX_KEPT and connection.is_idle() and not _has_more(connection):
            idle = self._idle.setdefault(pooled.destination, [])
            idle.append(pooled)
            self._kept += 1
            self._expire_later(pooled)
            if len(idle) > _MAX_KEPT_PER_ORIGIN:
                self._expire(idle[0])
        else:
            self._close(pooled)

    def share(self, pooled: Pooled) -> None:
        """Note that a connection carries several requests at a time."""
        if not pooled.shared and not pooled.retired:
            pooled.shared = True
            self._shared.setdefault(pooled.destination, []).append(pooled)

    def retire(self, pooled: Pooled) -> None:
        """Give a connection no more requests; it is closed with the last one on it."""
        if pooled.retired:
            return
        pooled.retired = True
        if pooled.shared:
            others = self._shared[pooled.destination]
            others.remove(pooled)
            if not others:
                del self._shared[pooled.destination]

    async def close(self) -> None:
        """Close what is kept."""
        for pooled in [p for kept in self._idle.values() for p in kept]:
            self._expire(pooled)
        for pooled in [p for kept in self._shared.values() for p in kept]:
            self._expire(pooled)
        await asyncio.gather(*self._closing, return_exceptions=True)

    def _made(self, destination: Destination) -> Pooled:
        secure = destination.scheme == "https"
        connection = httpcore.AsyncHTTPConnection(
            origin=httpcore.Origin(
                destination.scheme.encode(), destination.host.encode(), destination.port
            ),
            ssl_context=self._trust(destination.ca_certificate) if secure else None,
            keepalive_expiry=KEEP_SECONDS,
            http2=secure and destination.http2,
            network_backend=self._network,
        )
        return Pooled(connection, destination, users=1)

    def _expire_later(self, pooled: Pooled) -> None:
        if pooled.expiry is not None:
            pooled.expiry.cancel()
        loop = asyncio.get_running_loop()
        pooled.expiry = loop.call_later(KEEP_SECONDS, self._expire, pooled)

    def _expire(self, pooled: Pooled) -> None:
        """Close a connection unless it is in use."""
        if pooled.users:
            return
        idle = self._idle.get(pooled.destination, [])
        if pooled in idle:
            idle.remove(pooled)
            self._forget_idle(pooled)
        self.retire(pooled)
        self._close(pooled)

    def _forget_idle(self, pooled: Pooled) -> None:
        self._kept -= 1
        if not self._idle[pooled.destination]:
            del self._idle[pooled.destination]

    def _close(self, pooled: Pooled) -> None:
        if pooled.expiry is not None:
            pooled.expiry.cancel()
        task = asyncio.get_running_loop().create_task(_closed(pooled.connection))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _has_more(connection: httpcore.AsyncHTTPConnection) -> bool:
    """Tell whether something has arrived behind a response (HTTP/1.1).

    It would be taken for the answer to the next request. httpcore has no word for it.
    """
    inner: Any = vars(connection).get("_connection")
    spoken: Any = getattr(inner, "_h11_state", None)
    return spoken is not None and bool(spoken.trailing_data[0])


async def _closed(connection: httpcore.AsyncHTTPConnection) -> None:
    """Close a connection; that it is broken is why it is closed."""
    try:
        await connection.aclose()
    except (OSError, RuntimeError, httpcore.NetworkError):
        return
