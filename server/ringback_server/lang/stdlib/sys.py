"""`sys`: the environment, the clock, the log."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from ringback_server.lang.encoding import encoded
from ringback_server.lang.errors import type_error, value_error
from ringback_server.lang.host import Host
from ringback_server.lang.stdlib.registry import Block, Omitted, function
from ringback_server.lang.values import Map, Value
from ringback_server.model.resources import SEVERITIES

#: seconds; the longest that anything may wait
YEAR = 31_536_000.0


@function("sys.get_env")
def get_env(host: Host, name: str, default: str | None = None) -> str | None:
    """Return an environment variable of the workflow, or the default if it is not set."""
    return host.context.environment.get(name, default)


@function("sys.now")
def now(host: Host) -> float:
    """Return the time in Unix seconds."""
    return host.now


@function("sys.log", blocking=True, keeps=False)
def log(
    host: Host,
    data: Value | Omitted = Omitted.OMITTED,
    severity: str = "DEFAULT",
    text: Value | Omitted = Omitted.OMITTED,
    json: Map | Omitted = Omitted.OMITTED,
    timeout: float | None = None,
) -> None:
    """Write a log entry: a map as JSON, any other data as text."""
    del timeout  # entries are stored together with the state: there is nothing to wait for
    given = [value for value in (data, text, json) if not isinstance(value, Omitted)]
    if len(given) != 1:
        raise type_error("sys.log(): give exactly one of 'data', 'text' and 'json'")
    if severity not in SEVERITIES:
        raise value_error(f"sys.log(): unknown severity {severity[:100]!r}")
    value = given[0]
    structured = isinstance(value, Map) and isinstance(text, Omitted)
    written = value if isinstance(value, str) else encoded(value)
    host.log(severity, written, structured=structured)


@function("sys.sleep", blocking=True, keeps=False)
def sleep(host: Host, seconds: float) -> Block:
    """Wait for some seconds, at most a year."""
    if not 0 <= seconds <= YEAR:
        raise value_error("sys.sleep(): 'seconds' must be from 0 to a year")
    return Block(deadline=host.after(seconds))


@function("sys.sleep_until", blocking=True, keeps=False)
def sleep_until(host: Host, time: str) -> Block:
    """Wait until a time in ISO 8601, at most a year ahead; without an offset it is UTC."""
    try:
        moment = datetime.fromisoformat(time)
        deadline = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise value_error(f"sys.sleep_until(): {time[:100]!r} is not a time") from None
    if deadline - host.now > YEAR or not math.isfinite(deadline):
        raise value_error("sys.sleep_until(): 'time' is more than a year ahead")
    return Block(deadline=max(deadline, host.now))
