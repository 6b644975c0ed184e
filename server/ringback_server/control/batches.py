"""Verbs on many executions and callback endpoints at once: one transaction, a result for each.

Permissions, arguments and names are checked request by request, each workflow once.
What is wrong with one request is the result of that one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from ringback_server.control import callbacks, executions
from ringback_server.control.auditing import note
from ringback_server.control.caller import Caller
from ringback_server.control.executions import ExecutionSpec
from ringback_server.control.refusals import refused
from ringback_server.control.request_map import CallbackRequest
from ringback_server.errors import PermissionDeniedError, RingbackError, attempt
from ringback_server.model.creations import Created, Creation
from ringback_server.model.names import CallbackName, LocationName, WorkflowName
from ringback_server.model.resources import SentCallback, Workflow
from ringback_server.store.callbacks import SendRequest

T = TypeVar("T")
R = TypeVar("R")

#: requests of one batch: more would keep others from the writer for too long
LARGEST = 1_000
_ANY = "-"


def create_executions(
    caller: Caller,
    parent: LocationName,
    requests: Sequence[tuple[WorkflowName, ExecutionSpec] | RingbackError],
) -> Sequence[Created | RingbackError]:
    """Start executions of workflows in `parent`, whose ids may be `-` for any.

    Raise InvalidArgumentError for too many or none, and PermissionDeniedError if that is what
    every single one is refused with.
    """
    _check_size(requests)
    known: dict[WorkflowName, Workflow | RingbackError] = {}

    def prepared(name: WorkflowName, spec: ExecutionSpec) -> Creation:
        _check_within(parent, name.parent, "parent")
        workflow = known.get(name)
        if workflow is None:
            workflow = known[name] = attempt(executions.executable, caller, name)
        if isinstance(workflow, RingbackError):
            raise workflow
        return executions.creation(caller, workflow, spec)

    def create_all(creations: Sequence[Creation]) -> Sequence[Created | RingbackError]:
        _count(caller, [creation.workflow.name.project for creation in creations])
        executions.describe_created(creations)
        return caller.backend.engine.create_all(creations)

    return _all(
        [one if isinstance(one, RingbackError) else attempt(prepared, *one) for one in requests],
        create_all,
    )


def send_callbacks(
    caller: Caller,
    parent: LocationName,
    requests: Sequence[tuple[CallbackName, CallbackRequest] | RingbackError],
) -> Sequence[SentCallback | RingbackError]:
    """Send callbacks to endpoints in `parent`, whose ids may be `-` for any, in their order.

    Raise InvalidArgumentError for too many or none, and PermissionDeniedError if that is what
    every single one is refused with.
    """
    _check_size(requests)

    def prepared(name: CallbackName, request: CallbackRequest) -> SendRequest:
        _check_within(parent, LocationName(name.project, name.location), "name")
        # Each by itself: bindings and tokens may be for one endpoint of an execution.
        name, request = callbacks.check(caller, name, request)
        return callbacks.send_request(caller, name, request)

    def send_all(sound: Sequence[SendRequest]) -> Sequence[SentCallback | RingbackError]:
        _count(caller, [one.name.project for one in sound])
        return callbacks.send_all(caller, sound)

    return _all(
        [one if isinstance(one, RingbackError) else attempt(prepared, *one) for one in requests],
        send_all,
    )


def _all(
    prepared: Sequence[T | RingbackError], serve: Callable[[Sequence[T]], Sequence[R]]
) -> Sequence[R | RingbackError]:
    """Serve what could be prepared, and put the results in the order of the requests."""
    sound = [one for one in prepared if not isinstance(one, RingbackError)]
    denials = [one for one in prepared if isinstance(one, PermissionDeniedError)]
    if len(denials) == len(prepared):
        raise denials[0]
    served = iter(serve(sound) if sound else ())
    results = [one if isinstance(one, RingbackError) else next(served) for one in prepared]
    noted = note()
    for one in results:
        if noted is not None and isinstance(one, RingbackError):
            noted.failed(one)
    return results


def _count(caller: Caller, projects: Sequence[str]) -> None:
    """Count the parts of a batch; the first of them was counted when its permission was checked."""
    for project, parts in Counter(projects[1:]).items():
        caller.backend.rates.owe(project, parts)


def _check_size(requests: Sequence[object]) -> None:
    if not 0 < len(requests) <= LARGEST:
        raise refused("requests", f"requests must be 1 to {LARGEST:,}, got {len(requests):,}")


def _check_within(parent: LocationName, found: LocationName, field: str) -> None:
    within = parent.project in {_ANY, found.project} and parent.location in {_ANY, found.location}
    if not within:
        raise refused(field, f"{found} is not {parent}, the parent of the batch")
