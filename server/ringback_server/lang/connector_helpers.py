"""Connectors that are simpler than the methods they call, as Google has them (SPEC 4)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ringback_server.lang.errors import tagged, type_error, value_error
from ringback_server.lang.values import Map, Value, type_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Helper:
    """What a helper takes and returns instead of a method's own arguments and result."""

    #: the connector of the method
    calls: str
    #: in positional order, with whether each is required
    arguments: Mapping[str, bool]
    #: makes the method's arguments of the helper's, and the id of the current project
    given: Callable[[Map, str], Map]
    #: makes the helper's result of the method's
    returned: Callable[[Value], Value]


def helper_arguments(name: str, arguments: Map, project: str) -> Map:
    """Return the arguments of the method that a helper calls.

    Raises TypeErrors for arguments that are missing, unknown or of a wrong kind.
    """
    known = HELPERS[name].arguments
    for given in arguments:
        if given not in known:
            names = ", ".join(known)
            raise type_error(f"{name}(): there is no argument '{given[:100]}'; it has {names}")
    for needed, required in known.items():
        if required and arguments.get(needed) is None:
            raise type_error(f"{name}(): argument '{needed}' is missing")
    return HELPERS[name].given(arguments, project)


def _secret(arguments: Map, project: str) -> str:
    chosen = arguments.get("project_id")
    return f"projects/{_text('project_id', chosen or project)}/secrets/" + _text(
        "secret_id", arguments.get("secret_id")
    )


def _version(arguments: Map, project: str) -> Map:
    version = arguments.get("version")
    if isinstance(version, int) and not isinstance(version, bool):
        version = str(version)
    chosen = _text("version", version or "latest")
    return Map.of([("name", f"{_secret(arguments, project)}/versions/{chosen}")])


def _of_text(arguments: Map, project: str) -> Map:
    return _added(arguments, project, _text("data", arguments.get("data")).encode())


def _of_bytes(arguments: Map, project: str) -> Map:
    data = arguments.get("data")
    if not isinstance(data, bytes):
        raise type_error(f"'data' must be bytes, not {type_name(data)}")
    return _added(arguments, project, data)


def _added(arguments: Map, project: str, data: bytes) -> Map:
    payload = Map.of([("data", base64.b64encode(data).decode())])
    body = Map.of([("payload", payload)])
    return Map.of([("parent", _secret(arguments, project)), ("body", body)])


def _bytes(answer: Value) -> bytes:
    payload = answer.get("payload") if isinstance(answer, Map) else None
    # Without `data` it is empty: JSON of protocol buffers leaves out what is.
    data = payload.get("data", "") if isinstance(payload, Map) else None
    try:
        if isinstance(data, str):
            return base64.b64decode(data, validate=True)
    except ValueError:
        pass
    message = "ResponseTypeError: the answer has no payload.data in base64"
    raise tagged(message, "ResponseTypeError")


def _string(answer: Value) -> str:
    try:
        return _bytes(answer).decode()
    except UnicodeError:
        raise value_error("the secret is not valid UTF-8") from None


def _text(name: str, value: Value) -> str:
    if isinstance(value, str):
        return value
    raise type_error(f"'{name}' must be a string, not {type_name(value)}")


def _as_it_is(answer: Value) -> Value:
    return answer


_SECRETS: Final = "googleapis.secretmanager.v1.projects.secrets"
_ADD_VERSION: Final = f"{_SECRETS}.addVersion"
_ACCESS: Final = {"secret_id": True, "version": False, "project_id": False}
_ADD: Final = {"secret_id": True, "data": True, "project_id": False}

#: by the names that workflows use
HELPERS: Final[Mapping[str, Helper]] = MappingProxyType(
    {
        f"{_SECRETS}.versions.accessString": Helper(
            calls=f"{_SECRETS}.versions.access", arguments=_ACCESS, given=_version, returned=_string
        ),
        f"{_SECRETS}.addVersionString": Helper(
            calls=_ADD_VERSION, arguments=_ADD, given=_of_text, returned=_as_it_is
        ),
        f"{_SECRETS}.addVersionBytes": Helper(
            calls=_ADD_VERSION, arguments=_ADD, given=_of_bytes, returned=_as_it_is
        ),
    }
)
