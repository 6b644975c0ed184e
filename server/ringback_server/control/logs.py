"""The verb on logs: reading what workflows wrote."""

from __future__ import annotations

from dataclasses import dataclass

from ringback_server.control.caller import Caller, Page, requires
from ringback_server.control.log_filter import parse_filter
from ringback_server.control.paging import PageRequest, PageSizes, page, position
from ringback_server.control.refusals import refused
from ringback_server.model.names import ExecutionName, LocationName, WorkflowName
from ringback_server.model.resources import LogEntry

_PAGE = PageSizes(default=100, maximum=1_000)
_ORDERS = {"": False, "timestamp": False, "timestamp asc": False, "timestamp desc": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEntry:
    """A log entry and the name of the execution that wrote it."""

    execution: str
    entry: LogEntry

    @property
    def text_bytes(self) -> int:
        """The bytes of its texts."""
        return self.entry.text_bytes


@requires("logging.logEntries.list")
def list_(
    caller: Caller,
    parent: ExecutionName | WorkflowName | LocationName,
    request: PageRequest,
    *,
    filter_text: str = "",
    order_by: str = "",
) -> Page[LoggedEntry]:
    """Return a page of the log entries below `parent`, oldest first unless ordered otherwise.

    Raise InvalidArgumentError for a filter or an order that is not understood; NotFoundError.
    """
    limit = _PAGE.limit(request.size)
    newest_first = _ORDERS.get(" ".join(order_by.split()))
    if newest_first is None:
        raise refused("order_by", "order_by must be timestamp or timestamp desc")
    scope = f"logs {parent} {newest_first} {filter_text}"
    rows = caller.backend.store.logs.list(
        parent,
        parse_filter(filter_text),
        limit=limit + 1,
        after=position(scope, request.token, tuple[int, int]),
        newest_first=newest_first,
    )
    return page(
        scope,
        rows,
        limit,
        place=lambda row: row[0],
        item=lambda row: LoggedEntry(execution=row[1], entry=row[2]),
    )
