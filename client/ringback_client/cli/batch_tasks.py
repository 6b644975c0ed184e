"""What the lines of a batch file say, and what is done about them."""

import json
from collections.abc import Mapping, Sequence
from typing import cast

from google.rpc.status_pb2 import Status

from ringback.v1.callbacks_pb2 import QueryValues, SendCallbackRequest, SendCallbackResponse
from ringback.v1.executions_pb2 import Execution
from ringback_client.cli.batches import Entry, Task
from ringback_client.cli.json_text import parse_json
from ringback_client.client import Client
from ringback_client.errors import InvalidInputError
from ringback_client.names import callback_target
from ringback_client.settings import ExecutionSettings

_KEYS = frozenset({"url", "method", "data", "headers", "idempotency_key"})
_JSON = "application/json"


def execute_lines(
    client: Client, workflow: str, settings: ExecutionSettings
) -> Task[tuple[str, str]]:
    """Execute a workflow with the argument in each line."""

    def serve(requests: Sequence[tuple[str, str]]) -> Sequence[Entry | Status]:
        results = client.batches.execute(
            workflow,
            [argument for argument, _ in requests],
            request_ids=[request_id for _, request_id in requests],
            **settings,
        )
        return [
            result.error
            if result.HasField("error")
            else _started(result.execution, duplicate=result.duplicate)
            for result in results
        ]

    return Task(f"execute {client.place.workflow(workflow)}", _argument, serve)


def send_lines(client: Client) -> Task[SendCallbackRequest]:
    """Send the callback in each line."""

    def serve(requests: Sequence[SendCallbackRequest]) -> Sequence[Entry | Status]:
        return [
            result.error if result.HasField("error") else _sent(result.response)
            for result in client.batches.send(requests)
        ]

    return Task("callbacks send", read_callback, serve)


def read_callback(text: str, request_id: str) -> SendCallbackRequest:
    """Read a callback; raise ValueError that says what is wrong with it."""
    line = _map(parse_json(text), "the line")
    unknown = sorted(line.keys() - _KEYS)
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}; there are {', '.join(sorted(_KEYS))}")
    try:
        target = callback_target(_text(line, "url"))
    except InvalidInputError as error:
        raise ValueError(error.message) from error
    given = _map(line.get("headers", {}), "headers")
    headers = {name.lower(): _text(given, name) for name in given}
    content_type = headers.pop("content-type", _JSON if "data" in line else "")
    return SendCallbackRequest(
        name=target.name,
        method=_text(line, "method").upper(),
        headers=headers,
        query={key: QueryValues(values=values) for key, values in target.query.items()},
        content_type=content_type,
        body=_body(line, content_type),
        request_id=_text(line, "idempotency_key") or request_id,
    )


def _argument(text: str, request_id: str) -> tuple[str, str]:
    parse_json(text)
    return text, request_id


def _body(line: Mapping[str, object], content_type: str) -> bytes:
    """Return the data as JSON, or as they are if they are a text of another type."""
    if "data" not in line:
        return b""
    data = line["data"]
    if content_type == _JSON:
        return json.dumps(data, ensure_ascii=False).encode()
    if isinstance(data, str):
        return data.encode()
    raise ValueError(f"data must be a string to be sent as {content_type}")


def _map(value: object, what: str) -> Mapping[str, object]:
    if isinstance(value, dict):
        return cast("dict[str, object]", value)
    raise ValueError(f"{what} must be a map")


def _text(values: Mapping[str, object], key: str) -> str:
    value = values.get(key, "")
    if isinstance(value, str):
        return value
    raise ValueError(f"{key} must be a string")


def _started(execution: Execution, *, duplicate: bool) -> Entry:
    entry: Entry = {"execution": execution.name, "state": Execution.State.Name(execution.state)}
    return {**entry, "duplicate": True} if duplicate else entry


def _sent(answer: SendCallbackResponse) -> Entry:
    outcome = SendCallbackResponse.Outcome.Name(answer.outcome)
    return {"outcome": outcome, "payload": answer.payload_id}
