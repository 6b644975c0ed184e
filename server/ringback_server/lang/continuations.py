"""How functions that wait more than once go on (`registry.Continuation`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ringback_server.lang import child_results
from ringback_server.lang.effects import Event
from ringback_server.lang.host import Host
from ringback_server.lang.stdlib import connector_calls
from ringback_server.lang.stdlib.registry import Block, Continuation
from ringback_server.lang.values import Map, Value

#: returns a result, or what to wait for next; raises WorkflowError
_GoOn = Callable[[Host, Map, Event], Value | Block]

CONTINUATIONS: Mapping[str, _GoOn] = MappingProxyType(
    {**child_results.CONTINUATIONS, **connector_calls.CONTINUATIONS}
)


def go_on(host: Host, continuation: Continuation, event: Event) -> Value | Block:
    """Return what a call results in after an event, or what it waits for next."""
    return CONTINUATIONS[continuation.name](host, continuation.data, event)
