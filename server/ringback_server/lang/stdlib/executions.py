"""Executions of other workflows, created and perhaps awaited by this one (SPEC 4).

They are created by this server itself, in the transaction that stores the wait for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ringback_server.errors import InvalidArgumentError
from ringback_server.lang.connector_params import MAX_TIMEOUT, params_of
from ringback_server.lang.effects import Children, ChildRequest
from ringback_server.lang.encoding import encoded
from ringback_server.lang.errors import api_error, type_error, value_error
from ringback_server.lang.execution_requests import requested
from ringback_server.lang.host import Host
from ringback_server.lang.stdlib.registry import Block, Continuation, function
from ringback_server.lang.values import List, Map, Value, text_of, type_name
from ringback_server.model.names import WorkflowName

_EXPERIMENTAL: Final = "experimental.executions"
_CONNECTOR: Final = "googleapis.workflowexecutions.v1.projects.locations.workflows.executions"

#: of the older functions, in seconds
_DEFAULT_TIMEOUT: Final = 1800.0

_NUMBER: Final = "GOOGLE_CLOUD_PROJECT_NUMBER"


@function(f"{_EXPERIMENTAL}.run", blocking=True, keeps=False)
def experimental_run(
    host: Host,
    workflow_id: str,
    location: str | None = None,
    project_id: str | None = None,
    argument: Value = None,
) -> Block:
    """Execute a workflow and return its result; an ExecutionError if it fails."""
    workflow = _workflow(host, workflow_id, location, project_id)
    request = _request(host, f"{_EXPERIMENTAL}.run", workflow, argument)
    return _awaited(host, (request,), "executions.result", "ExecutionError", _DEFAULT_TIMEOUT)


@function(f"{_EXPERIMENTAL}.map", blocking=True, keeps=False)
def experimental_map(
    host: Host,
    workflow_id: str,
    arguments: List,
    timeout: float = _DEFAULT_TIMEOUT,
    location: str | None = None,
    project_id: str | None = None,
) -> Block | list[Value]:
    """Execute a workflow once for each argument and return the results in their order."""
    name = f"{_EXPERIMENTAL}.map"
    workflow = _workflow(host, workflow_id, location, project_id)
    _check_timeout(name, timeout)
    if len(arguments) > host.limits.children:
        raise value_error(f"{name}(): at most {host.limits.children} arguments are allowed")
    requests = tuple(_request(host, name, workflow, argument) for argument in arguments)
    if not requests:
        return []
    return _awaited(host, requests, "executions.results", "ExecutionError", timeout)


@function(f"{_CONNECTOR}.run", blocking=True, keeps=False)
def run(
    host: Host,
    workflow_id: str,
    location: str | None = None,
    project_id: str | None = None,
    argument: Value = None,
    connector_params: Map | None = None,
) -> Block:
    """Execute a workflow and return its result; an OperationError if it fails."""
    name = f"{_CONNECTOR}.run"
    # Nothing is polled, and no token is needed: the rest has no effect.
    params = params_of(name, connector_params)
    workflow = _workflow(host, workflow_id, location, project_id)
    request = _request(host, name, workflow, argument)
    if params.skip_polling:
        return _created(request)
    return _awaited(host, (request,), "executions.result", "OperationError", params.timeout)


@function(f"{_CONNECTOR}.create", blocking=True, keeps=False)
def create(host: Host, parent: str, body: Map, connector_params: Map | None = None) -> Block:
    """Create an execution and return it as the REST interface shows it, without waiting."""
    params_of(f"{_CONNECTOR}.create", connector_params)
    workflow = _parsed(host, parent)
    return _created(requested(workflow, body, host.limits.argument_bytes))


def _workflow(
    host: Host, workflow_id: str, location: str | None, project_id: str | None
) -> WorkflowName:
    own = host.context.name
    place = f"projects/{project_id or own.project}/locations/{location or own.location}"
    return _parsed(host, f"{place}/workflows/{workflow_id}")


def _parsed(host: Host, text: str) -> WorkflowName:
    """Read a workflow's name; the number of this execution's project stands for its id."""
    try:
        name = WorkflowName.parse(text, "parent")
    except InvalidArgumentError as error:
        raise api_error(400, "INVALID_ARGUMENT", error.message) from None
    context = host.context
    if name.project == context.environment.get(_NUMBER):
        return WorkflowName(context.name.project, name.location, name.workflow)
    return name


def _request(host: Host, function_: str, workflow: WorkflowName, argument: Value) -> ChildRequest:
    if not isinstance(argument, (str, int, float, Map, List, type(None))):
        raise type_error(f"{function_}(): 'argument' must not be {type_name(argument)}")
    text = encoded(argument)
    most = host.limits.argument_bytes
    host.charge(1 + len(text) // 256)
    if len(text.encode()) > most:
        message = f"argument must have at most {most} bytes"
        raise api_error(400, "INVALID_ARGUMENT", message)
    return ChildRequest(workflow=workflow, argument=text)


def _awaited(
    host: Host, requests: Sequence[ChildRequest], name: str, tag: str, timeout: float
) -> Block:
    return Block(
        children=Children(requests=tuple(requests), awaited=True),
        deadline=host.after(timeout),
        expiry=f"the execution did not end within {text_of(timeout)} s",
        continuation=Continuation(name, Map.of([("tag", tag)])),
    )


def _created(request: ChildRequest) -> Block:
    return Block(
        children=Children(requests=(request,), awaited=False),
        continuation=Continuation("executions.created", Map.of(())),
    )


def _check_timeout(function_: str, timeout: float) -> None:
    if not 0 < timeout <= MAX_TIMEOUT:
        raise value_error(f"{function_}(): 'timeout' must be above 0 s and at most a year")
