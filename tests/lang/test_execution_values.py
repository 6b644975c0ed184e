"""Executions as values, compared with what the REST interface shows of the same executions."""

from __future__ import annotations

import json

import pytest
from google.protobuf.descriptor_pool import Default

from ringback_server.api import messages
from ringback_server.gateway.json_messages import to_json
from ringback_server.lang.execution_values import shown
from ringback_server.lang.values import to_json as written
from ringback_server.model.names import ExecutionName
from ringback_server.model.resources import (
    CallLogLevel,
    Execution,
    ExecutionState,
    Failure,
    HistoryLevel,
    StackFrame,
    StepPlace,
)

NAME = ExecutionName("p", "us-central1", "w", "0192c3a4-1111-7111-8111-111111111111")
BEGIN = 1_800_000_000.0

FAILURE = Failure(
    payload='{"code":1}',
    context="it broke",
    stack=(StackFrame(step="s", routine="main", line=3, column=0, length=9),),
)


def execution(state: ExecutionState, end: float | None = None) -> Execution:
    """Return an execution without anything that may be left out."""
    return Execution(
        name=NAME,
        state=state,
        argument="null",
        revision_id="000001-abc",
        create_time=BEGIN,
        start_time=None if end is None else BEGIN + 0.25,
        end_time=end,
        labels={},
        key=1,
    )


def full(end: float) -> Execution:
    """Return an execution with all there is."""
    return Execution(
        name=NAME,
        state=ExecutionState.FAILED,
        argument='{"a":1}',
        result="[1]",
        failure=FAILURE,
        revision_id="000001-abc",
        create_time=BEGIN + 0.1,
        start_time=BEGIN + 0.123456,
        end_time=end,
        labels={"team": "blue"},
        call_log_level=CallLogLevel.LOG_ALL_CALLS,
        history_level=HistoryLevel.EXECUTION_HISTORY_DETAILED,
        buffered=False,
        current_steps=(StepPlace("main", "s"),),
        key=1,
    )


@pytest.mark.parametrize(
    "found",
    [
        execution(ExecutionState.QUEUED),
        execution(ExecutionState.CANCELLED, BEGIN + 0.25),
        execution(ExecutionState.SUCCEEDED, BEGIN + 2.2500004),
        execution(ExecutionState.SUCCEEDED, BEGIN + 60.250001),
        full(BEGIN + 5),
    ],
)
def test_execution_when_compared_with_the_interface(found: Execution) -> None:
    """A workflow sees an execution exactly as REST shows it."""
    message = messages.execution(found, now=BEGIN + 100)

    assert json.loads(to_json(message, Default())) == json.loads(written(shown(found)))


def test_execution_when_it_is_unavailable() -> None:
    """It says why."""
    message = Execution(
        name=NAME,
        state=ExecutionState.UNAVAILABLE,
        argument="1",
        revision_id="000001-abc",
        create_time=BEGIN,
        labels={},
        state_detail="damaged",
        key=1,
    )

    expected = json.loads(to_json(messages.execution(message, now=BEGIN), Default()))
    assert expected == json.loads(written(shown(message)))
