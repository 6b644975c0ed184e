"""The standard library: one module for each namespace (SPEC 4)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ringback_server.lang.stdlib import (
    base64,
    events,
    executions,
    expression_helpers,
    hash_,
    http,
    json,
    list_,
    map_,
    math,
    retry,
    sys,
    text,
    time,
    uuid,
)
from ringback_server.lang.stdlib.registry import Function, registered
from ringback_server.lang.values import Value

#: functions by the names that workflows use
FUNCTIONS: Mapping[str, Function] = MappingProxyType(registered())

#: dotted names that stand for values
CONSTANTS: Mapping[str, Value] = MappingProxyType({**http.CONSTANTS, **retry.CONSTANTS})

__all__ = [
    "CONSTANTS",
    "FUNCTIONS",
    "base64",
    "events",
    "executions",
    "expression_helpers",
    "hash_",
    "http",
    "json",
    "list_",
    "map_",
    "math",
    "retry",
    "sys",
    "text",
    "time",
    "uuid",
]
