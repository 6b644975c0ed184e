"""`retry`: predicates and the default backoff (SPEC 1.8)."""

from __future__ import annotations

from collections.abc import Mapping

from ringback_server.lang.retrying import INITIAL_DELAY, MAX_DELAY, MULTIPLIER
from ringback_server.lang.stdlib.registry import function
from ringback_server.lang.values import Map, Reference, Value

DEFAULT_BACKOFF = Map.of(
    [("initial_delay", INITIAL_DELAY), ("max_delay", MAX_DELAY), ("multiplier", MULTIPLIER)]
)

CONSTANTS: Mapping[str, Value] = {
    "retry.always": Reference("retry.always"),
    "retry.never": Reference("retry.never"),
    "retry.default_backoff": DEFAULT_BACKOFF,
}


@function("retry.always", keeps=False)
def always(exception: Value) -> bool:
    """Retry after any error."""
    del exception
    return True


@function("retry.never", keeps=False)
def never(exception: Value) -> bool:
    """Retry after no error."""
    del exception
    return False
