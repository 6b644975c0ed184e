"""Bodies of requests that come without a token: read before anybody knows whose they are."""

from __future__ import annotations

import asyncio

from starlette.types import Receive

from ringback_server.gateway.exchange import HttpRequest, read_body

#: seconds for a body: vendors' have some kilobytes, and come with their head
_SECONDS = 10.0


class SignedBodies:
    """Reads so many at once, and lets go of the one that has taken longest when one more comes.

    Whoever sends slowly to keep others out is let go of first. Used on the event loop alone, so it
    takes no lock.
    """

    def __init__(self, limit: int, *, at_once: int = 256) -> None:
        """Take how many bytes a body may have; `at_once` of them are read at a time."""
        self._limit = limit
        self._at_once = at_once
        # In the order in which they began.
        self._reading: dict[int, asyncio.Timeout] = {}
        self._begun = 0

    def __repr__(self) -> str:
        return f"<SignedBodies [{len(self._reading)} of {self._at_once} being read]>"

    async def read(self, request: HttpRequest, receive: Receive) -> bytes:
        """Read a body; raise PayloadTooLargeError, TimeoutError, ClientGone."""
        if len(self._reading) >= self._at_once:
            slowest = next(iter(self._reading))
            self._reading.pop(slowest).reschedule(asyncio.get_running_loop().time())
        self._begun += 1
        number = self._begun
        try:
            async with asyncio.timeout(_SECONDS) as timeout:
                self._reading[number] = timeout
                return await read_body(request, receive, self._limit, _SECONDS)
        finally:
            self._reading.pop(number, None)
