"""The verbs on the history of an execution: reading and deleting step entries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from ringback_server.control.caller import Caller, Page, requires
from ringback_server.control.paging import PageRequest, PageSizes, page, position
from ringback_server.control.refusals import refused
from ringback_server.control.step_history import entries_of
from ringback_server.errors import NotFoundError
from ringback_server.model.names import ExecutionName, StepEntryName
from ringback_server.model.steps import StepEntry

_PAGE = PageSizes(default=1_000, maximum=1_000)

_ORDERS: Final[Mapping[str, Callable[[StepEntry], Any]]] = MappingProxyType(
    {
        "entryid": lambda entry: entry.begun.id,
        "createtime": lambda entry: entry.begun.time,
        "updatetime": lambda entry: entry.update_time,
        "routine": lambda entry: entry.begun.routine,
        "step": lambda entry: entry.begun.step,
        "steptype": lambda entry: entry.begun.type.name,
        "state": lambda entry: entry.state.name,
    }
)


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
    request: PageRequest,
    *,
    skip: int = 0,
    order_by: str = "",
) -> Listed:
    """Return a page of the step entries of an execution, beginning `skip` entries later.

    Raise InvalidArgumentError for an order that is not understood; NotFoundError.
    """
    limit = _PAGE.limit(request.size)
    if skip < 0:
        raise refused("skip", "skip must not be negative")
    scope = f"stepEntries {parent} {order_by}"
    stored = caller.backend.store.histories.read(parent)
    found = _ordered(entries_of(parent, stored), order_by)
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
    raise NotFoundError(f"{name} was not found.", reason="STEP_ENTRY_NOT_FOUND")


@requires("workflows.executions.cancel")
def delete(caller: Caller, name: ExecutionName) -> None:
    """Delete the step entries of an execution; what it does later is recorded; NotFoundError."""
    caller.backend.store.histories.forget(name)


def _ordered(entries: list[StepEntry], order_by: str) -> list[StepEntry]:
    """Sort entries by the fields of AIP-132; raise InvalidArgumentError."""
    fields = [field.split() for field in order_by.split(",")] if order_by.strip() else []
    for field in reversed(fields):
        key = _ORDERS.get(field[0].replace("_", "").lower()) if field else None
        way = " ".join(field[1:]).lower()
        if key is None or way not in {"", "asc", "desc"}:
            known = "entryId, createTime, updateTime, routine, step, stepType or state"
            raise refused(
                "order_by", f"order_by must be made of {known}, between commas, each perhaps desc"
            )
        entries = sorted(entries, key=key, reverse=way == "desc")
    return entries
