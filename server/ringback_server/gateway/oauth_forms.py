"""Requests to the OAuth endpoints, read strictly, and how their errors are answered."""

from __future__ import annotations

import math
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.types import Receive

from ringback_server.auth.grants import OAuthError
from ringback_server.auth.oauth.requests import OAuthRequest
from ringback_server.gateway.answers import Answer, json_answer
from ringback_server.gateway.exchange import HttpRequest, read_body

#: nothing of these answers is kept anywhere (RFC 6749, 5.1)
NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))

_FORM = "application/x-www-form-urlencoded"
_MAX_FORM = 64 * 1024
_MAX_FIELDS = 50
_FORM_SECONDS = 30.0
_BASIC = (("WWW-Authenticate", 'Basic realm="ringback", charset="UTF-8"'),)


async def read_form(request: HttpRequest, receive: Receive) -> bytes:
    """Read the body of a form, bounded in size and time."""
    return await read_body(request, receive, _MAX_FORM, _FORM_SECONDS)


def oauth_request(request: HttpRequest, body: bytes) -> OAuthRequest:
    """Make the request that a form stands for; raises OAuthError.

    Parameters are in the body alone: what is in a URL ends up in logs.
    """
    if request.raw_query:
        raise OAuthError("invalid_request", "Parameters go into the body, not into the URL.")
    return _oauth_request(request, form_of(request, body))


def query_request(request: HttpRequest) -> OAuthRequest:
    """Make the request that a query stands for; raises OAuthError."""
    return _oauth_request(request, parameters(request.raw_query))


def form_of(request: HttpRequest, body: bytes) -> dict[str, str]:
    """Return the parameters of a form, each of which is there once; raises OAuthError."""
    kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if kind != _FORM or request.header("content-encoding") is not None:
        raise OAuthError("invalid_request", f"The body must be {_FORM}.")
    try:
        return parameters(body.decode("ascii"))
    except UnicodeDecodeError:
        raise OAuthError("invalid_request", "The body is not a form.") from None


def parameters(encoded: str) -> dict[str, str]:
    """Return percent-encoded parameters, each of which is there once; raises OAuthError."""
    try:
        pairs = parse_qsl(
            encoded, keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict"
        )
    except ValueError:
        raise OAuthError("invalid_request", "The body is not a form.") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise OAuthError("invalid_request", "A parameter is given more than once.")
    return form


def refusal(error: OAuthError) -> Answer:
    """Return the answer for an error (RFC 6749, 5.2)."""
    document: Mapping[str, object] = {
        "error": error.error,
        "error_description": error.description,
    }
    headers: tuple[tuple[str, str], ...] = NO_STORE
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers = (*headers, *_BASIC)
    if error.retry_after is not None:
        headers = (*headers, ("Retry-After", str(math.ceil(error.retry_after))))
    return json_answer(document, status=error.status, headers=headers)


def _oauth_request(request: HttpRequest, form: Mapping[str, str]) -> OAuthRequest:
    given = [value for name, value in request.headers if name == "authorization"]
    if len(given) > 1:
        raise OAuthError("invalid_request", "The header Authorization is given more than once.")
    return OAuthRequest(
        form=form, authorization=given[0] if given else None, address=request.address
    )
