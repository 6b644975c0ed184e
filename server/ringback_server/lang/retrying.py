"""Retry policies: how often a block runs again, and after how long (SPEC 1.8, 10.11)."""

from __future__ import annotations

import math

from ringback_server.lang.errors import type_error, value_error
from ringback_server.lang.evaluator import is_number
from ringback_server.lang.host import Slots
from ringback_server.lang.program import Evaluate, Policy
from ringback_server.lang.values import Map, Value, type_name

_MAX_RETRIES = 5
INITIAL_DELAY = 1.0
MAX_DELAY = 60.0
MULTIPLIER = 1.25


def policy_in(slot: int) -> Policy:
    """Return the policy that a variable holds as a map."""
    return Policy(
        max_retries=_field(slot, "max_retries"),
        initial_delay=_field(slot, "backoff", "initial_delay"),
        max_delay=_field(slot, "backoff", "max_delay"),
        multiplier=_field(slot, "backoff", "multiplier"),
    )


def predicate_in(slot: int) -> Evaluate:
    """Return a closure for the predicate of the policy that a variable holds as a map."""
    return _field(slot, "predicate")


def delay(policy: Policy, slots: Slots, attempt: int) -> float | None:
    """Return the seconds before the `attempt`-th retry (from 1), None if there is none.

    Raises TypeError and ValueError for fields that will not do.
    """
    allowed = policy.max_retries(slots)
    if allowed is None:
        allowed = _MAX_RETRIES
    if isinstance(allowed, bool) or not isinstance(allowed, int):
        raise type_error(f"max_retries must be an integer, not {type_name(allowed)}")
    initial = _seconds("initial_delay", policy.initial_delay(slots), INITIAL_DELAY)
    longest = _seconds("max_delay", policy.max_delay(slots), MAX_DELAY)
    factor = _seconds("multiplier", policy.multiplier(slots), MULTIPLIER)
    if attempt > allowed:
        return None
    return _grown(initial, factor, longest, attempt)


def default_delay(attempt: int) -> float | None:
    """Return the seconds before the `attempt`-th retry by the policies that `http` has ready."""
    if attempt > _MAX_RETRIES:
        return None
    return _grown(INITIAL_DELAY, MULTIPLIER, MAX_DELAY, attempt)


def _grown(initial: float, factor: float, longest: float, attempt: int) -> float:
    try:
        return min(initial * factor ** (attempt - 1), longest)
    except OverflowError:
        return longest


def _seconds(name: str, value: Value, default: float) -> float:
    if value is None:
        return default
    if not is_number(value):
        raise type_error(f"{name} must be a number, not {type_name(value)}")
    if not math.isfinite(value) or value < 0:
        raise value_error(f"{name} must be a positive number")
    return float(value)


def _field(slot: int, *keys: str) -> Evaluate:
    def run(slots: Slots) -> Value:
        value: Value = slots[slot]
        for key in keys:
            if not isinstance(value, Map):
                raise type_error(f"a retry policy must be a map, not {type_name(value)}")
            value = value.get(key)
            if value is None:
                return None
        return value

    return run
