"""How a client calls its server: with a token, and with errors that say what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

import grpc

from ringback_client.errors import from_rpc

#: a call that should be answered at once, in seconds; one that waits may take its own time more
CALL_SECONDS = 30.0

Request = TypeVar("Request")
Response = TypeVar("Response")
Item = TypeVar("Item")


class Tokens(Protocol):
    """Where access tokens come from."""

    def get(self) -> str:
        """Return an access token that is valid now."""
        ...


class Calls:
    """Calls one server as one account. Threads may share it."""

    def __init__(self, channel: grpc.Channel, tokens: Tokens, address: str) -> None:
        """Take a channel and tokens; `address` is what errors call the server."""
        self.channel = channel
        self._tokens = tokens
        self._address = address

    def __call__(
        self,
        method: grpc.UnaryUnaryMultiCallable[Request, Response],
        request: Request,
        *,
        timeout: float = CALL_SECONDS,
    ) -> Response:
        """Call a method and return its answer; raise a ClientError."""
        metadata = (("authorization", f"Bearer {self._tokens.get()}"),)
        try:
            return method(request, timeout=timeout, metadata=metadata)
        except grpc.RpcError as error:
            raise from_rpc(error, self._address) from error


def pages(page: Callable[[str], tuple[Sequence[Item], str]]) -> Iterator[Item]:
    """Yield the items of all pages; `page` takes a page's token and gives that of the next."""
    token = ""
    while True:
        items, token = page(token)
        yield from items
        if not token:
            return
