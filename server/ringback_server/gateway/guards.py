"""What keeps web pages away from ports that ask for no token.

A page that somebody merely visits can send requests to the ports of their machine. A browser says
whose page it was, but only in headers, and a page whose name was made to lead to this machine
(DNS rebinding) counts as our own. So the name in `Host` has to be ours as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from ringback_server.errors import PermissionDeniedError
from ringback_server.gateway.answers import Answer
from ringback_server.gateway.exchange import Endpoint, HttpRequest


def names_us(host: str | None, known: Iterable[str] = ()) -> bool:
    """Tell whether a `Host` header names this server and not a page's own domain.

    That is an address, a name without a dot, as containers have them, or one that is `known`.
    """
    if host is None:
        return True
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    name = name.rstrip(".")
    return "." not in name or name in set(known) or _is_address(name)


class PageGuard:
    """Refuses what a browser sends for pages that are not this server's own."""

    def __init__(self, application: ASGIApp, known_hosts: Iterable[str] = ()) -> None:
        """Take what to guard, and the dotted names that the server goes by."""
        self._application = application
        self._known_hosts = frozenset(known_hosts)
        self._refusal = Endpoint(_refuse)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        ours = self._admits(HttpRequest.of(scope))
        await (self._application if ours else self._refusal)(scope, receive, send)

    def _admits(self, request: HttpRequest) -> bool:
        host, origin = request.header("host"), request.header("origin")
        return (
            names_us(host, self._known_hosts)
            and (origin is None or origin.partition("://")[2] == host)
            and request.header("sec-fetch-site") in {None, "none", "same-origin"}
        )


async def _refuse(_request: HttpRequest, _receive: Receive) -> Answer:
    raise PermissionDeniedError(
        "The server runs without authentication and takes no requests from other sites' pages.",
        reason="FOREIGN_PAGE",
    )


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
