"""Warnings about calls of connectors: names that no service has, arguments that none takes."""

from __future__ import annotations

from collections.abc import Iterator

from ringback_server.lang.connector_helpers import HELPERS
from ringback_server.lang.connector_params import ARGUMENT
from ringback_server.lang.connector_requests import accepts, argument_names
from ringback_server.lang.connectors import Connectors, is_connector
from ringback_server.lang.errors import WorkflowError
from ringback_server.lang.findings import CONNECTOR_ARGUMENT, UNKNOWN_CONNECTOR, Finding
from ringback_server.lang.problems import nearest, shown
from ringback_server.lang.stdlib import FUNCTIONS
from ringback_server.lang.steps import CallStep, Routine
from ringback_server.lang.traversal import bodies_below
from ringback_server.lang.values import Map


def connector_warnings(routine: Routine, connectors: Connectors) -> Iterator[Finding]:
    """Yield what there is to say of a routine's calls of connectors."""
    for step, body in bodies_below(routine.steps):
        if not isinstance(body, CallStep) or body.function in FUNCTIONS:
            continue
        if is_connector(body.function):
            yield from _in_call(body, step.name, connectors)


def _in_call(call: CallStep, step: str, connectors: Connectors) -> Iterator[Finding]:
    try:
        method = connectors.method(call.function)
    except WorkflowError as error:
        yield Finding(
            rule=UNKNOWN_CONNECTOR,
            message=_message(error),
            position=call.function_position,
            step=step,
        )
        return
    if method is None or call.function in HELPERS:
        return
    names = [name for name, _ in call.arguments if name is not None]
    for name, position in zip(names, call.argument_positions, strict=False):
        if name != ARGUMENT and not accepts(method, name):
            known = argument_names(method)
            hint = nearest(name, known) or f"; it has {', '.join(known) or 'no arguments'}"
            message = f"the connector has no argument '{shown(name)}'{hint}"
            yield Finding(rule=CONNECTOR_ARGUMENT, message=message, position=position, step=step)
    for name, argument in method.resource.arguments.items():
        if argument.required and name not in names:
            message = f"the connector needs an argument '{name}'"
            position = call.function_position
            yield Finding(rule=CONNECTOR_ARGUMENT, message=message, position=position, step=step)


def _message(error: WorkflowError) -> str:
    message = error.value.get("message") if isinstance(error.value, Map) else error.value
    return str(message).removeprefix("ValueError: ")
