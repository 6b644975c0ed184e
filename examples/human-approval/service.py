"""A small service for reviewers: serves a page, lists what waits, and sends what they decide.

It holds the key of a service account, exchanges it for access tokens at the server's token
endpoint, and sends the callbacks itself. The browser gets no token.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import cast

import uvicorn
from reviews import Outcome, Reviews
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from ringback_client import Client
from ringback_client.connection import find_server
from ringback_client.errors import ClientError

_PAGE = Path(__file__).with_name("page")
_HOSTS = ("127.0.0.1", "localhost")
_MOST_BYTES = 1000
_HEADERS = {
    # Nothing but this page's own files is run, shown or called, and no other page may frame it.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_STATUS = {Outcome.SENT: 200, Outcome.DECIDED: 409, Outcome.GONE: 404}


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8790, help="where to listen on this machine")
    parser.add_argument("--workflow", default="translation-review", help="whose reviews")
    arguments = parser.parse_args()
    try:
        server = find_server(os.environ, Path.cwd())
        with Client(server) as client:
            _serve(application(Reviews(client, arguments.workflow)), arguments.port)
    except ClientError as error:
        sys.exit(" ".join(filter(None, ("Error:", error.message, error.next_step))))


def _serve(app: Starlette, port: int) -> None:
    with socket.create_server((_HOSTS[0], port)) as listener:
        address = f"http://{_HOSTS[0]}:{listener.getsockname()[1]}/"
        sys.stdout.write(f"Reviews are at {address}\n")
        sys.stdout.flush()
        config = uvicorn.Config(app, log_level="warning", server_header=False)
        uvicorn.Server(config).run([listener])


def application(reviews: Reviews) -> Starlette:
    """Make the service."""

    async def pending(_: Request) -> Response:
        found = await run_in_threadpool(reviews.pending)
        shown = ("id", "text", "translation")
        return JSONResponse([{key: asdict(item)[key] for key in shown} for item in found])

    async def decide(request: Request) -> Response:
        if (refusal := _foreign(request)) is not None:
            return refusal
        approved = await _decision(request)
        if approved is None:
            return JSONResponse({"error": 'Send {"approved": true} or false.'}, 400)
        review_id = request.path_params["id"]
        outcome = await run_in_threadpool(reviews.decide, review_id, approved=approved)
        return JSONResponse({"outcome": outcome}, _STATUS[outcome])

    return Starlette(
        routes=[
            Route("/reviews", pending),
            Route("/reviews/{id}", decide, methods=["POST"]),
            Mount("/", StaticFiles(directory=_PAGE, html=True)),
        ],
        middleware=[
            # A name of somebody else's that leads here (DNS rebinding) is refused.
            Middleware(TrustedHostMiddleware, allowed_hosts=list(_HOSTS)),
            Middleware(BaseHTTPMiddleware, dispatch=_protect),
        ],
        exception_handlers={ClientError: _failed},
    )


def _foreign(request: Request) -> Response | None:
    """Refuse a request that a page of another origin made (CSRF)."""
    own = f"{request.url.scheme}://{request.headers.get('host')}"
    if request.headers.get("origin") == own:
        return None
    return JSONResponse({"error": "Decisions are sent by the page of this service."}, 403)


async def _decision(request: Request) -> bool | None:
    """Return what a request decides, None if it is not a decision."""
    if request.headers.get("content-type") != "application/json":
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            return None
    return {b'{"approved":true}': True, b'{"approved":false}': False}.get(bytes(body))


async def _protect(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await answer(request)
    response.headers.update(_HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _failed(_: Request, error: Exception) -> Response:
    """Say that the server did not do it; what it said stays with the operator."""
    sys.stderr.write(f"{cast('ClientError', error).message}\n")
    return JSONResponse({"error": "The workflow server cannot be reached or refuses."}, 502)


if __name__ == "__main__":
    main()
