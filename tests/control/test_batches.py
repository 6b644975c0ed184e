"""Batches: one transaction, and a result for each request."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ringback_server.control import batches, workflows
from ringback_server.control.caller import Caller
from ringback_server.control.executions import ExecutionSpec
from ringback_server.control.request_map import CallbackRequest
from ringback_server.control.workflows import WorkflowSpec
from ringback_server.errors import (
    IdempotencyConflictError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    RingbackError,
    attempt,
)
from ringback_server.model.creations import Created
from ringback_server.model.names import CallbackName, LocationName, WorkflowName
from ringback_server.model.resources import ExecutionState, Outcome, SentCallback
from tests.replacing import replace
from tests.services import INVOKER, NOBODY, PARENT, WAITS, Service

ANYWHERE = LocationName("-", "-")
UNKNOWN = WorkflowName("local", "us-central1", "unknown")


def deployed(service: Service, workflow_id: str = "w", source: str = WAITS) -> WorkflowName:
    """Deploy a workflow."""
    spec = WorkflowSpec(source=source)
    return workflows.create(service.caller(), PARENT, workflow_id, spec)[0].name


def callback(body: bytes = b"1", key: str | None = None) -> CallbackRequest:
    """Describe a callback."""
    return CallbackRequest(
        method="POST",
        query=[],
        headers=[("Content-Type", "application/json")],
        body=body,
        idempotency_key=key,
    )


def kinds(results: Sequence[Created | SentCallback | RingbackError]) -> list[object]:
    """Return the state, outcome or kind of error of each result."""
    shown: list[object] = []
    for one in results:
        if isinstance(one, Created):
            shown.append(one.execution.state)
        else:
            shown.append(one.outcome if isinstance(one, SentCallback) else type(one))
    return shown


def restricted(caller: Caller, resource: str) -> Caller:
    """Return the caller with a token that is good for one resource alone."""
    return replace(caller, principal=replace(caller.principal, resource=resource))


def test_create_when_some_are_wrong(service: Service) -> None:
    """What is wrong with one request is the result of that one; the others are started."""
    waits, returns = deployed(service), deployed(service, "r", "- a:\n    return: 1\n")
    parsed = attempt(WorkflowName.parse, "no name")
    assert isinstance(parsed, RingbackError)
    results = batches.create_executions(
        service.caller(),
        PARENT,
        [
            (waits, ExecutionSpec()),
            (returns, ExecutionSpec()),
            (UNKNOWN, ExecutionSpec()),
            (waits, ExecutionSpec(argument="{")),
            (waits, ExecutionSpec(request_id="x" * 256)),
            (replace(waits, project="other"), ExecutionSpec()),
            parsed,
        ],
    )

    assert [
        ExecutionState.ACTIVE,
        ExecutionState.SUCCEEDED,
        NotFoundError,
        *[InvalidArgumentError] * 4,
    ] == kinds(results)


def test_create_when_some_are_not_permitted(service: Service) -> None:
    """Permission is asked for each workflow; a batch without any is refused as a whole."""
    first, second = deployed(service), deployed(service, "second")
    caller = restricted(service.caller(INVOKER), str(second))
    wanted = [(first, ExecutionSpec()), (second, ExecutionSpec())]
    results = batches.create_executions(caller, ANYWHERE, wanted)

    assert [PermissionDeniedError, ExecutionState.ACTIVE] == kinds(results)
    with pytest.raises(PermissionDeniedError):
        batches.create_executions(service.caller(NOBODY), PARENT, wanted)


@pytest.mark.parametrize("count", [0, batches.LARGEST + 1])
def test_batch_of_the_wrong_size(service: Service, count: int) -> None:
    """A batch has 1 to 1,000 requests, and says so."""
    creations = [(UNKNOWN, ExecutionSpec())] * count
    name = CallbackName("local", "us-central1", "w", "e", "c")
    with pytest.raises(InvalidArgumentError, match="1 to 1,000"):
        batches.create_executions(service.caller(), PARENT, creations)
    with pytest.raises(InvalidArgumentError, match="1 to 1,000"):
        batches.send_callbacks(service.caller(), PARENT, [(name, callback())] * count)


def test_create_when_repeated(service: Service) -> None:
    """A repeated request gives the execution of the first; with other contents it is refused."""
    workflow = deployed(service)
    same = (workflow, ExecutionSpec(argument="1", request_id="r"))
    other = (workflow, ExecutionSpec(argument="2", request_id="r"))
    first = batches.create_executions(service.caller(), PARENT, [same])
    again = batches.create_executions(service.caller(), PARENT, [same, other])

    assert isinstance(first[0], Created)
    assert isinstance(again[0], Created)
    assert (first[0].execution.name, True) == (again[0].execution.name, again[0].duplicate)
    assert isinstance(again[1], IdempotencyConflictError)


def test_create_when_another_caller_has_the_same_id(service: Service) -> None:
    """An id is its caller's own: another one gets an execution of its own, not the first's."""
    wanted = [(deployed(service), ExecutionSpec(argument="1", request_id="r"))]
    callers = [service.caller(), service.caller(INVOKER)] * 2
    results = [batches.create_executions(caller, PARENT, wanted)[0] for caller in callers]
    created = [one for one in results if isinstance(one, Created)]
    names = [one.execution.name for one in created]

    assert [False, False, True, True] == [one.duplicate for one in created]
    assert names[:2] == names[2:]
    assert names[0] != names[1]


def test_create_when_they_wait(service: Service) -> None:
    """Executions of a batch that wait take no thread, and callbacks of a batch wake them all."""
    workflow = deployed(service)
    created = batches.create_executions(
        service.caller(), PARENT, [(workflow, ExecutionSpec())] * 20
    )
    names = [one.execution.name for one in created if isinstance(one, Created)]
    at_rest = repr(service.backend.engine)
    results = batches.send_callbacks(
        service.caller(), PARENT, [(CallbackName.of(name, 0), callback()) for name in names]
    )

    assert "0 in hand" in at_rest
    assert [Outcome.RESUMED] * 20 == kinds(results)
    assert {ExecutionState.SUCCEEDED} == {service.ended(name).state for name in names}


def test_send_when_some_are_wrong(service: Service) -> None:
    """Callbacks are taken in their order, each with a result of its own."""
    execution = service.execution("w")
    name = CallbackName.of(execution.name, 0)
    results = batches.send_callbacks(
        service.caller(INVOKER),
        PARENT,
        [
            (replace(name, callback="c"), callback()),
            (name, callback(key="")),
            (name, replace(callback(), method="PUT")),
            (name, callback(key="k")),
            (replace(name, location="elsewhere"), callback()),
            (name, callback(key="k")),
        ],
    )

    shown = kinds(results)
    assert [NotFoundError, InvalidArgumentError] == shown[:2]
    assert [Outcome.RESUMED, InvalidArgumentError, Outcome.DUPLICATE] == shown[3:]
    with pytest.raises(PermissionDeniedError):
        batches.send_callbacks(service.caller(NOBODY), PARENT, [(name, callback())] * 2)
