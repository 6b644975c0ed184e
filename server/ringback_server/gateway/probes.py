"""What machines ask about the server itself: does it live, is it ready, what are its numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive

from ringback_server.api.admission import Admission
from ringback_server.api.requests import Requests
from ringback_server.control import monitoring
from ringback_server.errors import MethodNotAllowedError
from ringback_server.gateway.answers import Answer, json_answer
from ringback_server.gateway.exchange import Endpoint, HttpRequest
from ringback_server.gateway.guards import names_us
from ringback_server.gateway.workers import Workers

_NO_STORE = (("Cache-Control", "no-store"),)
_METRICS_TYPE = "text/plain; version=1.0.0; charset=utf-8"


class Readiness(Protocol):
    """Knows whether requests should come here."""

    def trouble(self) -> str | None:
        """Return why not, None if they should; may take a moment."""
        ...


#: returns if a request may be answered; raises UnauthenticatedError or PermissionDeniedError
Guard = Callable[[HttpRequest], None]


def anyone(_request: HttpRequest) -> None:
    """Let everybody read metrics: the network is the guard."""


def by_token(admission: Admission) -> Guard:
    """Ask for a token whose account may read metrics."""

    def check(request: HttpRequest) -> None:
        caller = admission.admit(request.authorization)
        monitoring.read(caller, monitoring.SERVER)

    return check


def by_machine(admission: Admission) -> Guard:
    """Let this machine read metrics, on a port that nobody else reaches.

    Who calls the server by another name, as the page of a browser may, is asked for a token.
    """
    ask = by_token(admission)

    def check(request: HttpRequest) -> None:
        if not names_us(request.header("host")):
            ask(request)

    return check


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    """Answers `/healthz`, `/readyz` and `/metrics`."""

    readiness: Readiness
    #: makes the text of all metrics
    render: Callable[[], bytes]
    #: what an operator should see to, though requests can come
    warnings: Callable[[], Sequence[str]] = tuple

    def routes(self, workers: Workers, requests: Requests, guard: Guard) -> list[Route]:
        """Return the routes; the guard says who may read metrics."""
        answers = _Answers(self, workers, guard)
        return [
            Route("/healthz", Endpoint(answers.live, requests, "healthz")),
            Route("/readyz", Endpoint(answers.ready, requests, "readyz")),
            Route("/metrics", Endpoint(answers.metrics, requests, "metrics")),
        ]


@dataclass(frozen=True, slots=True)
class _Answers:
    probes: Probes
    workers: Workers
    guard: Guard

    async def live(self, request: HttpRequest, _receive: Receive) -> Answer:
        """Say that the process answers; nothing else is looked at."""
        _check_method(request)
        return json_answer({"status": "ok"}, headers=_NO_STORE)

    async def ready(self, request: HttpRequest, _receive: Receive) -> Answer:
        """Say whether requests should come here, and if not, why."""
        _check_method(request)
        trouble = await self.workers.run(self.probes.readiness.trouble)
        if trouble is None:
            warnings = [*self.probes.warnings()]
            found = {"status": "ok", **({"warnings": warnings} if warnings else {})}
            return json_answer(found, headers=_NO_STORE)
        return json_answer(
            {"status": "unavailable", "reason": trouble},
            status=HTTPStatus.SERVICE_UNAVAILABLE,
            headers=_NO_STORE,
        )

    async def metrics(self, request: HttpRequest, _receive: Receive) -> Answer:
        """Give out the numbers."""
        _check_method(request)
        return await self.workers.run(lambda: self._metrics(request))

    def _metrics(self, request: HttpRequest) -> Answer:
        self.guard(request)
        return Answer(body=self.probes.render(), content_type=_METRICS_TYPE, headers=_NO_STORE)


def _check_method(request: HttpRequest) -> None:
    if request.method not in {"GET", "HEAD"}:
        raise MethodNotAllowedError("This resource takes GET.", allow="GET, HEAD")


def probes_only(probes: Probes, workers: Workers, requests: Requests) -> ASGIApp:
    """Make an application for a port of its own, where metrics take no token."""
    return Router(routes=probes.routes(workers, requests, anyone), redirect_slashes=False)
