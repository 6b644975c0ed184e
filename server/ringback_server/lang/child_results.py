"""What calls of `executions` result in, once their executions were created or have ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ringback_server.lang.effects import Event, Finished, Refused
from ringback_server.lang.errors import (
    StateError,
    WorkflowError,
    api_error,
    memory_limit_error,
)
from ringback_server.lang.execution_values import shown
from ringback_server.lang.host import Host
from ringback_server.lang.memory import check_depth
from ringback_server.lang.values import List, Map, Value, from_json
from ringback_server.model.resources import Execution, ExecutionState

#: bytes of JSON text that count like one step
_BYTES_PER_STEP = 256


def _result(host: Host, data: Map, event: Event) -> Value:
    """Return the result of the one execution; raises OperationError or ExecutionError."""
    (execution,) = _executions(event)
    return _result_of(host, data, execution)


def _results(host: Host, data: Map, event: Event) -> Value:
    """Return the results of all executions in their order; the first that failed is raised."""
    executions = _executions(event)
    for execution in executions:
        if execution.state is not ExecutionState.SUCCEEDED:
            _result_of(host, data, execution)
    results = List.of([_result_of(host, data, execution) for execution in executions])
    check_depth(results)
    return results


def _created(_host: Host, _data: Map, event: Event) -> Value:
    """Return the execution itself."""
    (execution,) = _executions(event)
    return shown(execution)


CONTINUATIONS: Mapping[str, Callable[[Host, Map, Event], Value]] = MappingProxyType(
    {
        "executions.result": _result,
        "executions.results": _results,
        "executions.created": _created,
    }
)


def _executions(event: Event) -> tuple[Execution, ...]:
    if isinstance(event, Refused):
        raise api_error(event.code, event.status, event.message)
    if not isinstance(event, Finished):
        raise StateError(f"executions end with no {type(event).__name__}")
    return event.executions


def _result_of(host: Host, data: Map, execution: Execution) -> Value:
    if execution.state is not ExecutionState.SUCCEEDED:
        message = "Execution failed or cancelled."
        tags = List.of((data["tag"],))
        error = Map.of([("message", message), ("tags", tags), ("operation", shown(execution))])
        if error.size > host.limits.memory_bytes:
            raise memory_limit_error()
        raise WorkflowError(error)
    if not host.result_wanted:
        return None
    if execution.result is None:
        # Whoever drives this machine leaves out what would never fit.
        raise memory_limit_error()
    host.charge(len(execution.result) // _BYTES_PER_STEP)
    return from_json(execution.result)
