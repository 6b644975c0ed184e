"""What a workflow sends to create an execution, in the form of the REST interface (SPEC 6.2)."""

from __future__ import annotations

from enum import IntEnum
from typing import Final, TypeVar

from ringback_server.lang.effects import ChildRequest
from ringback_server.lang.errors import WorkflowError, api_error
from ringback_server.lang.values import Map, Value, from_json
from ringback_server.model.names import WorkflowName
from ringback_server.model.resources import CallLogLevel, HistoryLevel

Level = TypeVar("Level", bound=IntEnum)

#: fields of an execution that its creator cannot set: they are ignored
_OUTPUT_ONLY: Final = frozenset(
    {
        "createTime",
        "duration",
        "endTime",
        "error",
        "name",
        "result",
        "startTime",
        "state",
        "stateError",
        "status",
        "workflowRevisionId",
    }
)
#: the field that says an execution must not be queued
UNBUFFERED: Final = "disableConcurrencyQuotaOverflowBuffering"
_FIELDS: Final = frozenset(
    {
        "argument",
        "callLogLevel",
        UNBUFFERED,
        "executionHistoryLevel",
        "labels",
    }
)


def requested(workflow: WorkflowName, body: Map, most: int) -> ChildRequest:
    """Read the body of a request to create an execution; its argument has `most` bytes at most.

    Raises the HttpError that answers a body which will not do.
    """
    for key in body.keys() - _FIELDS - _OUTPUT_ONLY:
        raise _refused(f"Unknown name \"{key[:100]}\" at 'execution'")
    return ChildRequest(
        workflow=workflow,
        argument=_argument(body.get("argument"), most),
        labels=_labels(body.get("labels")),
        call_log_level=_level(body, "callLogLevel", CallLogLevel(0)),
        history_level=_level(body, "executionHistoryLevel", HistoryLevel(0)),
        buffered=not _switch(body, UNBUFFERED),
    )


def _argument(value: Value, most: int) -> str:
    if not isinstance(value, (str, type(None))):
        raise _refused("execution.argument must be a string that holds JSON")
    text = value or "null"
    if len(text.encode()) > most:
        raise _refused(f"argument must have at most {most} bytes")
    try:
        from_json(text)
    except ValueError as error:
        raise _refused(f"argument must be JSON text: {error}") from None
    return text


def _labels(value: Value) -> dict[str, str]:
    found = Map.of(()) if value is None else value
    if not isinstance(found, Map):
        raise _refused("execution.labels must be a map")
    labels = {key: text for key, text in found.items() if isinstance(text, str)}
    if len(labels) < len(found):
        raise _refused("execution.labels must be a map of strings")
    return labels


def _level(body: Map, field: str, default: Level) -> Level:
    value = body.get(field)
    levels = type(default)
    if value is None:
        return default
    if isinstance(value, str) and value in levels.__members__:
        return levels[value]
    raise _refused(f"execution.{field} must be one of {', '.join(levels.__members__)}")


def _switch(body: Map, field: str) -> bool:
    value = body.get(field)
    if not isinstance(value, (bool, type(None))):
        raise _refused(f"execution.{field} must be true or false")
    return bool(value)


def _refused(message: str) -> WorkflowError:
    return api_error(400, "INVALID_ARGUMENT", message)
