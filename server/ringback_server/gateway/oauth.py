"""The OAuth endpoints that programs talk to, and the documents that say what there is.

The token endpoint (RFC 6749), device authorization (RFC 8628), introspection (RFC 7662),
revocation (RFC 7009), Google's tokeninfo, the public keys (RFC 7517) and the metadata (RFC 8414).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starlette.types import Receive

from ringback_server.auth.grants import OAuthError
from ringback_server.auth.oauth.requests import OAuthRequest
from ringback_server.auth.oauth.token_info import TokenInfo
from ringback_server.errors import MethodNotAllowedError
from ringback_server.gateway.answers import Answer, json_answer
from ringback_server.gateway.exchange import HttpRequest
from ringback_server.gateway.oauth_forms import (
    NO_STORE,
    oauth_request,
    query_request,
    read_form,
    refusal,
)
from ringback_server.gateway.workers import Workers

Answers = Callable[[OAuthRequest], Mapping[str, object]]


class FormEndpoint:
    """Takes forms by POST, and answers with JSON that nobody keeps."""

    def __init__(self, answers: Answers, workers: Workers) -> None:
        """Take what answers a request; it raises OAuthError."""
        self._answers = answers
        self._workers = workers

    async def respond(self, request: HttpRequest, receive: Receive) -> Answer:
        """Answer one request."""
        if request.method != "POST":
            raise MethodNotAllowedError("This endpoint takes POST.", allow="POST")
        body = await read_form(request, receive)
        return await self._workers.run(lambda: self._answer(request, body))

    def _answer(self, request: HttpRequest, body: bytes) -> Answer:
        try:
            document = self._answers(oauth_request(request, body))
        except OAuthError as error:
            return refusal(error)
        return json_answer(document, headers=NO_STORE)


class TokenInfoEndpoint:
    """Tells of tokens as Google's tokeninfo does: the token may be in a form or in the URL."""

    def __init__(self, token_info: TokenInfo, workers: Workers, *, legacy: bool) -> None:
        """Take what tells of tokens; `legacy` is the shape of versions 1 and 2."""
        self._token_info = token_info
        self._workers = workers
        self._legacy = legacy

    async def respond(self, request: HttpRequest, receive: Receive) -> Answer:
        """Answer one request."""
        if request.method not in {"GET", "HEAD", "POST"}:
            raise MethodNotAllowedError("This endpoint takes GET.", allow="GET, HEAD, POST")
        body = await read_form(request, receive)
        return await self._workers.run(lambda: self._answer(request, body))

    def _answer(self, request: HttpRequest, body: bytes) -> Answer:
        try:
            posted = bool(body) or (request.method == "POST" and not request.raw_query)
            asked = oauth_request(request, body) if posted else query_request(request)
            document = self._token_info.answer(asked, legacy=self._legacy)
        except OAuthError as error:
            return refusal(error)
        return json_answer(document, headers=NO_STORE)


class DocumentEndpoint:
    """Publishes a document about this server, such as the keys that verify its tokens."""

    def __init__(self, document: Callable[[], Mapping[str, object]], workers: Workers) -> None:
        """Take what makes the document."""
        self._document = document
        self._workers = workers

    async def respond(self, request: HttpRequest, _receive: Receive) -> Answer:
        """Answer one request."""
        if request.method not in {"GET", "HEAD"}:
            raise MethodNotAllowedError("This document takes GET.", allow="GET, HEAD")
        document = await self._workers.run(self._document)
        return json_answer(document, headers=(("Cache-Control", "public, max-age=60"),))
