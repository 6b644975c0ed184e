"""`http`: requests, and the retry policies for them (SPEC 1.8, 4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ringback_server.lang.errors import value_error
from ringback_server.lang.http_exchange import HttpRequest
from ringback_server.lang.http_messages import (
    auth_of,
    encode_body,
    given_type,
    request_headers,
    target,
)
from ringback_server.lang.stdlib.registry import Block, function
from ringback_server.lang.stdlib.retry import DEFAULT_BACKOFF
from ringback_server.lang.values import List, Map, Reference, Value

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")

#: the longest timeout, in seconds
MAX_TIMEOUT = 1800


@function("http.get", blocking=True, keeps=False)
def get(
    url: str,
    timeout: float = 300.0,
    headers: Map | None = None,
    query: Map | None = None,
    auth: Map | None = None,
    private_service_name: str | None = None,
    ca_certificate: Value = None,
) -> Block:
    """Send a GET request and return the answer."""
    return request(
        "GET", url, timeout, None, headers, query, auth, private_service_name, ca_certificate
    )


@function("http.request", blocking=True, keeps=False)
def request(
    method: str,
    url: str,
    timeout: float = 300.0,
    body: Value = None,
    headers: Map | None = None,
    query: Map | None = None,
    auth: Map | None = None,
    private_service_name: str | None = None,
    ca_certificate: Value = None,
) -> Block:
    """Send a request with any method and return the answer."""
    if method not in METHODS:
        raise value_error(f"'method' must be one of {', '.join(METHODS)}, not {method[:100]!r}")
    if not 0 < timeout <= MAX_TIMEOUT:
        raise value_error(f"'timeout' must be above 0 s and at most {MAX_TIMEOUT} s")
    if ca_certificate is not None and not isinstance(ca_certificate, bytes):
        raise value_error("'ca_certificate' must be bytes")
    data, content_type = encode_body(body, given_type(headers))
    return Block(
        request=HttpRequest(
            method=method,
            url=target(url, query),
            headers=tuple(request_headers(headers, content_type)),
            body=data,
            timeout=float(timeout),
            ca_certificate=ca_certificate,
            auth=auth_of(auth),
            private_service=private_service_name,
        )
    )


def _with_body(method: str) -> Callable[..., Block]:
    """Return the function, registered, of a method whose requests have bodies."""

    @function(f"http.{method.lower()}", blocking=True, keeps=False)
    def send(
        url: str,
        timeout: float = 300.0,
        body: Value = None,
        headers: Map | None = None,
        query: Map | None = None,
        auth: Map | None = None,
        private_service_name: str | None = None,
        ca_certificate: Value = None,
    ) -> Block:
        return request(
            method, url, timeout, body, headers, query, auth, private_service_name, ca_certificate
        )

    return send


post = _with_body("POST")
put = _with_body("PUT")
patch = _with_body("PATCH")
delete = _with_body("DELETE")


@function("http.default_retry_predicate", keeps=False)
def default_retry_predicate(exception: Value) -> bool:
    """Tell whether an idempotent request may succeed when it is sent again."""
    return _matches(
        exception,
        codes=(429, 502, 503, 504),
        tags=("ConnectionError", "ConnectionFailedError", "TimeoutError"),
    )


@function("http.default_retry_predicate_non_idempotent", keeps=False)
def default_retry_predicate_non_idempotent(exception: Value) -> bool:
    """Tell whether a request that cannot have had an effect may succeed when sent again."""
    return _matches(exception, codes=(429, 503), tags=("ConnectionFailedError",))


def _matches(exception: Value, *, codes: tuple[int, ...], tags: tuple[str, ...]) -> bool:
    if not isinstance(exception, Map):
        return False
    found = exception.get("tags")
    if not isinstance(found, List):
        return False
    return ("HttpError" in found and exception.get("code") in codes) or any(
        tag in found for tag in tags
    )


def _policy(predicate: str) -> Map:
    return Map.of(
        [("predicate", Reference(predicate)), ("max_retries", 5), ("backoff", DEFAULT_BACKOFF)]
    )


CONSTANTS: Mapping[str, Value] = {
    "http.default_retry": _policy("http.default_retry_predicate"),
    "http.default_retry_non_idempotent": _policy("http.default_retry_predicate_non_idempotent"),
    "http.default_retry_predicate": Reference("http.default_retry_predicate"),
    "http.default_retry_predicate_non_idempotent": Reference(
        "http.default_retry_predicate_non_idempotent"
    ),
}
