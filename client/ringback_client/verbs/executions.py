"""Running workflows: starting executions, reading them, awaiting them, cancelling them."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator, Sequence
from typing import Unpack
from uuid import uuid4

from ringback.v1 import executions_pb2
from ringback.v1.executions_pb2 import Execution
from ringback_client import rpcs
from ringback_client.calls import pages
from ringback_client.errors import RequestError
from ringback_client.failures import ExecutionFailedError, WaitTimeoutError
from ringback_client.json_values import JsonValue, read_json, write_json
from ringback_client.retries import Retries
from ringback_client.settings import ExecutionSettings
from ringback_client.verbs.place import PlacedVerbs, duration

# How long one WaitExecution lasts; a longer wait is made of several.
_WAIT_SECONDS = 30.0

_JSON_HAS = "Pass None, bool, int, float, str, and lists and dicts of these."

# Why a server does not let a call wait, and when to ask it again.
_NO_SEAT = "TOO_MANY_WAITING_CALLS"
_LOOKS = Retries(first=0.2, factor=1.5, most=2.0)

_UNFINISHED = frozenset({Execution.ACTIVE, Execution.QUEUED})


def finished(execution: Execution) -> bool:
    """Tell whether an execution has ended, however it did."""
    return execution.state not in _UNFINISHED


class ExecutionVerbs(PlacedVerbs):
    """The verbs of executions."""

    async def run(
        self,
        workflow: str,
        argument: JsonValue = None,
        *,
        timeout: float | None = None,
        **settings: Unpack[ExecutionSettings],
    ) -> JsonValue:
        """Execute a workflow, wait until it has ended, and return its result.

        Raises ExecutionFailedError, with the error, if it ends as FAILED or CANCELLED, and
        WaitTimeoutError if it has not ended after `timeout` seconds; it then goes on.
        """
        started = await self.execute(workflow, argument, **settings)
        return result_of(await self.wait(started.name, timeout=timeout))

    async def execute(
        self,
        workflow: str,
        argument: JsonValue = None,
        *,
        argument_json: str = "",
        request_id: str = "",
        **settings: Unpack[ExecutionSettings],
    ) -> Execution:
        """Start an execution with an argument, and return it at once.

        `argument_json` is the argument as JSON text, for who has that. A second call with the same
        `request_id` starts nothing and returns what the first one started; without one, the client
        makes one up, so that it can call again when the server was UNAVAILABLE.
        """
        text = argument_json
        if argument is not None:
            text = write_json(argument, "The argument", _JSON_HAS)
        request = executions_pb2.CreateExecutionRequest(
            parent=self._place.workflow(workflow),
            execution=Execution(argument=text, **settings),
            request_id=request_id or uuid4().hex,
        )
        return await self._call(rpcs.CREATE_EXECUTION, request)

    async def get(self, execution: str, *, workflow: str | None = None) -> Execution:
        """Return an execution by its full name, or by its id and its workflow.

        Raises RequestError if there is none.
        """
        name = self._place.execution(execution, workflow)
        return await self._call(rpcs.GET_EXECUTION, executions_pb2.GetExecutionRequest(name=name))

    def list(
        self,
        workflow: str,
        *,
        filter_: str = "",
        order_by: str = "",
        page_size: int = 0,
        view: executions_pb2.ExecutionView.ValueType = executions_pb2.EXECUTION_VIEW_UNSPECIFIED,
    ) -> AsyncIterator[Execution]:
        """Yield the executions of a workflow, newest first; pages are read as needed.

        `filter_` restricts them, such as `state="FAILED" AND startTime>"2026-08-01"`; `order_by`
        names fields, each with an optional ` desc`. A page has up to `page_size`, 0 for as many as
        the server likes. In the default view, BASIC, they are without argument, result and error.
        """
        parent = self._place.workflow(workflow)

        async def page(token: str) -> tuple[Sequence[Execution], str]:
            request = executions_pb2.ListExecutionsRequest(
                parent=parent,
                page_size=page_size,
                page_token=token,
                filter=filter_,
                order_by=order_by,
                view=view,
            )
            answer = await self._call(rpcs.LIST_EXECUTIONS, request)
            return answer.executions, answer.next_page_token

        return pages(page)

    async def cancel(self, execution: str, *, workflow: str | None = None) -> Execution:
        """Stop an execution, and return it; raises RequestError if it has ended already."""
        name = self._place.execution(execution, workflow)
        return await self._call(
            rpcs.CANCEL_EXECUTION, executions_pb2.CancelExecutionRequest(name=name)
        )

    async def wait(
        self, execution: str, *, workflow: str | None = None, timeout: float | None = None
    ) -> Execution:
        """Return an execution once it has ended, or as it is after `timeout` seconds.

        However it ended; `result_of` returns its result or raises its error.
        """
        name = self._place.execution(execution, workflow)
        looks = _LOOKS.pauses()
        deadline = time.monotonic() + (math.inf if timeout is None else timeout)
        while True:
            seconds = min(max(deadline - time.monotonic(), 0.0), _WAIT_SECONDS)
            request = executions_pb2.WaitExecutionRequest(name=name, timeout=duration(seconds))
            try:
                found = await self._call(rpcs.WAIT_EXECUTION, request, waits=seconds)
            except RequestError as error:
                if error.reason != _NO_SEAT:
                    raise
                # The server has so many waiting calls that this one has to ask again and again.
                await self._call.wire.sleep(min(next(looks), seconds))
                found = await self.get(name)
            if finished(found) or time.monotonic() >= deadline:
                return found

    def watch(
        self,
        execution: str,
        *,
        workflow: str | None = None,
        resume_token: str = "",
        timeout: float | None = None,
    ) -> AsyncIterator[executions_pb2.WatchExecutionResponse]:
        """Yield how an execution is, now and whenever it has changed, until it has ended.

        Each message has the execution in full, what was logged since the message before, and the
        callback endpoints at which steps wait. When the connection breaks, the client calls again
        and goes on after the last message: no log entry comes twice, and none is left out. The
        `resume_token` of a message lets another call, or another program, go on after it.

        Raises RequestError with DEADLINE_EXCEEDED if it has not ended after `timeout` seconds.
        """
        name = self._place.execution(execution, workflow)

        def request(
            last: executions_pb2.WatchExecutionResponse | None,
        ) -> executions_pb2.WatchExecutionRequest:
            token = last.resume_token if last is not None else resume_token
            return executions_pb2.WatchExecutionRequest(name=name, resume_token=token)

        return self._call.stream(rpcs.WATCH_EXECUTION, request, timeout=timeout)


def result_of(execution: Execution) -> JsonValue:
    """Return the result of an execution.

    Raises ExecutionFailedError if it has none, WaitTimeoutError if it has not ended.
    """
    if not finished(execution):
        raise WaitTimeoutError(f"The execution {execution.name} has not ended yet.")
    if execution.state != Execution.SUCCEEDED:
        raise ExecutionFailedError(execution)
    return read_json(execution.result)
