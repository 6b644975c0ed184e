"""Executions as values of the language: what the REST interface shows of them (SPEC 6.2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from ringback_server.lang.execution_requests import UNBUFFERED
from ringback_server.lang.values import List, Map, Value
from ringback_server.model.resources import Execution, Failure, StackFrame

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROS: Final = 1_000_000
_MILLI: Final = 1_000


def shown(execution: Execution) -> Map:
    """Return an execution as the REST interface shows it; like there, defaults are left out."""
    failure = execution.failure
    fields: list[tuple[str, Value]] = [
        ("name", str(execution.name)),
        ("createTime", _timestamp(execution.create_time)),
        ("startTime", _timestamp(execution.start_time)),
        ("endTime", _timestamp(execution.end_time)),
        ("duration", _duration(execution)),
        ("state", execution.state.value),
        ("argument", execution.argument),
        ("result", execution.result),
        ("error", None if failure is None else _error(failure)),
        ("workflowRevisionId", execution.revision_id or None),
        ("callLogLevel", execution.call_log_level.name if execution.call_log_level else None),
        (
            "executionHistoryLevel",
            execution.history_level.name if execution.history_level else None,
        ),
        (UNBUFFERED, None if execution.buffered else True),
        ("labels", Map.of(execution.labels.items()) if execution.labels else None),
        ("status", _status(execution)),
        ("stateError", _state_error(execution)),
    ]
    return Map.of((key, value) for key, value in fields if value is not None)


def _timestamp(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    moment = _EPOCH + timedelta(microseconds=round(seconds * _MICROS))
    return f"{moment:%Y-%m-%dT%H:%M:%S}{_fraction(moment.microsecond)}Z"


def _duration(execution: Execution) -> str | None:
    begin, end = execution.start_time, execution.end_time
    if begin is None:
        return None
    micros = max(0, round((begin if end is None else end) * _MICROS) - round(begin * _MICROS))
    return f"{micros // _MICROS}{_fraction(micros % _MICROS)}s"


def _fraction(micros: int) -> str:
    if not micros:
        return ""
    return f".{micros // _MILLI:03}" if micros % _MILLI == 0 else f".{micros:06}"


def _error(failure: Failure) -> Map:
    elements = List.of(_element(frame) for frame in failure.stack)
    trace = Map.of([("elements", elements)] if elements else ())
    return Map.of(
        [("payload", failure.payload), ("context", failure.context), ("stackTrace", trace)]
    )


def _element(frame: StackFrame) -> Map:
    # As in all of Google's JSON, 64-bit integers are strings.
    pairs = (("line", frame.line), ("column", frame.column), ("length", frame.length))
    position = Map.of((key, str(value)) for key, value in pairs if value)
    return Map.of([("step", frame.step), ("routine", frame.routine), ("position", position)])


def _status(execution: Execution) -> Map | None:
    places = execution.current_steps
    if not places:
        return None
    steps = (Map.of([("routine", one.routine), ("step", one.step)]) for one in places)
    return Map.of([("currentSteps", List.of(steps))])


def _state_error(execution: Execution) -> Map | None:
    return Map.of([("details", execution.state_detail)]) if execution.state_detail else None
