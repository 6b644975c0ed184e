"""What Google's services offer, as far as it is installed, and which calls stubs answer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from ringback_server.connectors.catalog import Linted
from ringback_server.lang.connector_warnings import connector_warnings
from ringback_server.lang.connectors import Method, is_connector
from ringback_server.lang.errors import WorkflowError
from ringback_server.lang.findings import CONNECTOR_ARGUMENT, UNKNOWN_CONNECTOR, Finding
from ringback_server.lang.problems import nearest, shown
from ringback_server.lang.stdlib import FUNCTIONS
from ringback_server.lang.steps import Definition
from ringback_server.lang.values import Map
from ringback_server.local.documents import FieldError

#: what can be told of a call by the beginning of its name
_REQUESTS: Final = "http."
_CONNECTORS: Final = ("googleapis.", "gke.", "experimental.executions.")
_GOOGLE: Final = "googleapis."
#: methods that are sent as GET, where nothing is installed that says so
_READING: Final = ("get", "list")
_REFUSED: Final = (UNKNOWN_CONNECTOR, CONNECTOR_ARGUMENT)
_ANSWERED: Final = "stubs answer http.…, googleapis.…, gke.… and experimental.executions.…"

_OF_REQUESTS: Final = ("url", "method", "headers", "auth", "body")
_HINTS: Final = {"body": ": write args: {body: …}"}


class _Described:
    """Looks up Google's methods; what a local run alone can call, it takes as it is."""

    def method(self, name: str, /) -> Method | None:
        return _catalog().method(name) if name.startswith(_GOOGLE) else None


def connector_findings(definition: Definition) -> list[Finding]:
    """Return what Google's services have against the calls of a definition, in source order."""
    found = [
        finding
        for routine in definition.routines.values()
        for finding in connector_warnings(routine, _Described())
        if finding.rule in _REFUSED
    ]
    return sorted(found, key=lambda one: (one.position.line, one.position.column))


def is_answered(name: str) -> bool:
    """Tell whether a stub answers calls of a function."""
    function = FUNCTIONS.get(name)
    if function is not None:
        return function.blocking and name.startswith((_REQUESTS, *_CONNECTORS))
    return is_connector(name)


def verb_of(name: str) -> str:
    """Return the HTTP verb that a connector sends; guessed from its name if nothing is installed.

    Raises WorkflowError for a connector that there is none of.
    """
    method = _Described().method(name)
    if method is not None:
        return method.verb
    return "GET" if name.rpartition(".")[2] in _READING else "POST"


def is_one_request(name: str) -> bool:
    """Tell whether a connector is known to have ended with the answer to its request.

    Raises WorkflowError for a connector that there is none of.
    """
    method = _Described().method(name)
    return method is not None and method.polling is None


def check_call(name: str | None, given: Sequence[str]) -> None:
    """Raise FieldError for a call that cannot be, and for keys that no such call has.

    `given` are the keys beside its name, in which * stands for anything.
    """
    pattern = name or ""
    wanted = next((key for key in _OF_REQUESTS if key in given), None)
    if pattern.startswith(_CONNECTORS) and wanted is not None:
        hint = _HINTS.get(wanted, ", it has 'args'")
        raise FieldError(wanted, f"a call of {shown(pattern)} has no '{wanted}'{hint}")
    if "args" in given and pattern.startswith(_REQUESTS):
        kinds = "'url', 'method' and 'body'"
        raise FieldError("args", f"a call of {shown(pattern)} is told by {kinds}, not by 'args'")
    if "args" in given and wanted is not None:
        raise FieldError(
            wanted, f"'{wanted}' is of requests and 'args' of others: no call has both"
        )
    if name is not None and "*" not in name and (problem := _problem_of(name)) is not None:
        raise FieldError("call", problem)


def _problem_of(name: str) -> str | None:
    if name in FUNCTIONS and not is_answered(name):
        return f"'{name}' is computed, no stub is asked: {_ANSWERED}"
    if name in FUNCTIONS or (is_connector(name) and not name.startswith(_GOOGLE)):
        return None
    if is_connector(name):
        return _unknown(name)
    hint = nearest(name, filter(is_answered, FUNCTIONS)) or f": {_ANSWERED}"
    return f"there is no function '{shown(name)}'{hint}"


def _unknown(name: str) -> str | None:
    try:
        _catalog().method(name)
    except WorkflowError as error:
        value = error.value
        text = value.get("message") if isinstance(value, Map) else value
        return str(text).removeprefix("ValueError: ")
    return None


@lru_cache(maxsize=1)
def _catalog() -> Linted:
    return Linted()
