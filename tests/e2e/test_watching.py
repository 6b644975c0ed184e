"""Watching executions of server processes that are killed, and of ones that stop."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import cast

import grpc
import httpx
import pytest

from ringback.v1.executions_pb2 import WatchExecutionRequest, WatchExecutionResponse
from ringback.v1.executions_pb2_grpc import ExecutionsStub
from tests.e2e.process import Server, serving
from tests.e2e.test_durability import WORKFLOW, waiting
from tests.gateway.test_events import Event, events
from tests.rpc.calls import status_of
from tests.waiting import PATIENCE

_COUNT = 120
_EARLY = 15
COUNTS = f"""
- all:
    for:
      value: n
      range: [1, {_COUNT}]
      steps:
        - say: {{call: sys.log, args: {{text: "${{string(n)}}"}}}}
        - rest: {{call: sys.sleep, args: {{seconds: 0.02}}}}
"""
NUMBERS = [str(n) for n in range(1, _COUNT + 1)]


def started(server: Server, token: str) -> str:
    """Start an execution that logs numbers for some seconds; return its name."""
    parent = WORKFLOW.removesuffix("/workflows")
    body = {"sourceContents": COUNTS}
    server.call("POST", f"{parent}/workflows?workflowId=counts", token, json=body)
    answer = server.call("POST", f"{WORKFLOW}/counts/executions", token, json={})
    return str(answer.json()["name"])


def watched(
    server: Server, token: str, name: str, resume_token: str = ""
) -> Iterator[WatchExecutionResponse]:
    """Watch an execution over gRPC until its stream ends."""
    with grpc.insecure_channel(server.grpc) as channel:
        yield from ExecutionsStub(channel).WatchExecution(
            WatchExecutionRequest(name=name, resume_token=resume_token),
            metadata=(("authorization", f"Bearer {token}"),),
            timeout=PATIENCE,
        )


def streamed(server: Server, token: str, name: str, last_id: str = "") -> Iterator[Event]:
    """Watch an execution over HTTP until its stream ends."""
    headers = {"Authorization": f"Bearer {token}", "Last-Event-ID": last_id}
    url = f"{server.http}/v1/{name}:watch"
    with httpx.stream("GET", url, headers=headers, timeout=PATIENCE) as response:
        yield from events(response)


def test_watch_when_the_server_is_killed(tmp_path: Path) -> None:
    """Who resumes after kill -9 is told every log entry, and each once."""
    logged: list[str] = []
    position, code = "", grpc.StatusCode.OK
    with serving(tmp_path / "data", home=tmp_path) as first:
        token = first.token()
        name = started(first, token)
        messages = watched(first, token, name)
        while len(logged) < _EARLY:
            message = next(messages)
            logged += _said(message)
            position = message.resume_token
        first.kill()
        try:
            for message in messages:
                logged += _said(message)
                position = message.resume_token
        except grpc.RpcError as error:
            code = status_of(error)
    before = len(logged)
    with serving(tmp_path / "data", home=tmp_path) as second:
        rest = list(watched(second, token, name, position))
    logged += [text for message in rest for text in _said(message)]

    assert grpc.StatusCode.UNAVAILABLE == code
    assert _EARLY <= before < _COUNT
    assert logged == NUMBERS
    assert rest[-1].execution.HasField("end_time")


def test_events_when_the_server_is_killed(tmp_path: Path) -> None:
    """The same over HTTP, with the id of the last event."""
    logged: list[str] = []
    position = ""
    with serving(tmp_path / "data", home=tmp_path) as first:
        token = first.token()
        name = started(first, token)
        stream = streamed(first, token, name)
        while len(logged) < _EARLY:
            event = next(stream)
            logged += _texts(event)
            position = event.id
        first.kill()
        with suppress(httpx.TransportError):
            for event in stream:
                logged += _texts(event)
                position = event.id
    before = len(logged)
    with serving(tmp_path / "data", home=tmp_path) as second:
        found = list(streamed(second, token, name, position))
    logged += [text for event in found for text in _texts(event)]

    assert _EARLY <= before < _COUNT
    assert logged == NUMBERS
    assert "end" == found[-1].name


def test_watch_when_the_server_stops(tmp_path: Path) -> None:
    """Streams end with UNAVAILABLE, and hold up the stop for no time to speak of."""
    with serving(tmp_path / "data", "--drain-seconds=10", home=tmp_path) as server:
        token = server.token()
        name, _ = waiting(server, token)
        messages = watched(server, token, name)
        found = streamed(server, token, name)
        next(messages)
        next(found)
        begun = time.monotonic()
        code = server.stop()
        took = time.monotonic() - begun
        with pytest.raises(grpc.RpcError) as caught:
            next(messages)
        last = next(found)

    assert (0, grpc.StatusCode.UNAVAILABLE) == (code, status_of(caught.value))
    assert "status" == last.name
    assert "UNAVAILABLE" in json.dumps(last.document())
    assert took < 5


def _said(message: WatchExecutionResponse) -> list[str]:
    return [entry.text_payload for entry in message.log_entries]


def _texts(event: Event) -> list[str]:
    entries = cast("list[dict[str, str]]", event.document().get("logEntries", []))
    return [entry["textPayload"] for entry in entries]
