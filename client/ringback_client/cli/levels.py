"""How much executions log and keep, in gcloud's words."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from ringback.v1.executions_pb2 import Execution
from ringback.v1.workflows_pb2 import ExecutionHistoryLevel, Workflow
from ringback_client.settings import ExecutionSettings, WorkflowSettings


class CallLog(StrEnum):
    """Which calls are logged; `none` leaves it to what decides otherwise."""

    NONE = "none"
    LOG_ALL_CALLS = "log-all-calls"
    LOG_ERRORS_ONLY = "log-errors-only"
    LOG_NONE = "log-none"


class History(StrEnum):
    """How much of steps is kept; `none` leaves it to what decides otherwise."""

    NONE = "none"
    EXECUTION_HISTORY_BASIC = "execution-history-basic"
    EXECUTION_HISTORY_DETAILED = "execution-history-detailed"


CallLogLevel = Annotated[
    CallLog | None,
    typer.Option("--call-log-level", help="Which calls are logged.", show_default=False),
]
HistoryLevel = Annotated[
    History | None,
    typer.Option(
        "--execution-history-level", help="How much of steps is kept.", show_default=False
    ),
]
Unbuffered = Annotated[
    bool,
    typer.Option(
        "--disable-concurrency-quota-overflow-buffering",
        help="Refuse it when no more may run, rather than keep it QUEUED.",
    ),
]


def for_execution(
    call_log: CallLog | None, history: History | None, *, unbuffered: bool
) -> ExecutionSettings:
    """Return what was asked for, as settings of an execution."""
    settings = ExecutionSettings()
    if call_log is not None and call_log is not CallLog.NONE:
        settings["call_log_level"] = Execution.CallLogLevel.Value(call_log.name)
    if history is not None and history is not History.NONE:
        settings["execution_history_level"] = Execution.ExecutionHistoryLevel.Value(history.name)
    if unbuffered:
        settings["disable_concurrency_quota_overflow_buffering"] = True
    return settings


def for_workflow(call_log: CallLog | None, history: History | None) -> WorkflowSettings:
    """Return what was asked for, as settings of a workflow: `none` takes back what it had."""
    settings = WorkflowSettings()
    if call_log is CallLog.NONE:
        settings["call_log_level"] = Workflow.CALL_LOG_LEVEL_UNSPECIFIED
    elif call_log is not None:
        settings["call_log_level"] = Workflow.CallLogLevel.Value(call_log.name)
    if history is History.NONE:
        settings["execution_history_level"] = ExecutionHistoryLevel.Value(
            "EXECUTION_HISTORY_LEVEL_UNSPECIFIED"
        )
    elif history is not None:
        settings["execution_history_level"] = ExecutionHistoryLevel.Value(history.name)
    return settings
