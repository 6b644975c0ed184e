"""`connector_params`: what a call of a connector may say about how it is made (SPEC 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ringback_server.lang.errors import type_error, value_error
from ringback_server.lang.http_messages import auth_of
from ringback_server.lang.problems import nearest
from ringback_server.lang.values import Map, Value, type_name

#: the name of the argument
ARGUMENT: Final = "connector_params"
#: seconds: a year
MAX_TIMEOUT: Final = 31_536_000.0
_PARAMS: Final = ("timeout", "polling_policy", "skip_polling", "scopes")
_POLICY: Final = ("initial_delay", "multiplier", "max_delay")


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """How a call is made; times are in seconds."""

    timeout: float = 1_800.0
    initial_delay: float = 1.0
    multiplier: float = 1.25
    max_delay: float = 60.0
    skip_polling: bool = False
    scopes: tuple[str, ...] = ()


_DEFAULT: Final = Params()


def params_of(name: str, given: Value) -> Params:
    """Read the argument; raises a TypeError or a ValueError."""
    params = _map(name, ARGUMENT, given, _PARAMS)
    policy = _map(name, "connector_params.polling_policy", params.get("polling_policy"), _POLICY)
    skip = params.get("skip_polling")
    if skip is not None and not isinstance(skip, bool):
        raise type_error(f"{name}(): skip_polling must be a boolean, not {type_name(skip)}")
    scopes = params.get("scopes")
    auth = auth_of(Map.of([("type", "OAuth2"), ("scopes", scopes)]))
    longest = _number(name, policy, "max_delay", _DEFAULT.max_delay)
    return Params(
        timeout=_number(name, params, "timeout", _DEFAULT.timeout, most=MAX_TIMEOUT),
        initial_delay=min(_number(name, policy, "initial_delay", _DEFAULT.initial_delay), longest),
        multiplier=_number(name, policy, "multiplier", _DEFAULT.multiplier, least=1.0),
        max_delay=longest,
        skip_polling=bool(skip),
        scopes=auth.scopes if auth else (),
    )


def _map(name: str, what: str, given: Value, known: tuple[str, ...]) -> Map:
    if given is None:
        return Map.of(())
    if not isinstance(given, Map):
        raise type_error(f"{name}(): '{what}' must be a map, not {type_name(given)}")
    for key in given:
        if key not in known:
            hint = nearest(key, known) or f"; it has {', '.join(known)}"
            raise value_error(f"{name}(): '{what}' has no '{key[:100]}'{hint}")
    return given


def _number(
    name: str,
    given: Map,
    key: str,
    default: float,
    *,
    least: float | None = None,
    most: float = MAX_TIMEOUT,
) -> float:
    value = given.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise type_error(f"{name}(): '{key}' must be a number, not {type_name(value)}")
    too_small = value <= 0 if least is None else value < least
    if too_small or not value <= most:
        above = "above 0" if least is None else f"at least {least:g}"
        raise value_error(f"{name}(): '{key}' must be {above} and at most {most:.0f}")
    return float(value)
