"""`http`: the retry policies for requests (SPEC 1.8)."""

from __future__ import annotations

from collections.abc import Mapping

from ringback_server.lang.stdlib.registry import function
from ringback_server.lang.stdlib.retry import DEFAULT_BACKOFF
from ringback_server.lang.values import List, Map, Reference, Value


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
