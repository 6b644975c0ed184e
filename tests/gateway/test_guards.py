"""Keeping web pages away from a server without authentication."""

from __future__ import annotations

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from ringback_server.gateway.answers import Answer
from ringback_server.gateway.exchange import Endpoint, HttpRequest
from ringback_server.gateway.guards import PageGuard
from ringback_server.gateway.server import HttpServer, address_of, listen
from ringback_server.gateway.workers import Workers
from tests.edges import LOOPBACK


async def welcome(_request: HttpRequest, _receive: Receive) -> Answer:
    """Answer whatever comes through."""
    return Answer()


async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve behind the guard."""
    await PageGuard(Endpoint(welcome), {"flows.example.org"})(scope, receive, send)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 200),
        ({"Host": "ringback:8780"}, 200),
        ({"Host": "[::1]:8780"}, 200),
        ({"Host": "10.1.2.3"}, 200),
        ({"Host": "flows.example.org"}, 200),
        ({"Host": "rebound.example.org:8780"}, 403),
        ({"Host": "["}, 403),
        ({"Host": "localhost:1", "Origin": "http://localhost:1"}, 200),
        ({"Host": "localhost:1", "Origin": "http://localhost:2"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://evil.example.org"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 200),
    ],
)
def test_guard_when_a_browser_may_ask(headers: dict[str, str], expected: int) -> None:
    """Programs and the server's own pages come through, other pages do not."""
    listener, workers = listen(LOOPBACK), Workers(threads=1)
    server = HttpServer(listener, guarded, workers)
    server.start()
    try:
        answer = httpx.get(f"http://{address_of(listener, LOOPBACK)}/", headers=headers)
    finally:
        server.stop(1.0)

    assert expected == answer.status_code
