"""The Batches service."""

from __future__ import annotations

from ringback.v1 import batches_pb2, callbacks_pb2, executions_pb2
from ringback_server.api import messages
from ringback_server.api.callbacks import callback_request
from ringback_server.api.executions import execution_spec
from ringback_server.api.statuses import status_of
from ringback_server.control import batches
from ringback_server.control.caller import Caller
from ringback_server.control.executions import ExecutionSpec
from ringback_server.control.request_map import CallbackRequest
from ringback_server.errors import RingbackError, attempt
from ringback_server.model.creations import Created
from ringback_server.model.names import CallbackName, LocationName, WorkflowName
from ringback_server.model.resources import SentCallback


def batch_create_executions(
    request: batches_pb2.BatchCreateExecutionsRequest, caller: Caller
) -> batches_pb2.BatchCreateExecutionsResponse:
    """Start executions."""
    results = batches.create_executions(
        caller,
        LocationName.parse(request.parent, "parent"),
        [attempt(_creation, one) for one in request.requests],
    )
    now = caller.backend.clock.now()
    return batches_pb2.BatchCreateExecutionsResponse(
        results=[_created(result, now) for result in results]
    )


def batch_send_callbacks(
    request: batches_pb2.BatchSendCallbacksRequest, caller: Caller
) -> batches_pb2.BatchSendCallbacksResponse:
    """Send callbacks."""
    results = batches.send_callbacks(
        caller,
        LocationName.parse(request.parent, "parent"),
        [attempt(_callback, one) for one in request.requests],
    )
    return batches_pb2.BatchSendCallbacksResponse(results=map(_sent, results))


def _creation(sent: executions_pb2.CreateExecutionRequest) -> tuple[WorkflowName, ExecutionSpec]:
    return WorkflowName.parse(sent.parent, "parent"), execution_spec(sent)


def _callback(sent: callbacks_pb2.SendCallbackRequest) -> tuple[CallbackName, CallbackRequest]:
    return CallbackName.parse(sent.name), callback_request(sent)


def _created(
    result: Created | RingbackError, now: float
) -> batches_pb2.BatchCreateExecutionsResponse.Result:
    shown = batches_pb2.BatchCreateExecutionsResponse.Result()
    if isinstance(result, RingbackError):
        shown.error.CopyFrom(status_of(result))
    else:
        shown.execution.CopyFrom(messages.execution(result.execution, now=now, full=False))
        shown.duplicate = result.duplicate
    return shown


def _sent(
    result: SentCallback | RingbackError,
) -> batches_pb2.BatchSendCallbacksResponse.Result:
    shown = batches_pb2.BatchSendCallbacksResponse.Result()
    if isinstance(result, RingbackError):
        shown.error.CopyFrom(status_of(result))
    else:
        shown.response.CopyFrom(messages.sent_callback(result))
    return shown
