"""The Logs service."""

from __future__ import annotations

from ringback.v1 import logs_pb2
from ringback_server.api import messages
from ringback_server.control import logs
from ringback_server.control.caller import Caller
from ringback_server.control.paging import PageRequest
from ringback_server.model.names import ExecutionName, LocationName, WorkflowName


def list_log_entries(
    request: logs_pb2.ListLogEntriesRequest, caller: Caller
) -> logs_pb2.ListLogEntriesResponse:
    """List what workflows logged."""
    page = logs.list_(
        caller,
        _parent(request.parent),
        PageRequest(size=request.page_size, token=request.page_token),
        filter_text=request.filter,
        order_by=request.order_by,
    )
    return logs_pb2.ListLogEntriesResponse(
        entries=map(messages.log_entry, page.items), next_page_token=page.next_token
    )


def _parent(name: str) -> ExecutionName | WorkflowName | LocationName:
    if "/executions/" in name:
        return ExecutionName.parse(name, "parent")
    if "/workflows/" in name:
        return WorkflowName.parse(name, "parent")
    return LocationName.parse(name, "parent")
