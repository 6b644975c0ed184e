"""The calls of a client that measures: a few of the services' methods, over asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path

import grpc
from google.protobuf.duration_pb2 import Duration

from benchmarks.asking import BenchmarkError
from ringback.v1 import batches_pb2, callbacks_pb2, executions_pb2
from ringback.v1.batches_pb2_grpc import BatchesStub
from ringback.v1.callbacks_pb2_grpc import CallbacksStub
from ringback.v1.executions_pb2_grpc import ExecutionsStub
from ringback_client.credentials import AccessTokens, read_key
from ringback_server.model.names import CallbackName, ExecutionName

_PARENT = "projects/local/locations/us-central1/workflows"
_PATIENCE = 120.0
_WAIT = Duration(seconds=60)
_PAGE = 250
_ANYWHERE = "projects/-/locations/-"
#: executions of one batch, and batches under way
_BATCH = 250
_BATCHES = 2


class Calls:
    """One connection with one token; executions go by the last part of their names."""

    def __init__(self, address: str, key_file: str) -> None:
        """Take the gRPC address and the key file whose token is sent."""
        self._channel = grpc.aio.insecure_channel(address)
        self._metadata = (("authorization", f"Bearer {token_of(key_file)}"),)
        self._executions = ExecutionsStub(self._channel)
        self._callbacks = CallbacksStub(self._channel)
        self._batches = BatchesStub(self._channel)

    async def close(self) -> None:
        """Close the connection."""
        await self._channel.close(None)

    async def create(self, workflow: str, argument: str = "null") -> str:
        """Start an execution."""
        created = await self._executions.CreateExecution(
            executions_pb2.CreateExecutionRequest(
                parent=f"{_PARENT}/{workflow}",
                execution=executions_pb2.Execution(argument=argument),
            ),
            timeout=_PATIENCE,
            metadata=self._metadata,
        )
        return created.name.rpartition("/")[2]

    async def create_many(
        self, workflow: str, count: int, clients: int, argument: str = "null"
    ) -> list[str]:
        """Start `count` executions, in batches of which one is served while the next is made."""
        made: list[str] = []
        left = iter(range(0, count, _BATCH))
        one = executions_pb2.CreateExecutionRequest(
            parent=f"{_PARENT}/{workflow}", execution=executions_pb2.Execution(argument=argument)
        )

        async def client() -> None:
            for begun in left:
                size = min(_BATCH, count - begun)
                request = batches_pb2.BatchCreateExecutionsRequest(
                    parent=_ANYWHERE, requests=[one] * size
                )
                answer = await self._batches.BatchCreateExecutions(
                    request, timeout=_PATIENCE, metadata=self._metadata
                )
                names = [result.execution.name for result in answer.results]
                made.extend(name.rpartition("/")[2] for name in names)

        await asyncio.gather(*(client() for _ in range(min(clients, _BATCHES))))
        if not all(made):
            raise BenchmarkError(f"{made.count('')} of {count} executions were refused")
        return made

    async def wait(self, workflow: str, execution: str) -> float:
        """Return once an execution has succeeded, with the Unix time of its end."""
        found = await self._executions.WaitExecution(
            executions_pb2.WaitExecutionRequest(
                name=f"{_PARENT}/{workflow}/executions/{execution}", timeout=_WAIT
            ),
            timeout=_PATIENCE,
            metadata=self._metadata,
        )
        if found.state != executions_pb2.Execution.SUCCEEDED:
            raise BenchmarkError(f"{execution} is {found.state}: {found.error}")
        return found.end_time.seconds + found.end_time.nanos / 1e9

    async def cancel(self, workflow: str, execution: str) -> None:
        """Stop an execution."""
        await self._executions.CancelExecution(
            executions_pb2.CancelExecutionRequest(
                name=f"{_PARENT}/{workflow}/executions/{execution}"
            ),
            timeout=_PATIENCE,
            metadata=self._metadata,
        )

    async def send(self, endpoint: str) -> None:
        """Send a callback."""
        await self._callbacks.SendCallback(
            callbacks_pb2.SendCallbackRequest(name=endpoint, body=b"done"),
            timeout=_PATIENCE,
            metadata=self._metadata,
        )

    async def get(self, workflow: str, execution: str) -> None:
        """Read an execution."""
        await self._executions.GetExecution(
            executions_pb2.GetExecutionRequest(name=f"{_PARENT}/{workflow}/executions/{execution}"),
            timeout=_PATIENCE,
            metadata=self._metadata,
        )

    async def list(self, workflow: str) -> None:
        """Read the newest executions, a page of them."""
        await self._executions.ListExecutions(
            executions_pb2.ListExecutionsRequest(parent=f"{_PARENT}/{workflow}"),
            timeout=_PATIENCE,
            metadata=self._metadata,
        )

    async def see_ended(self, workflow: str, pending: Collection[str]) -> set[str]:
        """Return which of `pending` have not ended yet, by lists of the newest executions."""
        left, token = set(pending), ""
        while left:
            page = await self._executions.ListExecutions(
                executions_pb2.ListExecutionsRequest(
                    parent=f"{_PARENT}/{workflow}", page_size=_PAGE, page_token=token
                ),
                timeout=_PATIENCE,
                metadata=self._metadata,
            )
            left.difference_update(
                found.name.rpartition("/")[2]
                for found in page.executions
                if found.state == executions_pb2.Execution.SUCCEEDED
            )
            token = page.next_page_token
            if not token:
                break
        return left


def endpoint(workflow: str, execution: str, number: int = 0) -> str:
    """Return the name of an execution's `number`-th endpoint."""
    name = ExecutionName("local", "us-central1", workflow, execution)
    return str(CallbackName.of(name, number))


def token_of(key_file: str) -> str:
    """Return an access token that a key file is good for."""
    return AccessTokens(read_key(Path(key_file))).get()
