"""Many executions created, and many callbacks sent, in one transaction."""

from __future__ import annotations

from ringback_server.errors import (
    IdempotencyConflictError,
    InboxFullError,
    MethodNotAllowedError,
    NotFoundError,
    QuotaExceededError,
    RingbackError,
)
from ringback_server.model.names import WorkflowName
from ringback_server.model.resources import ExecutionState, Outcome, Workflow
from ringback_server.store import Store
from ringback_server.store.callbacks import Sent
from ringback_server.store.creations import Known, Stored
from ringback_server.store.records import NewChildren, NewExecution, RequestId
from tests import listed
from tests.replacing import replace
from tests.store.making import (
    awaiting,
    create,
    deploy,
    ends,
    get,
    listening,
    new_execution,
    request,
    waits,
)

OTHER = WorkflowName("local", "us-central1", "other")


def asked(workflow: Workflow, request_id: str, digest: bytes = b"same") -> NewExecution:
    """Describe an execution that a request with an id asks for."""
    return replace(new_execution(workflow), request=RequestId(request_id, digest))


def test_create_of_several(store: Store) -> None:
    """Each is where its own advance left it, in the order in which they were given."""
    workflow = deploy(store)
    stored = store.executions.create(
        [
            (new_execution(workflow), None),
            (new_execution(workflow), waits(endpoints=[0], opened=[(1, 0)])),
            (new_execution(workflow), ends()),
        ]
    )
    found = listed.executions(store, workflow.name, full=False)

    assert [False, True, True] == [one.begun for one in stored if isinstance(one, Stored)]
    assert [ExecutionState.SUCCEEDED, ExecutionState.ACTIVE, ExecutionState.QUEUED] == [
        one.state for one in found
    ]


def test_create_when_one_cannot_be(store: Store) -> None:
    """A deleted workflow is the result of its own executions; others are stored."""
    workflow, other = deploy(store), deploy(store, OTHER)
    store.workflows.delete(OTHER, 5.0)
    outcomes = store.executions.create(
        [(new_execution(other), ends()), (new_execution(workflow), ends())]
    )

    assert [NotFoundError, Stored] == [type(one) for one in outcomes]


def test_create_when_a_workflow_it_executes_was_deleted(store: Store) -> None:
    """It is queued, without the advance that does not hold any more."""
    workflow, other = deploy(store), deploy(store, OTHER)
    store.workflows.delete(OTHER, 5.0)
    children = NewChildren(number=1, awaited=True, executions=(new_execution(other),))
    (stored,) = store.executions.create(
        [(new_execution(workflow), replace(waits(), children=(children,)))]
    )

    assert isinstance(stored, Stored)
    assert not stored.begun
    assert (None, 0) == (store.executions.load(stored.key).state, store.executions.load(1).fence)


def test_create_when_it_is_a_repeat(store: Store) -> None:
    """A repeated id gives what it gave first, as that is now; within one batch too."""
    workflow, other = deploy(store), deploy(store, OTHER)
    first, again, elsewhere = store.executions.create(
        [
            (asked(workflow, "a"), waits()),
            (asked(workflow, "a"), waits()),
            (asked(other, "a"), waits()),
        ]
    )
    assert isinstance(first, Stored)
    assert isinstance(again, Known)
    store.executions.commit(first.key, 0, ends())
    later, conflict = store.executions.create(
        [(asked(workflow, "a"), ends()), (asked(workflow, "a", b"other"), ends())]
    )

    assert isinstance(elsewhere, Stored)
    assert isinstance(later, Known)
    assert isinstance(conflict, IdempotencyConflictError)
    assert (first.key, ExecutionState.ACTIVE) == (again.execution.key, again.execution.state)
    assert (first.key, ExecutionState.SUCCEEDED) == (later.execution.key, later.execution.state)
    assert workflow.name == later.execution.name.parent


def test_create_when_as_many_are_queued_as_may_be(store: Store) -> None:
    """What would be queued beyond them is refused; what has begun is not."""
    workflow = deploy(store)
    new = [replace(new_execution(workflow), max_queued=2) for _ in range(4)]
    unbounded = new_execution(workflow)
    outcomes = store.executions.create(
        [*((one, None) for one in new[:3]), (new[3], waits()), (unbounded, None)]
    )

    assert [Stored, Stored, QuotaExceededError, Stored, Stored] == [type(one) for one in outcomes]


def test_send_of_several(store: Store) -> None:
    """Each has an outcome of its own, and what is refused takes nothing from the others."""
    workflow = deploy(store)
    waiting, early, over = (
        awaiting(store, workflow),
        listening(store, workflow),
        create(store, workflow, ends()),
    )
    outcomes = store.callbacks.send_all(
        [
            request(waiting.callback(), key="k"),
            request(over.callback()),
            request(early.callback(), method="GET"),
            request(early.callback(), "one", limit=1),
            request(early.callback(), "two", limit=1),
            request(waiting.callback(), key="k"),
        ]
    )

    assert [
        Outcome.RESUMED,
        NotFoundError,
        MethodNotAllowedError,
        Outcome.BUFFERED,
        InboxFullError,
        Outcome.DUPLICATE,
    ] == [what(one) for one in outcomes]
    assert [waiting.key] == store.executions.runnable(after=0, limit=5)
    assert ExecutionState.ACTIVE is get(store, early).state


def what(outcome: Sent | RingbackError) -> object:
    """Return what became of a callback, or the kind of error."""
    return type(outcome) if isinstance(outcome, RingbackError) else outcome.answer.outcome
