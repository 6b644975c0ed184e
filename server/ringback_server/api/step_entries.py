"""The StepEntries and ExecutionHistory services."""

from __future__ import annotations

import json

from google.protobuf import json_format
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from ringback.v1 import step_entries_pb2 as pb
from ringback_server.api import messages
from ringback_server.api.step_messages import step_entry
from ringback_server.control import exports, step_entries
from ringback_server.control.caller import Caller
from ringback_server.control.listing import ListRequest
from ringback_server.model.names import ExecutionName, StepEntryName


def list_step_entries(
    request: pb.ListStepEntriesRequest, caller: Caller
) -> pb.ListStepEntriesResponse:
    """List the step entries of an execution."""
    listed = step_entries.list_(
        caller,
        ExecutionName.parse(request.parent, "parent"),
        ListRequest(
            size=request.page_size,
            token=request.page_token,
            filter=request.filter,
            order_by=request.order_by,
        ),
        skip=request.skip,
    )
    full = request.view != pb.EXECUTION_ENTRY_VIEW_BASIC
    return pb.ListStepEntriesResponse(
        step_entries=[step_entry(entry, full=full) for entry in listed.page.items],
        next_page_token=listed.page.next_token,
        total_size=listed.total,
        unrecorded_entries=listed.unrecorded,
    )


def get_step_entry(request: pb.GetStepEntryRequest, caller: Caller) -> pb.StepEntry:
    """Return a step entry."""
    found = step_entries.get(caller, StepEntryName.parse(request.name))
    return step_entry(found, full=request.view != pb.EXECUTION_ENTRY_VIEW_BASIC)


def export_data(request: pb.ExportDataRequest, caller: Caller) -> pb.ExportDataResponse:
    """Return what is stored about an execution as one JSON text."""
    found = exports.export(caller, ExecutionName.parse(request.name))
    now, base_url = caller.backend.clock.now(), caller.backend.engine.callback_base_url
    document: dict[str, object] = {
        "execution": _document(messages.execution(found.execution, now=now)),
        "callbacks": [_document(messages.callback(one, base_url)) for one in found.callbacks],
        "stepEntries": [_document(step_entry(one)) for one in found.steps],
        "logEntries": [_log_entry(messages.log_entry(one)) for one in found.logs],
    }
    if found.left_out:
        document["leftOut"] = found.left_out
    return pb.ExportDataResponse(data=json.dumps(document, ensure_ascii=False))


def delete_execution_history(request: pb.DeleteExecutionHistoryRequest, caller: Caller) -> Empty:
    """Delete the step entries of an execution."""
    step_entries.delete(caller, ExecutionName.parse(request.name))
    return Empty()


def _document(message: Message) -> dict[str, object]:
    return json_format.MessageToDict(message)


def _log_entry(message: Message) -> dict[str, object]:
    """Return a log entry with its JSON as values, as the HTTP interface has it."""
    document = _document(message)
    text = document.get("jsonPayload")
    return document if text is None else {**document, "jsonPayload": json.loads(str(text))}
