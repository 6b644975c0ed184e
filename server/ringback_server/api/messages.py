"""Domain objects as protobuf messages."""

from __future__ import annotations

from collections.abc import Iterable

from google.protobuf.duration_pb2 import Duration
from google.protobuf.empty_pb2 import Empty
from google.protobuf.timestamp_pb2 import Timestamp

from ringback.v1 import callbacks_pb2, executions_pb2, logs_pb2, operations_pb2, workflows_pb2
from ringback_server.api.google_names import pack
from ringback_server.control.logs import LoggedEntry
from ringback_server.control.operations import OperationOutcome
from ringback_server.model.resources import (
    CallbackEndpoint,
    CallLogLevel,
    Execution,
    ExecutionState,
    Failure,
    HistoryLevel,
    Operation,
    SentCallback,
    Workflow,
)

_MICROS = 1_000_000
_NANOS_PER_MICRO = 1_000


_STATES = {state: executions_pb2.Execution.State.Value(state.name) for state in ExecutionState}
_LOG_LEVELS = {
    level: executions_pb2.Execution.CallLogLevel.Value(level.name) for level in CallLogLevel
}
_HISTORY_LEVELS = {
    level: executions_pb2.Execution.ExecutionHistoryLevel.Value(level.name)
    for level in HistoryLevel
}


def timestamp(seconds: float) -> Timestamp:
    """Convert Unix seconds, to the microsecond."""
    shown = Timestamp()
    _set_micros(shown, _micros(seconds))
    return shown


def _micros(seconds: float) -> int:
    return round(seconds * _MICROS)


def _set_micros(shown: Timestamp | Duration, micros: int) -> None:
    shown.seconds, rest = divmod(micros, _MICROS)
    shown.nanos = rest * _NANOS_PER_MICRO


def seconds_of(span: Duration) -> float:
    """Convert a duration to seconds."""
    return span.seconds + span.nanos / (_MICROS * _NANOS_PER_MICRO)


def workflow(found: Workflow, warnings: Iterable[str] = ()) -> workflows_pb2.Workflow:
    """Show a workflow in one of its revisions, and what will fail of it."""
    return workflows_pb2.Workflow(
        name=str(found.name),
        description=found.description,
        state=workflows_pb2.Workflow.ACTIVE,
        revision_id=found.revision_id,
        create_time=timestamp(found.create_time),
        update_time=timestamp(found.update_time),
        revision_create_time=timestamp(found.revision_create_time),
        labels=found.labels,
        service_account=found.service_account,
        source_contents=found.source,
        call_log_level=workflows_pb2.Workflow.CallLogLevel.Value(found.call_log_level.name),
        user_env_vars=found.user_env_vars,
        execution_history_level=workflows_pb2.ExecutionHistoryLevel.Value(found.history_level.name),
        warnings=warnings,
    )


def operation(outcome: OperationOutcome) -> operations_pb2.Operation:
    """Show an operation, which is done, with the workflow it made."""
    found = outcome.operation
    if outcome.workflow is not None:
        response = pack(workflow(outcome.workflow, outcome.warnings))
    elif found.verb == "delete":
        response = pack(Empty())
    else:
        response = pack(workflows_pb2.Workflow(name=str(found.target)))
    return operations_pb2.Operation(
        name=found.name, metadata=pack(_metadata(found)), done=True, response=response
    )


def execution(found: Execution, *, now: float, full: bool = True) -> executions_pb2.Execution:
    """Show an execution at a time in Unix seconds; in full, or its BASIC view."""
    shown = executions_pb2.Execution(
        name=str(found.name),
        state=_STATES[found.state],
        workflow_revision_id=found.revision_id,
    )
    _set_micros(shown.create_time, _micros(found.create_time))
    if found.start_time is not None:
        start = _micros(found.start_time)
        end = _micros(now if found.end_time is None else found.end_time)
        _set_micros(shown.start_time, start)
        # The clock may have been set back.
        _set_micros(shown.duration, max(0, end - start))
    if found.end_time is not None:
        _set_micros(shown.end_time, _micros(found.end_time))
    if full:
        _add_details(shown, found)
    return shown


def callback(found: CallbackEndpoint, base_url: str) -> callbacks_pb2.Callback:
    """Show a callback endpoint; its URL begins with `base_url`."""
    return callbacks_pb2.Callback(
        url=f"{base_url}/v1/{found.name}",
        name=found.name,
        method=found.method,
        waiters=found.waiters,
        available_payloads=found.available_payloads,
    )


def sent_callback(sent: SentCallback) -> callbacks_pb2.SendCallbackResponse:
    """Show what became of a callback."""
    return callbacks_pb2.SendCallbackResponse(
        payload_id=sent.payload_id,
        outcome=callbacks_pb2.SendCallbackResponse.Outcome.Value(sent.outcome.name),
        receive_time=timestamp(sent.receive_time),
    )


def log_entry(found: LoggedEntry) -> logs_pb2.LogEntry:
    """Show a log entry."""
    entry = found.entry
    shown = logs_pb2.LogEntry(
        timestamp=timestamp(entry.time),
        severity=entry.severity,
        step=entry.step,
        routine=entry.routine,
        execution=found.execution,
    )
    if entry.text is not None:
        shown.text_payload = entry.text
    elif entry.json is not None:
        shown.json_payload = entry.json
    return shown


def _metadata(found: Operation) -> workflows_pb2.OperationMetadata:
    return workflows_pb2.OperationMetadata(
        create_time=timestamp(found.create_time),
        end_time=timestamp(found.end_time),
        target=str(found.target),
        verb=found.verb,
        api_version="v1",
    )


def _add_details(shown: executions_pb2.Execution, found: Execution) -> None:
    shown.argument = found.argument
    shown.result = found.result or ""
    shown.call_log_level = _LOG_LEVELS[found.call_log_level]
    shown.execution_history_level = _HISTORY_LEVELS[found.history_level]
    shown.disable_concurrency_quota_overflow_buffering = not found.buffered
    if found.labels:
        shown.labels.update(found.labels)
    if found.failure is not None:
        shown.error.CopyFrom(_error(found.failure))
    for place in found.current_steps:
        shown.status.current_steps.add(routine=place.routine, step=place.step)
    if found.state is ExecutionState.UNAVAILABLE:
        shown.state_error.details = found.state_detail


def _error(failure: Failure) -> executions_pb2.Execution.Error:
    return executions_pb2.Execution.Error(
        payload=failure.payload,
        context=failure.context,
        stack_trace=executions_pb2.Execution.StackTrace(
            elements=[
                executions_pb2.Execution.StackTraceElement(
                    step=frame.step,
                    routine=frame.routine,
                    position=executions_pb2.Execution.StackTraceElement.Position(
                        line=frame.line, column=frame.column, length=frame.length
                    ),
                )
                for frame in failure.stack
            ]
        ),
    )
