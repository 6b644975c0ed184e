"""What executions wait for: finding where, and sending it."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from uuid import uuid4

from ringback.v1 import callbacks_pb2
from ringback.v1.callbacks_pb2 import Callback, QueryValues, SendCallbackResponse
from ringback_client import rpcs
from ringback_client.calls import pages
from ringback_client.failures import ExecutionEndedError, WaitTimeoutError
from ringback_client.json_values import JsonValue, write_json
from ringback_client.names import callback_target
from ringback_client.retries import Retries
from ringback_client.verbs.executions import ExecutionVerbs, finished
from ringback_client.verbs.place import duration

_JSON = "application/json"
_AS_BYTES = "Pass bytes as body=…, with their content_type=…."

# When to look again whether an execution waits: soon after it began, rarely after a while.
_LOOKS = Retries(first=0.05, factor=1.5, most=1.0)


class CallbackVerbs(ExecutionVerbs):
    """The verbs of callbacks."""

    async def send_callback(
        self,
        target: str | Callback,
        data: JsonValue = None,
        *,
        body: bytes = b"",
        content_type: str = "",
        method: str = "",
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str | Sequence[str]] | None = None,
        idempotency_key: str = "",
    ) -> SendCallbackResponse:
        """Send a callback; once this returns, its payload is stored.

        `target` is a callback URL, the name of an endpoint or the endpoint itself. `data` is sent
        as JSON; what is something else goes into `body`, with its `content_type`. The method is by
        default the one that the endpoint takes. The answer's `outcome` says what became of it: a
        step was RESUMED, it is BUFFERED for one to come, or it is a DUPLICATE of one with the same
        `idempotency_key`. Without one, the client makes one up, so that it can send it again when
        the server was UNAVAILABLE; what then had arrived the first time is a DUPLICATE too.

        Raises RequestError if there is no such endpoint, or no more; InvalidInputError if the
        target is none or the data cannot be written as JSON.
        """
        endpoint = callback_target(target if isinstance(target, str) else target.name)
        given = {**endpoint.query, **{key: _values(value) for key, value in (query or {}).items()}}
        request = callbacks_pb2.SendCallbackRequest(
            name=endpoint.name,
            method=method.upper(),
            headers=headers,
            query={key: QueryValues(values=values) for key, values in given.items()},
            content_type=content_type or (_JSON if data is not None else ""),
            body=body if data is None else write_json(data, "The data", _AS_BYTES).encode(),
            request_id=idempotency_key or uuid4().hex,
        )
        return await self._call(rpcs.SEND_CALLBACK, request)

    def callbacks(
        self,
        execution: str,
        *,
        workflow: str | None = None,
        late: bool = False,
        filter_: str = "",
        page_size: int = 0,
        token_lifetime: float | None = None,
    ) -> AsyncIterator[Callback]:
        """Yield the endpoints of an execution that take callbacks; pages are read as needed.

        With `late`, those with payloads that were still unconsumed when the execution ended.
        `filter_` restricts them, such as `method=POST AND waiters>0`. A page has up to `page_size`,
        0 for as many as the server likes.

        With `token_lifetime`, in seconds, each has an `access_token` that is good for sending to it
        with its method, and for nothing else: a link that can be handed out, with its `url`.
        """
        narrowed = f"({filter_})" if filter_.strip() else ""
        wanted = f"state=LATE {narrowed}".strip() if late else filter_
        parent = self._place.execution(execution, workflow)

        async def page(token: str) -> tuple[Sequence[Callback], str]:
            request = callbacks_pb2.ListCallbacksRequest(
                parent=parent, page_size=page_size, page_token=token, filter=wanted
            )
            if token_lifetime is not None:
                request.token_lifetime.CopyFrom(duration(token_lifetime))
            answer = await self._call(rpcs.LIST_CALLBACKS, request)
            return answer.callbacks, answer.next_page_token

        return pages(page)

    async def wait_for_callback(
        self,
        execution: str,
        *,
        workflow: str | None = None,
        method: str = "",
        timeout: float | None = None,
    ) -> Callback:
        """Return an endpoint where a step of the execution waits, once there is one.

        With `method`, one that takes this HTTP method. Raises WaitTimeoutError if there is none
        after `timeout` seconds, ExecutionEndedError if the execution has ended.
        """
        name = self._place.execution(execution, workflow)
        deadline = time.monotonic() + (math.inf if timeout is None else timeout)
        for pause in _LOOKS.pauses():
            async for callback in self.callbacks(name):
                if callback.waiters and method.upper() in {"", callback.method}:
                    return callback
            found = await self.get(name)
            if finished(found):
                raise ExecutionEndedError(found)
            if time.monotonic() + pause > deadline:
                break
            await self._call.wire.sleep(pause)
        raise WaitTimeoutError(
            f"No step of {name} waits for a callback{method and f' with {method.upper()}'}.",
            next_step="Wait longer, or see what it does with: ringback executions describe",
        )


def _values(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
