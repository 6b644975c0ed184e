"""From rows to executions as callers see them."""

from __future__ import annotations

import msgspec

from ringback_server.errors import CorruptDataError
from ringback_server.model.names import ExecutionName, WorkflowName
from ringback_server.model.resources import (
    CallLogLevel,
    Execution,
    ExecutionState,
    Failure,
    HistoryLevel,
    StepPlace,
)
from ringback_server.store.database import Row
from ringback_server.store.lookups import execution_id
from ringback_server.store.packing import unpack_failure, unpack_steps
from ringback_server.store.records import Phase

# Looked up, as making a member of an enumeration from its value takes five times as long.
_PHASES = {phase.value: phase for phase in Phase}
_OUTCOMES = {state.value: state for state in ExecutionState}
_LOG_LEVELS = {level.value: level for level in CallLogLevel}
_HISTORY_LEVELS = {level.value: level for level in HistoryLevel}


def execution_of(parent: WorkflowName, row: Row) -> Execution:
    """Make an execution of its columns; one with damaged columns is UNAVAILABLE."""
    (key, uid, revision_id, phase, outcome, created, started, ended) = row[:8]
    (call_log_level, history_level, buffered, labels, steps) = row[8:13]
    (detail, argument, result, failure) = row[13:]
    state = _state(_PHASES[phase], outcome)
    unpacked = _unpack(steps, failure, labels)
    if unpacked is None:
        unpacked = (), None, dict[str, str]()
        state, detail = ExecutionState.UNAVAILABLE, CorruptDataError().message
    return Execution(
        name=ExecutionName(parent.project, parent.location, parent.workflow, execution_id(uid)),
        state=state,
        argument=argument,
        result=result,
        failure=unpacked[1],
        revision_id=revision_id,
        create_time=created,
        start_time=started,
        end_time=ended,
        labels=unpacked[2],
        call_log_level=_LOG_LEVELS[call_log_level],
        history_level=_HISTORY_LEVELS[history_level],
        buffered=bool(buffered),
        current_steps=unpacked[0],
        state_detail=detail or "",
        key=key,
    )


def _state(phase: Phase, outcome: str | None) -> ExecutionState:
    if phase is Phase.QUEUED:
        return ExecutionState.QUEUED
    return ExecutionState.ACTIVE if outcome is None else _OUTCOMES[outcome]


def _unpack(
    steps: bytes | None, failure: bytes | None, labels: str | None
) -> tuple[tuple[StepPlace, ...], Failure | None, dict[str, str]] | None:
    try:
        return (
            unpack_steps(steps),
            unpack_failure(failure),
            {} if labels is None else msgspec.json.decode(labels, type=dict[str, str]),
        )
    except (CorruptDataError, msgspec.MsgspecError):
        return None
