"""Makes connections: a name is resolved once, and only what the policy allows is connected to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import Executor
from ipaddress import ip_address
from typing import cast

import httpcore

from ringback_server.engine.outbound.egress import EgressPolicy
from ringback_server.engine.outbound.streams import Stream

#: turns a host and a port into addresses; raises OSError
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

_SocketOption = (
    tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
)

#: how long one of several addresses may take before the next one is tried, in seconds
_PATIENCE = 10.0


class EgressRefusedError(Exception):
    """The policy forbids every address of the host."""


def system_resolver(threads: Executor) -> Resolve:
    """Return a resolver that asks the system, on threads."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        if _is_address(host):
            # Not even names that take for ever to resolve, and all the threads, hold it up.
            return [host]
        found = await asyncio.get_running_loop().run_in_executor(
            threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        return [str(address[0]) for *_, address in found]

    return resolve


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to nothing but addresses that the policy allows."""

    def __init__(self, policy: EgressPolicy, resolve: Resolve) -> None:
        """Take the policy and what resolves names."""
        self._policy = policy
        self._resolve = resolve
        # Without anyio, which it demands, httpcore would have something else by this name.
        self._network = cast("httpcore.AsyncNetworkBackend", httpcore.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[_SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that answers.

        Raises EgressRefusedError, or httpcore's ConnectError.
        """
        addresses = await self._allowed(host, port)
        for last, address in enumerate(addresses, 1 - len(addresses)):
            patience = _PATIENCE if last < 0 else timeout
            try:
                stream = await self._network.connect_tcp(
                    address, port, patience, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if last == 0:
                    raise
            else:
                return Stream(stream)
        raise httpcore.ConnectError(f"{host} has no address")

    async def _allowed(self, host: str, port: int) -> list[str]:
        refusal = self._policy.refusal_of_host(host)
        if refusal is not None:
            raise EgressRefusedError(refusal)
        try:
            found = list(dict.fromkeys(await self._resolve(host, port)))
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} cannot be resolved: {error}") from error
        refusals = {address: self._policy.refusal(host, port, address) for address in found}
        allowed = [address for address, refusal in refusals.items() if refusal is None]
        for refusal in refusals.values():
            if refusal is not None and not allowed:
                raise EgressRefusedError(refusal if host in found else f"{host}: {refusal}")
        return allowed


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
