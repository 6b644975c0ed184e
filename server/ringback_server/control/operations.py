"""Verbs on operations: what deploying and deleting workflows left behind. All are done."""

from __future__ import annotations

from dataclasses import dataclass

from ringback_server.control import list_fields
from ringback_server.control.caller import Caller, Page, requires
from ringback_server.control.listing import ListRequest, page_of, query
from ringback_server.control.paging import PageSizes
from ringback_server.errors import NotFoundError
from ringback_server.model.names import LocationName, OperationName
from ringback_server.model.resources import Operation, Workflow

_PAGE = PageSizes(default=100, maximum=1_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationOutcome:
    """An operation and the workflow it is about, unless that was deleted."""

    operation: Operation
    workflow: Workflow | None
    #: what will fail of the workflow, if it was just deployed
    warnings: tuple[str, ...] = ()

    @property
    def text_bytes(self) -> int:
        """The bytes of its texts."""
        return self.workflow.text_bytes if self.workflow else 0


@requires("workflows.operations.get")
def get(caller: Caller, name: OperationName) -> OperationOutcome:
    """Return an operation; or NotFoundError."""
    return _outcome(caller, caller.backend.store.workflows.operation(name))


@requires("workflows.operations.get")
def wait(caller: Caller, name: OperationName) -> OperationOutcome:
    """Return an operation once it is done, which it always is; or NotFoundError."""
    return _outcome(caller, caller.backend.store.workflows.operation(name))


@requires("workflows.operations.list")
def list_(caller: Caller, parent: LocationName, request: ListRequest) -> Page[OperationOutcome]:
    """Return a page of the operations of a location, newest first.

    Raise InvalidArgumentError for a filter that is not understood.
    """
    backend = caller.backend
    scope = f"operations {parent}"
    wanted = query(scope, request, list_fields.OPERATIONS, _PAGE, now=backend.clock.now())
    found = backend.store.workflows.list_operations(parent, wanted)
    return page_of(scope, request, found, lambda operation: _outcome(caller, operation))


@requires("workflows.operations.delete")
def delete(caller: Caller, name: OperationName) -> None:
    """Forget an operation; or NotFoundError."""
    caller.backend.store.workflows.delete_operation(name)


def _outcome(caller: Caller, operation: Operation) -> OperationOutcome:
    workflow = None
    if operation.verb != "delete":
        try:
            workflow = caller.backend.store.workflows.get(operation.target)
        except NotFoundError:
            workflow = None
    return OperationOutcome(operation=operation, workflow=workflow)
