"""Verbs on executions: start, read, await, cancel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

import msgspec

from ringback_server.control import list_fields
from ringback_server.control.auditing import Detail, describe
from ringback_server.control.caller import Caller, Page, check_token, requires
from ringback_server.control.definitions import check_labels
from ringback_server.control.listing import ListRequest, page_of, query
from ringback_server.control.paging import PageSizes
from ringback_server.control.refusals import check_request_id, refused
from ringback_server.errors import ShuttingDownError
from ringback_server.lang.values import from_json
from ringback_server.model.creations import Creation
from ringback_server.model.names import ExecutionName, WorkflowName
from ringback_server.model.resources import CallLogLevel, Execution, HistoryLevel, Workflow
from ringback_server.model.uids import uid_text
from ringback_server.store.creations import Known, Outcome, Stored

_BASIC_PAGE = PageSizes(default=100, maximum=1_000)
_FULL_PAGE = PageSizes(default=100, maximum=100)

#: how long `wait` waits unless told otherwise, in seconds
_DEFAULT_WAIT = 30.0
#: how often `wait` looks whether its caller is still there, in seconds
_ATTENTION = 1.0


class ExecutionSpec(msgspec.Struct, frozen=True, kw_only=True):
    """An execution as its creator describes it; `argument` is JSON text, empty for null."""

    argument: str = ""
    labels: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    call_log_level: CallLogLevel = CallLogLevel.CALL_LOG_LEVEL_UNSPECIFIED
    history_level: HistoryLevel = HistoryLevel.EXECUTION_HISTORY_LEVEL_UNSPECIFIED
    #: a repeat of a request with an id creates nothing
    request_id: str | None = None
    #: whether it may be queued when as many as may run are running
    buffered: bool = True


@requires("workflows.executions.create")
def executable(caller: Caller, name: WorkflowName) -> Workflow:
    """Return the latest revision of a workflow that the caller may execute; or NotFoundError."""
    return caller.backend.store.workflows.get(name)


def creation(caller: Caller, workflow: Workflow, spec: ExecutionSpec) -> Creation:
    """Return what is to be created; InvalidArgumentError for a bad argument, label or id."""
    check_labels(spec.labels, "execution.labels")
    check_request_id(spec.request_id)
    argument = spec.argument or "null"
    _check_argument(argument, caller.backend.limits.argument_bytes)
    return Creation(
        workflow=workflow,
        argument=argument,
        labels=spec.labels,
        call_log_level=spec.call_log_level,
        history_level=spec.history_level,
        request_id=_of_caller(caller, spec.request_id),
        buffered=spec.buffered,
    )


def create(caller: Caller, parent: WorkflowName, spec: ExecutionSpec) -> Execution:
    """Start an execution of a workflow's latest revision, or return the one of a repeated request.

    Raise PermissionDeniedError, NotFoundError, InvalidArgumentError for a bad argument, label or
    id, IdempotencyConflictError, QuotaExceededError.
    """
    wanted = creation(caller, executable(caller, parent), spec)
    describe_created([wanted])
    return caller.backend.engine.create(wanted).execution


def describe_created(creations: Sequence[Creation]) -> None:
    """Have the audit name the executions that are about to be created."""
    parents = {creation.workflow.key: creation.workflow.name for creation in creations}

    def details(value: object) -> Iterator[Detail]:
        for outcome in cast("Sequence[Outcome]", value):
            if isinstance(outcome, Stored):
                parent = parents[outcome.workflow_key]
                yield Detail(resource=f"{parent}/executions/{uid_text(outcome.uid)}")
            elif isinstance(outcome, Known):
                yield Detail(resource=str(outcome.execution.name), reason="DUPLICATE")

    describe(details)


@requires("workflows.executions.get")
def get(caller: Caller, name: ExecutionName) -> Execution:
    """Return an execution; or NotFoundError."""
    return caller.backend.store.executions.get(name)


@requires("workflows.executions.list")
def list_(
    caller: Caller, parent: WorkflowName, request: ListRequest, *, full: bool
) -> Page[Execution]:
    """Return a page of a workflow's executions, newest first unless ordered otherwise.

    It may be short, or empty, with a token that leads on. Raise InvalidArgumentError for a filter
    or an order that is not understood, FailedPreconditionError, NotFoundError.
    """
    backend = caller.backend
    scope = f"executions {parent}"
    sizes = _FULL_PAGE if full else _BASIC_PAGE
    wanted = query(scope, request, list_fields.EXECUTIONS, sizes, now=backend.clock.now())
    found = backend.store.executions.list(parent, wanted, full=full)
    return page_of(scope, request, found, lambda execution: execution)


@requires("workflows.executions.cancel")
def cancel(caller: Caller, name: ExecutionName) -> Execution:
    """Stop an execution; NotFoundError, or FailedPreconditionError if it has ended."""
    backend = caller.backend
    key, execution = backend.store.executions.cancel(name, backend.clock.now())
    backend.engine.ended(key)
    return execution


@requires("workflows.executions.get")
def wait(caller: Caller, name: ExecutionName, timeout: float | None) -> Execution:
    """Return an execution once it has ended, or as it is after `timeout` seconds; or NotFoundError.

    It also returns when the caller's own deadline comes or the caller has gone. Raise
    ShuttingDownError when the engine lets go of those who wait, PermissionDeniedError, and what
    `check_token` raises, within a second of when the caller may no longer wait.
    """
    if timeout is not None and timeout < 0:
        raise refused("timeout", "timeout must not be negative")
    backend = caller.backend
    deadline = backend.clock.monotonic() + (_DEFAULT_WAIT if timeout is None else timeout)
    execution = backend.store.executions.get(name)
    while not execution.state.ended:
        left = deadline - backend.clock.monotonic()
        callers = caller.time_left()
        left = left if callers is None else min(left, callers)
        if left <= 0:
            break
        patience = min(left, _ATTENTION)
        begun = backend.clock.monotonic()
        backend.engine.wait_ended(name, execution.key, patience)
        check_token(caller)
        execution = get(caller, name)
        if not execution.state.ended and backend.clock.monotonic() - begun < patience:
            raise ShuttingDownError
    return execution


def _of_caller(caller: Caller, request_id: str | None) -> str | None:
    """Return an id that no other caller's request has: none gets what another one started."""
    return None if request_id is None else f"{caller.principal.email} {request_id}"


def _check_argument(argument: str, limit: int) -> None:
    if len(argument.encode()) > limit:
        raise refused("execution.argument", f"argument must have at most {limit} bytes")
    try:
        from_json(argument)
    except ValueError as error:
        raise refused("execution.argument", f"argument must be JSON text: {error}") from None
