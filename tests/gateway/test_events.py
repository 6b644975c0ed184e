"""Watching executions over HTTP: server-sent events over a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import pytest
from google.protobuf.message import Message

from ringback.v1.executions_pb2 import WatchExecutionRequest, WatchExecutionResponse
from ringback_server.api.google_names import google_pool
from ringback_server.api.table import StreamMethod
from ringback_server.control.caller import Caller
from ringback_server.control.paging import token_of
from ringback_server.gateway.events import Events, EventStream, Opening
from ringback_server.gateway.workers import Workers
from ringback_server.model.resources import Execution
from tests.edges import http_edge
from tests.rpc.test_watching import LOGS_AROUND, send
from tests.services import INVOKER, NOBODY, Service
from tests.waiting import until


@dataclass(slots=True)
class Event:
    """One event, as a browser takes it."""

    name: str = "message"
    id: str = ""
    data: list[str] = field(default_factory=list[str])

    def document(self) -> dict[str, object]:
        """Return its data, which are JSON."""
        found: dict[str, object] = json.loads("\n".join(self.data))
        return found


def events(response: httpx.Response) -> Iterator[Event]:
    """Yield the events of an answer as they come."""
    event = Event()
    for line in response.iter_lines():
        key, _, value = line.partition(": ")
        if not line:
            if event.data:
                yield event
            event = Event()
        elif key == "event":
            event.name = value
        elif key == "id":
            event.id = value
        elif key == "data":
            event.data.append(value)


@pytest.fixture
def client(service: Service) -> Iterator[httpx.Client]:
    """Open an HTTP client of the service, with the administrator's token."""
    with http_edge(service) as opened:
        opened.headers["Authorization"] = f"Bearer {service.token()}"
        yield opened


@pytest.fixture
def execution(service: Service) -> Execution:
    """Start an execution that waits."""
    return service.execution("w", LOGS_AROUND)


def test_watch_from_beginning_to_end(
    service: Service, client: httpx.Client, execution: Execution
) -> None:
    """Events tell how the execution is, then that it has ended, and then there are no more."""
    with client.stream("GET", f"/v1/{execution.name}:watch") as response:
        found = events(response)
        first = next(found)

        assert "text/event-stream; charset=utf-8" == response.headers["content-type"]
        assert "no-store" == response.headers["cache-control"]
        assert response.headers["x-request-id"]
        document = first.document()
        assert isinstance(document["execution"], dict)
        assert "ACTIVE" == document["execution"]["state"]
        assert first.id == document["resumeToken"]
        assert isinstance(document["callbacks"], list)
        assert "POST" == document["callbacks"][0]["method"]
        send(service, execution)
        *_, last, end = found

    assert "end" == end.name
    ended = last.document()["execution"]
    assert isinstance(ended, dict)
    assert ("SUCCEEDED", "1") == (ended["state"], ended["result"])


def test_watch_with_the_id_of_the_last_event(
    service: Service, client: httpx.Client, execution: Execution
) -> None:
    """A browser that comes back is told what is new, and then that it need not come again."""
    url = f"/v1/{execution.name}:watch"
    with client.stream("GET", url) as response:
        first = next(events(response))
    send(service, execution)
    service.ended(execution.name)
    with client.stream("GET", url, headers={"Last-Event-ID": first.id}) as response:
        second, end = events(response)
    again = client.get(url, headers={"Last-Event-ID": second.id})

    assert [{"after": True}] == [_json(entry) for entry in _entries(second)]
    assert "end" == end.name
    assert (204, b"") == (again.status_code, again.content)


def test_watch_with_numbers_for_enums(client: httpx.Client, execution: Execution) -> None:
    """The parameters that other requests take are taken; what is no format is refused."""
    url = f"/v1/{execution.name}:watch"
    with client.stream("GET", f"{url}?$alt=sse;enum-encoding=int") as response:
        shown = next(events(response)).document()["execution"]

    assert isinstance(shown, dict)
    assert 1 == shown["state"]
    assert 400 == client.get(f"{url}?alt=proto").status_code


def test_watch_that_is_refused(
    service: Service, client: httpx.Client, execution: Execution
) -> None:
    """What is refused is an answer as all others have it, not a stream."""
    url = f"/v1/{execution.name}:watch"
    codes = [
        client.get(url, headers={"Authorization": ""}).status_code,
        client.get(url, headers={"Authorization": f"Bearer {service.token(NOBODY)}"}).status_code,
        client.get(f"/v1/{execution.name}0:watch").status_code,
        client.get(url, params={"resumeToken": token_of("another", 1)}).status_code,
        client.post(url).status_code,
    ]

    assert [401, 403, 404, 400, 405] == codes


def test_watch_without_all_permissions(
    service: Service, client: httpx.Client, execution: Execution
) -> None:
    """Who may not read logs is told of the rest, and what is missing."""
    headers = {"Authorization": f"Bearer {service.token(INVOKER)}"}
    with client.stream("GET", f"/v1/{execution.name}:watch", headers=headers) as response:
        document = next(events(response)).document()

    assert ["logging.logEntries.list"] == document["missingPermissions"]
    assert "logEntries" not in document


def test_watchers_when_threads_are_few(
    service: Service, client: httpx.Client, execution: Execution
) -> None:
    """Streams hold no thread: with four threads and many watchers, requests are answered."""
    url = f"/v1/{execution.name}:watch"
    with ExitStack() as stack:
        streams = [
            events(stack.enter_context(client.stream("GET", url, timeout=20))) for _ in range(40)
        ]
        assert 40 == len([next(stream) for stream in streams])
        assert 200 == client.get(f"/v1/{execution.name}").status_code
        send(service, execution)
        ends = [list(stream)[-1].name for stream in streams]

    assert ["end"] * 40 == ends


def test_watch_when_the_client_hangs_up(
    service: Service, client: httpx.Client, execution: Execution
) -> None:
    """Nothing is kept of it."""
    with client.stream("GET", f"/v1/{execution.name}:watch") as response:
        next(events(response))

    assert until(lambda: "[0 watched]" in repr(service.backend.engine))


def test_watch_when_the_server_leaves(
    service: Service, client: httpx.Client, execution: Execution
) -> None:
    """The stream says why it ends, and later ones are refused."""
    url = f"/v1/{execution.name}:watch"
    with client.stream("GET", url) as response:
        found = events(response)
        next(found)
        service.backend.engine.leave()
        [last] = found
    error = last.document()["error"]

    assert "status" == last.name
    assert isinstance(error, dict)
    assert "UNAVAILABLE" == error["status"]
    assert 503 == client.get(url).status_code


def _entries(event: Event) -> list[dict[str, object]]:
    return cast("list[dict[str, object]]", event.document()["logEntries"])


def _json(entry: dict[str, object]) -> object:
    return entry["jsonPayload"]


_PLACE = "t"


class _Quiet:
    """A stream that has one message and then no news."""

    over = False

    def __init__(self) -> None:
        self.closed = False
        self._messages: list[Message | None] = [WatchExecutionResponse(resume_token=_PLACE)]

    def take(self) -> Message | None:
        """Return the message, then nothing."""
        return self._messages.pop() if self._messages else None

    def close(self) -> None:
        """Hear no more."""
        self.closed = True


def test_stream_when_there_is_no_news(service: Service) -> None:
    """Comments are sent meanwhile, so that nobody in between takes the connection for dead."""
    stream, workers = _Quiet(), Workers(threads=1)
    sent: list[bytes] = []

    def begin(message: Message, caller: Caller, told: Callable[[], None]) -> _Quiet:
        del message, caller, told
        return stream

    async def scenario() -> None:
        gone = asyncio.Event()

        async def receive() -> dict[str, object]:
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message.get("body", b""))
            if sent.count(b": still here\n\n") == 2:
                gone.set()

        opening = Opening(
            caller=service.caller(),
            method=StreamMethod(request=WatchExecutionRequest, open=begin),
            asked=WatchExecutionRequest(),
            enums_as_numbers=False,
        )
        answer = await Events(workers, google_pool(), heartbeat=0.01).open(opening)
        assert isinstance(answer, EventStream)
        await answer.send(receive, send, [])

    asyncio.run(scenario())
    workers.close()

    assert b'id: t\ndata: {"resumeToken":"t"}\n\n' in sent
    assert 2 == sent.count(b": still here\n\n")
    assert stream.closed
