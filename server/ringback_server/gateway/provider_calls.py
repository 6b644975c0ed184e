"""What providers are asked over the network: no thread waits for their answers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final, Protocol
from urllib.parse import urlencode

from ringback_server.auth.external_issuers import ExternalIssuer
from ringback_server.auth.oauth.provider_documents import (
    Endpoints,
    ProviderError,
    read_endpoints,
    read_id_token,
)
from ringback_server.auth.oauth.provider_logins import Attempt, CodeRequest
from ringback_server.lang.http_exchange import HttpAnswer, HttpFailure, HttpRequest

_log = logging.getLogger(__name__)

_SECONDS: Final = 5.0
#: beyond its time, after which nobody is going to answer: what sends was closed
_GRACE: Final = 2.0
_MOST_BYTES: Final = 256 * 1024
_KNOWN_SECONDS: Final = 600.0
_MOST_AT_ONCE: Final = 32
_OK: Final = 200
_FORM: Final = "application/x-www-form-urlencoded"


class Sender(Protocol):
    """Sends requests without blocking; follows no redirects."""

    def send(self, request: HttpRequest, answer: Callable[[HttpAnswer], None], /) -> None:
        """Send a request; tell `answer` once what came of it, on another thread."""
        ...


class ProviderCalls:
    """Asks providers where their endpoints are, and exchanges their codes."""

    def __init__(self, sender: Sender) -> None:
        """Take what sends requests."""
        self._sender = sender
        # Both belong to the event loop alone.
        self._known: dict[str, tuple[Endpoints, float]] = {}
        self._busy = 0

    async def endpoints(self, issuer: ExternalIssuer) -> Endpoints:
        """Return where a provider takes what; raises ProviderError."""
        known = self._known.get(issuer.name)
        if known and time.monotonic() < known[1]:
            return known[0]
        found = read_endpoints(issuer, await self._body(issuer, "GET", issuer.discovery_url))
        self._known[issuer.name] = found, time.monotonic() + _KNOWN_SECONDS
        return found

    async def id_token(self, attempt: Attempt, asked: CodeRequest) -> str:
        """Exchange a code; return the ID token. Raises ProviderError."""
        body = await self._body(attempt.issuer, "POST", attempt.endpoints.exchange, asked)
        return read_id_token(attempt.issuer, body)

    async def _body(
        self, issuer: ExternalIssuer, method: str, url: str, asked: CodeRequest | None = None
    ) -> bytes:
        headers = [("Accept", "application/json")]
        if asked:
            headers.append(("Content-Type", _FORM))
            if asked.authorization:
                headers.append(("Authorization", asked.authorization))
        request = HttpRequest(
            method=method,
            url=url,
            headers=headers,
            body=urlencode(asked.form).encode() if asked else None,
            timeout=_SECONDS,
            ca_certificate=issuer.authorities,
        )
        answer = await self._answer(issuer, request)
        if isinstance(answer, HttpFailure):
            _log.warning("issuer %s does not answer a login: %s", issuer.name, answer.message)
            raise ProviderError(f"{issuer.name} does not answer; try again in a moment.")
        if answer.code != _OK or len(answer.body) > _MOST_BYTES:
            _log.warning("issuer %s answers a login with status %d", issuer.name, answer.code)
            raise ProviderError(f"{issuer.name} refuses to log you in; begin again.")
        return answer.body

    async def _answer(self, issuer: ExternalIssuer, request: HttpRequest) -> HttpAnswer:
        if self._busy >= _MOST_AT_ONCE:
            raise ProviderError("Too many people log in at once; try again in a moment.")
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[HttpAnswer] = loop.create_future()

        def settle(answer: HttpAnswer) -> None:
            if not answered.done():
                answered.set_result(answer)

        def tell(answer: HttpAnswer) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(settle, answer)

        self._busy += 1
        try:
            self._sender.send(request, tell)
            return await asyncio.wait_for(answered, _SECONDS + _GRACE)
        except TimeoutError:
            raise ProviderError(f"{issuer.name} does not answer; try again in a moment.") from None
        finally:
            self._busy -= 1
