"""Makes what tests of the store are about: workflows, executions, advances, callbacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ringback_server.model.names import CallbackName, ExecutionName, WorkflowName
from ringback_server.model.resources import (
    CallLogLevel,
    Execution,
    ExecutionState,
    Failure,
    HistoryLevel,
    LogEntry,
    StackFrame,
    StepPlace,
    Workflow,
)
from ringback_server.store import Store
from ringback_server.store.callbacks import SendRequest, Sent
from ringback_server.store.creations import Stored
from ringback_server.store.expiry import Expiry
from ringback_server.store.ids import new_uid
from ringback_server.store.lookups import execution_id
from ringback_server.store.payloads import pack
from ringback_server.store.records import (
    Advance,
    Committed,
    End,
    NewEndpoint,
    NewExecution,
    NewWait,
    Phase,
)
from ringback_server.store.workflow_changes import WorkflowFields
from tests.replacing import replace

NAME = WorkflowName("local", "us-central1", "basic")
SENDER = "admin@local.iam.gserviceaccount.com"
PLACE = StepPlace("main", "await_callback")
FAILURE = Failure(
    payload='"boom"',
    context='RuntimeError: "boom"',
    stack=(StackFrame(step="fail", routine="main", line=3, column=5, length=9),),
)
FIELDS = WorkflowFields(
    source="- init:\n    return: 1\n",
    service_account="projects/local/serviceAccounts/invoker@local.iam.gserviceaccount.com",
    description="waits",
    labels={"team": "blue"},
    user_env_vars={"MODE": "test"},
    call_log_level=CallLogLevel.LOG_ERRORS_ONLY,
    history_level=HistoryLevel.EXECUTION_HISTORY_BASIC,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An execution that a test made."""

    key: int
    name: ExecutionName

    def callback(self, number: int = 0) -> CallbackName:
        """Name one of its endpoints."""
        return CallbackName.of(self.name, number)


def unhurried(store: Store) -> Expiry:
    """Return what removes old rows, and takes no time for it."""
    return Expiry(store.database, timer=lambda: 0.0)


def deploy(store: Store, name: WorkflowName = NAME, *, now: float = 1.0) -> Workflow:
    """Deploy a workflow."""
    return store.workflows.create(name, now=now, **FIELDS)[0]


def new_execution(workflow: Workflow, *, now: float = 10.0) -> NewExecution:
    """Describe a new execution."""
    return NewExecution(
        uid=new_uid(),
        workflow_key=workflow.key,
        revision_key=workflow.revision_key,
        argument='{"n":1}',
        labels={},
        call_log_level=CallLogLevel.CALL_LOG_LEVEL_UNSPECIFIED,
        history_level=HistoryLevel.EXECUTION_HISTORY_LEVEL_UNSPECIFIED,
        create_time=now,
    )


def create(store: Store, workflow: Workflow, advance: Advance | None = None) -> Made:
    """Create an execution, with its first advance or queued."""
    new = new_execution(workflow)
    (stored,) = store.executions.create([(new, advance)])
    assert isinstance(stored, Stored)
    key, name = stored.key, workflow.name
    uid = execution_id(new.uid)
    return Made(key=key, name=ExecutionName(name.project, name.location, name.workflow, uid))


def waits(
    *,
    state: bytes = b"state",
    wake: float | None = 100.0,
    endpoints: Sequence[int] = (),
    opened: Sequence[tuple[int, int]] = (),
    consumed: Sequence[int] = (),
    expired: Sequence[int] = (),
    phase: Phase = Phase.WAITING,
) -> Advance:
    """Describe an advance that blocked; waits are opened as (number, endpoint)."""
    return Advance(
        phase=phase,
        state=state,
        wake=wake,
        current_steps=(PLACE,),
        endpoints=tuple(NewEndpoint(number=number, method="POST") for number in endpoints),
        opened=tuple(NewWait(number=number, endpoint=endpoint) for number, endpoint in opened),
        consumed=tuple(consumed),
        expired=tuple(expired),
        began=11.0,
        time=11.0,
    )


def ends(
    state: ExecutionState = ExecutionState.SUCCEEDED,
    *,
    time: float = 12.0,
    consumed: Sequence[int] = (),
    expired: Sequence[int] = (),
) -> Advance:
    """Describe an advance that ended its execution."""
    failed = state is ExecutionState.FAILED
    end = End(
        state=state,
        result=None if failed else '"done"',
        failure=FAILURE if failed else None,
        time=time,
    )
    advance = waits(consumed=consumed, expired=expired, wake=None)
    return replace(advance, phase=Phase.ENDED, state=None, end=end, began=time, time=time)


def logs(*texts: str, time: float = 11.0, severity: str = "INFO") -> tuple[LogEntry, ...]:
    """Describe log entries."""
    return tuple(
        LogEntry(time=time, severity=severity, text=text, step="log", routine="main")
        for text in texts
    )


def awaiting(store: Store, workflow: Workflow) -> Made:
    """Create an execution with endpoint 0 and wait 1 on it."""
    return create(store, workflow, waits(endpoints=[0], opened=[(1, 0)]))


def listening(store: Store, workflow: Workflow) -> Made:
    """Create an execution with endpoint 0 that nothing waits on yet."""
    return create(store, workflow, waits(endpoints=[0]))


def commit(store: Store, made: Made, advance: Advance, *, fence: int | None = None) -> Committed:
    """Commit an advance, by default of the execution as it is now."""
    if fence is None:
        rows = store.database.read(
            lambda c: c.execute("SELECT fence FROM execution WHERE id = ?", (made.key,)).fetchall()
        )
        fence = int(rows[0][0]) if rows else 0
    return store.executions.commit(made.key, fence, advance)


def request(
    name: CallbackName,
    body: str = "hello",
    *,
    key: str | None = None,
    method: str | None = "POST",
    limit: int = 100,
    time: float = 20.0,
) -> SendRequest:
    """Describe a received callback."""
    return SendRequest(
        name=name,
        method=method,
        idempotency_key=key,
        request_hash=body.encode(),
        payload_id=new_uid(),
        sender=SENDER,
        token_id=f"token of {SENDER}",
        receive_time=time,
        payload=pack({"body": body}),
        inbox_limit=limit,
    )


def send(store: Store, made: Made, body: str = "hello", *, endpoint: int = 0) -> Sent:
    """Send a callback."""
    return store.callbacks.send(request(made.callback(endpoint), body))


def get(store: Store, made: Made) -> Execution:
    """Read an execution."""
    return store.executions.get(made.name)
