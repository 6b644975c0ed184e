"""Those whom workflows call, in the hands of a test."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from ringback_server.engine.outgoing import Network
from ringback_server.errors import FailedPreconditionError, RingbackError
from ringback_server.lang.http_exchange import HttpAnswer, HttpAuth, HttpRequest, HttpResponse


@dataclass(slots=True, eq=False)
class Call:
    """A request that was sent to others, for a test to answer."""

    request: HttpRequest
    answer: Callable[[HttpAnswer], None]
    cancelled: bool = False

    def cancel(self) -> None:
        """Note that it was given up."""
        self.cancelled = True

    def respond(self, body: object, code: int = 200) -> None:
        """Answer with JSON."""
        headers = (("Content-Type", "application/json"),)
        self.answer(HttpResponse(code=code, headers=headers, body=json.dumps(body).encode()))


class Others:
    """Those whom workflows call: they answer when a test says so."""

    def __init__(self) -> None:
        """Start without a request."""
        self.calls: list[Call] = []

    @property
    def network(self) -> Network:
        """The way to them."""
        return Network(sender=self, tokens=self, idempotency_header="Idempotency-Key")

    def submit(self, request: HttpRequest, answer: Callable[[HttpAnswer], None], /) -> Call:
        """Keep a request."""
        self.calls.append(Call(request, answer))
        return self.calls[-1]

    def obtain(
        self, account: str, url: str, auth: HttpAuth, told: Callable[[str | RingbackError], None]
    ) -> None:
        """Tell an ID token that says whose it is; there are no access tokens here."""
        if auth.type == "OIDC":
            told(f"id:{account}:{auth.audience or url}")
        else:
            told(FailedPreconditionError(f"no token of {account} for {url} with {auth.scopes}"))
