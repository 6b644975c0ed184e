"""Many requests in one: stored in one commit, each with a result of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from ringback.v1 import batches_pb2, callbacks_pb2, executions_pb2
from ringback.v1.batches_pb2_grpc import BatchesStub
from ringback_client.calls import Calls
from ringback_client.names import Place
from ringback_client.settings import ExecutionSettings

# Each request says where it belongs.
_ANYWHERE = "projects/-/locations/-"


class Batches:
    """Executes and sends up to 1,000 at once; a call has at most 4 MiB."""

    def __init__(self, calls: Calls, place: Place) -> None:
        """Take the way to the server, and where short names belong."""
        self._calls = calls
        self._place = place
        self._stub = BatchesStub(calls.channel)

    def execute(
        self,
        workflow: str,
        arguments: Sequence[str],
        *,
        request_ids: Sequence[str] = (),
        **settings: Unpack[ExecutionSettings],
    ) -> Sequence[batches_pb2.BatchCreateExecutionsResponse.Result]:
        """Start an execution for each argument, which is JSON text, and return at once.

        With `request_ids`, one for each argument, a repeated call starts nothing twice.
        """
        parent = self._place.workflow(workflow)
        ids = request_ids or [""] * len(arguments)
        request = batches_pb2.BatchCreateExecutionsRequest(
            parent=_ANYWHERE,
            requests=(
                executions_pb2.CreateExecutionRequest(
                    parent=parent,
                    execution=executions_pb2.Execution(argument=argument, **settings),
                    request_id=request_id,
                )
                for argument, request_id in zip(arguments, ids, strict=True)
            ),
        )
        return self._calls(self._stub.BatchCreateExecutions, request).results

    def send(
        self, requests: Sequence[callbacks_pb2.SendCallbackRequest]
    ) -> Sequence[batches_pb2.BatchSendCallbacksResponse.Result]:
        """Send callbacks; once this returns, what was accepted is stored."""
        request = batches_pb2.BatchSendCallbacksRequest(parent=_ANYWHERE, requests=requests)
        return self._calls(self._stub.BatchSendCallbacks, request).results
