"""Executions that are to be created, and what became of that."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ringback_server.model.resources import CallLogLevel, Execution, HistoryLevel, Workflow


class Creation(msgspec.Struct, frozen=True, kw_only=True):
    """An execution that is to be created of a workflow; `argument` is JSON text."""

    workflow: Workflow
    argument: str = "null"
    labels: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    call_log_level: CallLogLevel = CallLogLevel.CALL_LOG_LEVEL_UNSPECIFIED
    history_level: HistoryLevel = HistoryLevel.EXECUTION_HISTORY_LEVEL_UNSPECIFIED
    #: a repeat has the id of the first and creates nothing
    request_id: str | None = None
    #: whether it may be queued when as many as may run are running
    buffered: bool = True


class Created(msgspec.Struct, frozen=True):
    """An execution that was created, now or by an earlier request with the same id."""

    execution: Execution
    duplicate: bool = False
