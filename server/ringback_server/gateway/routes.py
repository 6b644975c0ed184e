"""Which part of the HTTP edge answers which path."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive

from ringback_server.api.admission import Admission
from ringback_server.api.google_names import google_pool
from ringback_server.api.requests import Requests
from ringback_server.api.table import SERVICES, Service
from ringback_server.auth.oauth.server import AuthorizationServer
from ringback_server.gateway.account_keys import account_keys
from ringback_server.gateway.answers import Answer
from ringback_server.gateway.callbacks import CallbackUrls
from ringback_server.gateway.exchange import Endpoint, HttpRequest, Respond, Streamed
from ringback_server.gateway.oauth_routes import Providers, oauth_routes
from ringback_server.gateway.openapi.document import PATH as OPENAPI_PATH
from ringback_server.gateway.openapi.endpoint import DocumentEndpoint
from ringback_server.gateway.rest import Rest
from ringback_server.gateway.workers import Workers


@dataclass(frozen=True, slots=True)
class _Resources:
    """Everything below /v1/: chosen by the path as it was sent, which Starlette does not keep."""

    callback_urls: CallbackUrls
    rest: Rest

    async def respond(self, request: HttpRequest, receive: Receive) -> Answer | Streamed:
        """Answer one request."""
        part = self.callback_urls if self.callback_urls.match(request.raw_path) else self.rest
        return await part.respond(request, receive)


def resources(
    admission: Admission, workers: Workers, services: Iterable[Service] = SERVICES
) -> Respond:
    """Return what answers requests for resources: callback URLs and REST, and nothing else."""
    rest = Rest(services, admission, workers, google_pool())
    return _Resources(CallbackUrls(admission, workers), rest).respond


def application(
    admission: Admission,
    oauth: AuthorizationServer,
    workers: Workers,
    services: Iterable[Service] = SERVICES,
    *,
    requests: Requests | None = None,
    probes: Iterable[Route] = (),
    providers: Providers | None = None,
) -> ASGIApp:
    """Make the ASGI application.

    `oauth` answers at the OAuth endpoints; `requests` tells of all; `probes` are more routes;
    people log in through `providers`.
    """
    requests = requests or Requests()
    # Routes that are applications, not functions, get requests of every method as they are.
    return Router(
        routes=[
            *probes,
            *oauth_routes(oauth, admission.backend, workers, requests, providers or Providers()),
            Route(
                OPENAPI_PATH,
                Endpoint(DocumentEndpoint(services, workers).respond, requests, "openapi"),
            ),
            *(
                Route(path, Endpoint(endpoint.respond, requests, "account_keys"))
                for path, endpoint in account_keys(admission.backend.managed_keys, workers).items()
            ),
        ],
        default=Endpoint(resources(admission, workers, services), requests),
        redirect_slashes=False,
    )
