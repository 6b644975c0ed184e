"""Calls of connectors: each call step has a function of its own, with the arguments it gives."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ringback_server.lang.host import Host
from ringback_server.lang.stdlib.connector_calls import begin
from ringback_server.lang.stdlib.registry import Block, Function, Parameter
from ringback_server.lang.values import Map, Value


def connector(name: str, arguments: Sequence[str]) -> Function:
    """Return the function that calls a connector with arguments of these names."""
    return Function(
        name=name,
        parameters=tuple(
            Parameter(name=one, required=True, default=None, accepts=None) for one in arguments
        ),
        blocking=True,
        keeps_argument=True,
        instant=False,
        takes_host=True,
        implementation=partial(_call, name, tuple(arguments)),
    )


def _call(name: str, names: Sequence[str], host: Host, *values: Value) -> Block:
    return begin(host, name, Map.of(zip(names, values, strict=True)))
