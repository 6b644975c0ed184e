"""Many requests in one: stored in one commit, each with a result of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Unpack
from uuid import uuid4

from ringback.v1 import batches_pb2
from ringback.v1.callbacks_pb2 import SendCallbackRequest
from ringback.v1.executions_pb2 import CreateExecutionRequest, Execution
from ringback_client import rpcs
from ringback_client.settings import ExecutionSettings
from ringback_client.verbs.place import PlacedVerbs

# Each request says where it belongs.
_ANYWHERE = "projects/-/locations/-"


class BatchVerbs(PlacedVerbs):
    """Executes and sends up to 1,000 at once; a call has at most 4 MiB."""

    async def execute(
        self,
        workflow: str,
        arguments: Sequence[str],
        *,
        request_ids: Sequence[str] = (),
        **settings: Unpack[ExecutionSettings],
    ) -> Sequence[batches_pb2.BatchCreateExecutionsResponse.Result]:
        """Start an execution for each argument, which is JSON text, and return at once.

        With `request_ids`, one for each argument, a repeated call starts nothing twice. Raises
        RequestError when nothing at all may be started; else each result has its own error.
        """
        parent = self._place.workflow(workflow)
        ids = request_ids or [""] * len(arguments)
        request = batches_pb2.BatchCreateExecutionsRequest(
            parent=_ANYWHERE,
            requests=(
                CreateExecutionRequest(
                    parent=parent,
                    execution=Execution(argument=argument, **settings),
                    request_id=request_id or uuid4().hex,
                )
                for argument, request_id in zip(arguments, ids, strict=True)
            ),
        )
        return (await self._call(rpcs.CREATE_EXECUTIONS, request)).results

    async def send(
        self, requests: Sequence[SendCallbackRequest]
    ) -> Sequence[batches_pb2.BatchSendCallbacksResponse.Result]:
        """Send callbacks; once this returns, what was accepted is stored.

        Raises RequestError when nothing at all may be sent; else each result has its own error.
        """
        request = batches_pb2.BatchSendCallbacksRequest(
            parent=_ANYWHERE, requests=_identified(requests)
        )
        return (await self._call(rpcs.SEND_CALLBACKS, request)).results


def _identified(requests: Iterable[SendCallbackRequest]) -> Iterable[SendCallbackRequest]:
    """Give each request an id, by which the server knows it again if it is sent again."""
    for request in requests:
        sent = SendCallbackRequest()
        sent.CopyFrom(request)
        sent.request_id = request.request_id or uuid4().hex
        yield sent
