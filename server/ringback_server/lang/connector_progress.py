"""How far something has come that a connector began, told from what a service answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from urllib.parse import urlencode, urlsplit

from ringback_server.lang.connector_requests import check_shapes, expanded, served
from ringback_server.lang.connectors import Method, Polling, Resource
from ringback_server.lang.errors import WorkflowError, tagged
from ringback_server.lang.urls import absolute_url, has_dot_segments
from ringback_server.lang.values import List, Map, Value

#: what the name of an operation is called where it is looked at
_OPERATION: Final = ("name", "operation", "operationId")
_FAILED: Final = "The long-running operation failed."


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Where an answer says that something has ended, and how.

    A path leads through maps, and through a list of maps to that of a `type`.
    """

    state: tuple[str, ...]
    #: states of something that has ended
    done: tuple[Value, ...]
    #: those of something that has failed
    failed: tuple[Value, ...] = ()
    #: why; if there are no such states, that it is there says that it has failed
    error: tuple[str, ...] = ()
    #: whether an answer without a state is one that has not ended
    silent: bool = False
    #: arguments of the resource that is read, taken from the answer
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


_DATAFLOW_FAILED = ("JOB_STATE_FAILED", "JOB_STATE_CANCELLED")
_ENDED = ("JOB_STATE_DONE", "JOB_STATE_UPDATED", "JOB_STATE_DRAINED", *_DATAFLOW_FAILED)

#: by the names that `Polling` uses, which are part of no packed state
KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "operation": Kind(state=("done",), done=(True,), error=("error",), silent=True),
        "status": Kind(state=("status",), done=("DONE",), error=("error",)),
        "bigquery": Kind(
            state=("status", "state"),
            done=("DONE",),
            error=("status", "errorResult"),
            names={
                "projectId": ("jobReference", "projectId"),
                "jobId": ("jobReference", "jobId"),
                "location": ("jobReference", "location"),
            },
        ),
        "dataflow": Kind(
            state=("currentState",),
            done=_ENDED,
            failed=_DATAFLOW_FAILED,
            silent=True,
            names={"projectId": ("projectId",), "location": ("location",), "jobId": ("id",)},
        ),
        "run": Kind(
            state=("status", "conditions", "Completed", "status"),
            done=("True", "False"),
            failed=("False",),
            error=("status", "conditions", "Completed"),
            silent=True,
        ),
    }
)


def ended(polling: Polling, answer: Value) -> bool:
    """Tell whether something has ended well.

    Raises an OperationError if it has failed, a ResponseTypeError if the answer does not say.
    """
    kind = KINDS[polling.kind]
    if not isinstance(answer, Map):
        raise _unexpected("the answer is not a map")
    state = _at(answer, kind.state)
    if state is None and not kind.silent:
        raise _unexpected(f"the answer has no {'.'.join(kind.state)}")
    if state not in kind.done:
        return False
    error = _at(answer, kind.error) if kind.error else None
    if state in kind.failed if kind.failed else error:
        raise _failure(answer, error)
    return True


def poll_url(
    method: Method, polling: Polling, answer: Value, arguments: Mapping[str, Value]
) -> str:
    """Return where to look how far something has come, always on the method's own server.

    Raises a ResponseTypeError if the answer does not say what to look for.
    """
    if not isinstance(answer, Map):
        raise _unexpected("the answer is not a map")
    method = served(method, arguments)
    link = answer.get("selfLink")
    if isinstance(link, str) and link:
        return _beneath(link, method.root)
    values = _names(polling, answer, arguments)
    for resource in polling.resources:
        if (url := _filled(method, polling, resource, values)) is not None:
            return url
    if polling.prefix:
        template = Resource(template=f"{polling.prefix}{{+name}}", arguments={})
        if (url := _filled(method, polling, template, values)) is not None:
            return url
    raise _unexpected("the answer does not name what it began")


def _names(polling: Polling, answer: Map, arguments: Mapping[str, Value]) -> dict[str, Value]:
    """Return what may stand in a resource's path: the call's arguments and the answer's names."""
    values: dict[str, Value] = {k: v for k, v in arguments.items() if k not in _OPERATION}
    name = answer.get("name")
    if isinstance(name, str):
        values |= dict.fromkeys(_OPERATION, name)
    for key in ("zone", "region"):
        if isinstance(place := answer.get(key), str) and place:
            values[key] = place.rsplit("/", 1)[-1]
    for key, path in KINDS[polling.kind].names.items():
        if (found := _at(answer, path)) is not None:
            values[key] = found
    if polling.kind == "run":
        namespace, name = (_at(answer, ("metadata", key)) for key in ("namespace", "name"))
        if isinstance(namespace, str) and isinstance(name, str):
            values["name"] = f"namespaces/{namespace}/executions/{name}"
    return values


def _filled(
    method: Method, polling: Polling, resource: Resource, values: Mapping[str, Value]
) -> str | None:
    """Return a resource's URL, None if there is not everything it takes."""
    try:
        check_shapes(method, resource, values)
        path = expanded(method, resource, values)
    except WorkflowError:
        return None
    pairs = [
        (name, value)
        for name, argument in resource.arguments.items()
        if argument.location == "query" and name in KINDS[polling.kind].names
        if isinstance(value := values.get(name), str)
    ]
    query = f"?{urlencode(pairs)}" if pairs else ""
    return f"{method.base}{path}{query}"


def _beneath(link: str, root: str) -> str:
    """Return where a link leads on the server of a root, whatever server it names."""
    try:
        own = link.startswith(root)
        path = link.removeprefix(root) if own else urlsplit(link).path.lstrip("/")
        url = absolute_url(root + path)
    except ValueError:
        raise _unexpected("the answer's selfLink is no URL") from None
    if has_dot_segments(urlsplit(url).path):
        raise _unexpected("the answer's selfLink leads elsewhere")
    return url


def _at(value: Value, path: tuple[str, ...]) -> Value:
    for key in path:
        if isinstance(value, List):
            value = next(_of_type(value, key), None)
        else:
            value = value.get(key) if isinstance(value, Map) else None
    return value


def _of_type(items: List, kind: str) -> Iterator[Map]:
    return (item for item in items if isinstance(item, Map) and item.get("type") == kind)


def _failure(operation: Map, error: Value) -> WorkflowError:
    # Compute Engine has a list of errors.
    several = _at(error, ("errors",))
    message = _at(several[0] if isinstance(several, List) and several else error, ("message",))
    pairs: list[tuple[str, Value]] = [
        ("message", message if isinstance(message, str) else _FAILED),
        ("tags", List.of(("OperationError",))),
        ("operation", operation),
        ("error", error),
    ]
    return WorkflowError(Map.of(pairs))


def _unexpected(message: str) -> WorkflowError:
    return tagged(f"ResponseTypeError: {message}", "ResponseTypeError")
