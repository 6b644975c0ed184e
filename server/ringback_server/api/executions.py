"""The Executions service."""

from __future__ import annotations

from collections.abc import Callable

from ringback.v1 import executions_pb2
from ringback_server.api import messages
from ringback_server.api.levels import call_log_level, history_level
from ringback_server.api.streams import Stream
from ringback_server.control import executions
from ringback_server.control.caller import Caller
from ringback_server.control.executions import ExecutionSpec
from ringback_server.control.listing import ListRequest
from ringback_server.control.watching import Watch
from ringback_server.model.names import ExecutionName, WorkflowName
from ringback_server.model.resources import Execution


def list_executions(
    request: executions_pb2.ListExecutionsRequest, caller: Caller
) -> executions_pb2.ListExecutionsResponse:
    """List the executions of a workflow."""
    full = request.view == executions_pb2.FULL
    page = executions.list_(
        caller,
        WorkflowName.parse(request.parent, "parent"),
        ListRequest(
            size=request.page_size,
            token=request.page_token,
            filter=request.filter,
            order_by=request.order_by,
        ),
        full=full,
    )
    return executions_pb2.ListExecutionsResponse(
        executions=[_shown(found, caller, full=full) for found in page.items],
        next_page_token=page.next_token,
    )


def create_execution(
    request: executions_pb2.CreateExecutionRequest, caller: Caller
) -> executions_pb2.Execution:
    """Start an execution."""
    parent = WorkflowName.parse(request.parent, "parent")
    return _shown(executions.create(caller, parent, execution_spec(request)), caller)


def get_execution(
    request: executions_pb2.GetExecutionRequest, caller: Caller
) -> executions_pb2.Execution:
    """Return an execution."""
    found = executions.get(caller, ExecutionName.parse(request.name))
    return _shown(found, caller, full=request.view != executions_pb2.BASIC)


def cancel_execution(
    request: executions_pb2.CancelExecutionRequest, caller: Caller
) -> executions_pb2.Execution:
    """Stop an execution; steps already recorded stay recorded."""
    return _shown(executions.cancel(caller, ExecutionName.parse(request.name)), caller)


def wait_execution(
    request: executions_pb2.WaitExecutionRequest, caller: Caller
) -> executions_pb2.Execution:
    """Return an execution once it has ended, or as it is when the timeout has passed."""
    timeout = messages.seconds_of(request.timeout) if request.HasField("timeout") else None
    found = executions.wait(caller, ExecutionName.parse(request.name), timeout)
    return _shown(found, caller)


def watch_execution(
    request: executions_pb2.WatchExecutionRequest, caller: Caller, told: Callable[[], None]
) -> Stream:
    """Return an execution as it is, again and again as it changes."""
    name = ExecutionName.parse(request.name)
    return _Watched(Watch(caller, name, request.resume_token, told), caller)


def execution_spec(request: executions_pb2.CreateExecutionRequest) -> ExecutionSpec:
    """Read what execution is asked for; raise InvalidArgumentError."""
    sent = request.execution
    return ExecutionSpec(
        argument=sent.argument,
        labels=dict(sent.labels),
        call_log_level=call_log_level(sent.call_log_level, "execution.call_log_level"),
        history_level=history_level(
            sent.execution_history_level, "execution.execution_history_level"
        ),
        request_id=request.request_id or None,
        buffered=not sent.disable_concurrency_quota_overflow_buffering,
    )


def _shown(found: Execution, caller: Caller, *, full: bool = True) -> executions_pb2.Execution:
    return messages.execution(found, now=caller.backend.clock.now(), full=full)


class _Watched:
    """The stream of an execution."""

    def __init__(self, watch: Watch, caller: Caller) -> None:
        self._watch = watch
        self._caller = caller

    @property
    def over(self) -> bool:
        """Whether the last message was taken."""
        return self._watch.over

    def take(self) -> executions_pb2.WatchExecutionResponse | None:
        """Return what is new."""
        seen = self._watch.look()
        if seen is None:
            return None
        base_url = self._caller.backend.engine.callback_base_url
        return executions_pb2.WatchExecutionResponse(
            execution=_shown(seen.execution, self._caller),
            log_entries=map(messages.log_entry, seen.entries),
            callbacks=[messages.callback(found, base_url) for found in seen.callbacks],
            resume_token=seen.token,
            missing_permissions=seen.missing,
        )

    def close(self) -> None:
        """Hear no more."""
        self._watch.close()
