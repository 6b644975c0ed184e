"""Warnings about calls of connectors: names that no service has, arguments that none takes.

And about two arguments of `http` functions: `auth`, which is as much of a map, and one that no
server can act on, `private_service_name`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial

from ringback_server.lang.connector_helpers import HELPERS
from ringback_server.lang.connector_params import ARGUMENT, params_of
from ringback_server.lang.connector_requests import (
    accepts,
    argument_names,
    check_argument,
    check_places,
)
from ringback_server.lang.connectors import Connectors, Method, is_connector
from ringback_server.lang.errors import WorkflowError
from ringback_server.lang.expressions import Expression, Position
from ringback_server.lang.findings import (
    CONNECTOR_ARGUMENT,
    HTTP_AUTH,
    PRIVATE_SERVICE,
    UNKNOWN_CONNECTOR,
    Finding,
    Rule,
)
from ringback_server.lang.http_messages import NO_PRIVATE_SERVICE, auth_of
from ringback_server.lang.known_values import Unknown, is_whole, known_value
from ringback_server.lang.problems import nearest, shown
from ringback_server.lang.stdlib import FUNCTIONS
from ringback_server.lang.steps import CallStep, Routine
from ringback_server.lang.traversal import bodies_below
from ringback_server.lang.values import Map, Value, type_name

_AUTH, _TYPE = "auth", "type"
_PRIVATE_SERVICE = "private_service_name"
_TAG = re.compile(r"\w+Error: ")


def connector_warnings(routine: Routine, connectors: Connectors) -> Iterator[Finding]:
    """Yield what there is to say of a routine's calls of connectors, and of its requests."""
    for step, body in bodies_below(routine.steps):
        if not isinstance(body, CallStep):
            continue
        call = _Call(body.function, step.name, body.function_position, _arguments(body))
        if call.function.startswith("http."):
            yield from _in_auth(call)
            yield from _in_private_service(call)
        elif is_connector(call.function):
            yield from _in_params(call)
            if call.function not in FUNCTIONS:
                yield from _in_connector(call, connectors)


@dataclass(frozen=True, slots=True)
class _Argument:
    """A named argument: where its name stands, and what is known of it."""

    expression: Expression
    position: Position

    @property
    def value(self) -> Value | Unknown:
        return known_value(self.expression)


@dataclass(frozen=True, slots=True)
class _Call:
    function: str
    step: str
    position: Position
    arguments: dict[str, _Argument]

    def finding(self, rule: Rule, message: str, position: Position | None = None) -> Finding:
        """Return what there is to say, by default of the whole call."""
        where = position or self.position
        return Finding(rule=rule, message=message, position=where, step=self.step)

    def refused(
        self, rule: Rule, check: Callable[[], object], position: Position | None = None
    ) -> Iterator[Finding]:
        """Yield what a check raises, if it does."""
        try:
            check()
        except WorkflowError as error:
            message = error.value.get("message") if isinstance(error.value, Map) else error.value
            own = _TAG.sub("", str(message), count=1).removeprefix(f"{self.function}(): ")
            yield self.finding(rule, own, position)


def _arguments(call: CallStep) -> dict[str, _Argument]:
    named = zip(call.arguments, call.argument_positions, strict=False)
    return {
        name: _Argument(expression, position)
        for (name, expression), position in named
        if name is not None
    }


def _in_auth(call: _Call) -> Iterator[Finding]:
    argument = call.arguments.get(_AUTH)
    if argument is None or isinstance(value := argument.value, Unknown) or value is None:
        return
    if not isinstance(value, Map):
        message = f"'{_AUTH}' must be a map, not {type_name(value)}"
        yield call.finding(HTTP_AUTH, message, argument.position)
    elif _TYPE in value or is_whole(argument.expression):
        # A type that only a run can tell may be any.
        yield from call.refused(HTTP_AUTH, partial(auth_of, value), argument.position)


def _in_private_service(call: _Call) -> Iterator[Finding]:
    argument = call.arguments.get(_PRIVATE_SERVICE)
    if argument is not None and argument.value is not None:
        yield call.finding(PRIVATE_SERVICE, NO_PRIVATE_SERVICE, argument.position)


def _in_params(call: _Call) -> Iterator[Finding]:
    argument = call.arguments.get(ARGUMENT)
    if argument and not isinstance(value := argument.value, Unknown):
        check = partial(params_of, call.function, value)
        yield from call.refused(CONNECTOR_ARGUMENT, check, argument.position)


def _in_connector(call: _Call, connectors: Connectors) -> Iterator[Finding]:
    try:
        method = connectors.method(call.function)
    except WorkflowError as error:
        yield from call.refused(UNKNOWN_CONNECTOR, partial(_raise, error))
        return
    if method is not None and call.function not in HELPERS:
        own = {name: one for name, one in call.arguments.items() if name != ARGUMENT}
        yield from _in_method(call, own, method)


def _raise(error: WorkflowError) -> None:
    raise error


def _in_method(call: _Call, own: dict[str, _Argument], method: Method) -> Iterator[Finding]:
    unknown = [name for name in own if not accepts(method, name)]
    yield from _unknown(call, unknown, argument_names(method))
    arguments = method.resource.arguments
    yield from _missing(call, [name for name, one in arguments.items() if one.required])
    for name, argument in own.items():
        if name not in unknown and not isinstance(value := argument.value, Unknown):
            check = partial(check_argument, method, name, value)
            yield from call.refused(CONNECTOR_ARGUMENT, check, argument.position)
    known = {
        name: value for name, one in own.items() if not isinstance(value := one.value, Unknown)
    }
    yield from call.refused(CONNECTOR_ARGUMENT, partial(check_places, method, known))


def _unknown(call: _Call, names: Collection[str], known: Collection[str]) -> Iterator[Finding]:
    for name in names:
        hint = nearest(name, known) or f"; it has {', '.join(known) or 'no arguments'}"
        message = f"the connector has no argument '{shown(name)}'{hint}"
        yield call.finding(CONNECTOR_ARGUMENT, message, call.arguments[name].position)


def _missing(call: _Call, needed: Collection[str]) -> Iterator[Finding]:
    for name in needed:
        if name not in call.arguments or call.arguments[name].value is None:
            yield call.finding(CONNECTOR_ARGUMENT, f"the connector needs an argument '{name}'")
