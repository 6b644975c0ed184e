"""The verbs on the history of an execution: reading and deleting step entries."""

from __future__ import annotations

from dataclasses import dataclass

from ringback_server.control.caller import Caller, Page, requires
from ringback_server.control.filter_reader import read_condition
from ringback_server.control.listing import ListRequest, read_order
from ringback_server.control.paging import PageSizes, page, position
from ringback_server.control.refusals import refused
from ringback_server.control.step_history import entries_of
from ringback_server.control.step_lists import FIELDS, wanted
from ringback_server.errors import NotFoundError
from ringback_server.model.names import ExecutionName, StepEntryName, resource
from ringback_server.model.steps import StepEntry

_PAGE = PageSizes(default=1_000, maximum=1_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A page of step entries, how many there are on all pages, and how many steps have none."""

    page: Page[StepEntry]
    total: int
    unrecorded: int


@requires("workflows.stepEntries.list")
def list_(
    caller: Caller,
    parent: ExecutionName,
    request: ListRequest,
    *,
    skip: int = 0,
) -> Listed:
    """Return a page of the step entries of an execution, beginning `skip` entries later.

    Raise InvalidArgumentError for a filter or an order that is not understood; NotFoundError.
    """
    limit = _PAGE.limit(request.size)
    if skip < 0:
        raise refused("skip", "skip must not be negative")
    condition = read_condition(request.filter, FIELDS)
    order = read_order(request.order_by, FIELDS)
    scope = f"stepEntries {parent}\0{request.filter}\0{request.order_by}"
    stored = caller.backend.store.histories.read(parent)
    found = wanted(entries_of(parent, stored), condition, order)
    start = (position(scope, request.token, int) or 0) + skip
    rows = list(enumerate(found, 1))[start : start + limit + 1]
    shown = page(scope, rows, limit, place=lambda row: row[0], item=lambda row: row[1])
    return Listed(page=shown, total=len(found), unrecorded=stored.history.unrecorded)


@requires("workflows.stepEntries.list")
def every(caller: Caller, parent: ExecutionName) -> Page[StepEntry]:
    """Return all step entries of an execution as one page; or NotFoundError."""
    return Page(items=tuple(entries_of(parent, caller.backend.store.histories.read(parent))))


@requires("workflows.stepEntries.get")
def get(caller: Caller, name: StepEntryName) -> StepEntry:
    """Return a step entry; or NotFoundError."""
    stored = caller.backend.store.histories.read(name.parent)
    for entry in entries_of(name.parent, stored):
        if str(entry.begun.id) == name.entry:
            return entry
    raise NotFoundError(
        f"{name} was not found.", reason="STEP_ENTRY_NOT_FOUND", resource=resource(name)
    )


@requires("workflows.executions.cancel")
def delete(caller: Caller, name: ExecutionName) -> None:
    """Delete the step entries of an execution; what it does later is recorded; NotFoundError."""
    caller.backend.store.histories.forget(name)
