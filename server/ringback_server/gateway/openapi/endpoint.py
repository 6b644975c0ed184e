"""Where the document is served."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from starlette.types import Receive

from ringback_server.api.table import Service
from ringback_server.errors import MethodNotAllowedError
from ringback_server.gateway.answers import Answer
from ringback_server.gateway.exchange import HttpRequest
from ringback_server.gateway.json_messages import printed
from ringback_server.gateway.openapi.document import openapi_document
from ringback_server.gateway.workers import Workers


class DocumentEndpoint:
    """Gives the document to everybody.

    As with gRPC's reflection: it says what the protos say, which are public, and nothing of what
    is stored here, and tools that read it have no token yet.
    """

    def __init__(self, services: Iterable[Service], workers: Workers) -> None:
        self._services = tuple(services)
        self._workers = workers
        self._document = lru_cache(maxsize=1)(self._make)

    async def respond(self, request: HttpRequest, _receive: Receive) -> Answer:
        """Answer one request."""
        if request.method not in {"GET", "HEAD"}:
            raise MethodNotAllowedError("The document takes GET.", allow="GET, HEAD")
        body = await self._workers.run(self._document)
        return Answer(body=body, headers=(("Cache-Control", "public, max-age=300"),))

    def _make(self) -> bytes:
        # At the first request, not at the start, which is to be quick.
        return printed(openapi_document(self._services))
