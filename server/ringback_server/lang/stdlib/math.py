"""`math`: numbers."""

from __future__ import annotations

import math

from ringback_server.lang.errors import value_error
from ringback_server.lang.evaluator import int64
from ringback_server.lang.stdlib.registry import function
from ringback_server.lang.values import text_of


@function("math.abs", keeps=False)
def absolute(x: float) -> float:
    """Return a number without its sign; the smallest integer has no such number."""
    return int64(abs(x)) if isinstance(x, int) else abs(x)


@function("math.floor", keeps=False)
def floor(x: float) -> int:
    """Return the largest integer that is not greater."""
    try:
        return int64(math.floor(x))
    except (OverflowError, ValueError):
        raise value_error(f"math.floor(): {text_of(x)} is not an integer") from None


@function("math.max", keeps=False)
def largest(x: float, y: float) -> float:
    """Return the greater of two numbers."""
    return max(x, y)


@function("math.min", keeps=False)
def smallest(x: float, y: float) -> float:
    """Return the smaller of two numbers."""
    return min(x, y)
