"""The Operations service."""

from __future__ import annotations

from google.protobuf.empty_pb2 import Empty

from ringback.v1 import operations_pb2
from ringback_server.api import messages
from ringback_server.control import operations
from ringback_server.control.caller import Caller
from ringback_server.control.listing import ListRequest
from ringback_server.model.names import LocationName, OperationName


def list_operations(
    request: operations_pb2.ListOperationsRequest, caller: Caller
) -> operations_pb2.ListOperationsResponse:
    """List the operations of a location."""
    page = operations.list_(
        caller,
        LocationName.parse(request.name, "name"),
        ListRequest(size=request.page_size, token=request.page_token, filter=request.filter),
    )
    return operations_pb2.ListOperationsResponse(
        operations=map(messages.operation, page.items), next_page_token=page.next_token
    )


def get_operation(
    request: operations_pb2.GetOperationRequest, caller: Caller
) -> operations_pb2.Operation:
    """Return an operation."""
    return messages.operation(operations.get(caller, OperationName.parse(request.name)))


def delete_operation(request: operations_pb2.DeleteOperationRequest, caller: Caller) -> Empty:
    """Forget an operation."""
    operations.delete(caller, OperationName.parse(request.name))
    return Empty()


def wait_operation(
    request: operations_pb2.WaitOperationRequest, caller: Caller
) -> operations_pb2.Operation:
    """Return an operation once it is done."""
    return messages.operation(operations.wait(caller, OperationName.parse(request.name)))
