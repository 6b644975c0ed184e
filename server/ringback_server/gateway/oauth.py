"""The OAuth token endpoint (RFC 6749) and the public keys of this server (RFC 7517)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.types import Receive

from ringback_server.auth.grants import OAuthError
from ringback_server.errors import MethodNotAllowedError
from ringback_server.gateway.answers import Answer, json_answer
from ringback_server.gateway.exchange import HttpRequest, read_body
from ringback_server.gateway.workers import Workers

_FORM = "application/x-www-form-urlencoded"
_MAX_FORM = 64 * 1024
_MAX_FIELDS = 50
_FORM_SECONDS = 30.0
_NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))

Exchange = Callable[[Mapping[str, str]], Mapping[str, object]]


class TokenEndpoint:
    """Exchanges grants for tokens."""

    def __init__(self, exchange: Exchange, workers: Workers) -> None:
        self._exchange = exchange
        self._workers = workers

    async def respond(self, request: HttpRequest, receive: Receive) -> Answer:
        """Answer one request."""
        if request.method != "POST":
            raise MethodNotAllowedError("The token endpoint takes POST.", allow="POST")
        body = await read_body(request, receive, _MAX_FORM, _FORM_SECONDS)
        return await self._workers.run(lambda: self._answer(request, body))

    def _answer(self, request: HttpRequest, body: bytes) -> Answer:
        try:
            document = self._exchange(_form(request, body))
        except OAuthError as error:
            refusal = {"error": error.error, "error_description": error.description}
            basic = (
                (("WWW-Authenticate", "Basic"),) if error.status == HTTPStatus.UNAUTHORIZED else ()
            )
            return json_answer(refusal, status=error.status, headers=(*_NO_STORE, *basic))
        return json_answer(document, headers=_NO_STORE)


class KeysEndpoint:
    """Publishes the keys that verify this server's tokens."""

    def __init__(self, jwks: Callable[[], Mapping[str, object]], workers: Workers) -> None:
        self._jwks = jwks
        self._workers = workers

    async def respond(self, request: HttpRequest, _receive: Receive) -> Answer:
        """Answer one request."""
        if request.method not in {"GET", "HEAD"}:
            raise MethodNotAllowedError("The key set takes GET.", allow="GET, HEAD")
        document = await self._workers.run(self._jwks)
        return json_answer(document, headers=(("Cache-Control", "public, max-age=300"),))


def _form(request: HttpRequest, body: bytes) -> dict[str, str]:
    kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if kind != _FORM:
        raise OAuthError("invalid_request", f"The body must be {_FORM}.")
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise OAuthError("invalid_request", "The body is not a form.") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise OAuthError("invalid_request", "A parameter is given more than once.")
    return form
