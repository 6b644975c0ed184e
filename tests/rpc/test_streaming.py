"""Streams whose readers are slow, at the seam to grpcio: its function that sends, and blocks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import grpc
from google.protobuf.message import Message

from ringback.v1.executions_pb2 import Execution, WatchExecutionRequest, WatchExecutionResponse
from ringback_server.api.requests import Requests
from ringback_server.api.table import SERVICES, StreamMethod
from ringback_server.api.waiting import WaitingRoom
from ringback_server.rpc.streaming import StreamHandler, Streaming
from tests.replacing import replace
from tests.rpc.test_watching import send
from tests.services import Service
from tests.waiting import PATIENCE, until

COUNT = 30
SOURCE = f"""
- create:
    call: events.create_callback_endpoint
    args: {{http_callback_method: POST}}
    result: endpoint
- all:
    for:
      value: n
      range: [1, {COUNT}]
      steps:
        - wait:
            call: events.await_callback
            args: {{callback: "${{endpoint}}", timeout: 3600}}
        - say: {{call: sys.log, args: {{text: "${{string(n)}}"}}}}
"""


class Reader:
    """What grpcio is to a handler: the call's context, and the function that sends."""

    def __init__(self, authorization: str) -> None:
        """Take the value of a header; nothing is read yet."""
        self.messages: list[Message | None] = []
        self.reads = threading.Event()
        self.code: grpc.StatusCode | None = None
        self._metadata = (("authorization", authorization),)
        self._hang_up: Callable[[], None] | None = None

    def send(self, message: Message | None) -> None:
        """Take a message; the one who sends waits until somebody reads."""
        self.messages.append(message)
        if message is not None:
            assert self.reads.wait(PATIENCE)

    def peer(self) -> str:
        """Return where the call comes from."""
        return "ipv4:127.0.0.1:1"

    def invocation_metadata(self) -> Sequence[tuple[str, str]]:
        """Return what was sent beside the message."""
        return self._metadata

    def add_callback(self, callback: Callable[[], None]) -> bool:
        """Have it called when the client hangs up."""
        self._hang_up = callback
        return True

    def set_trailing_metadata(self, metadata: object) -> None:
        """Take what is sent behind the last message."""

    def disable_next_message_compression(self) -> None:
        """Hear that the next message is too small to be compressed."""

    def set_code(self, code: grpc.StatusCode) -> None:
        """Take the status."""
        self.code = code

    def set_details(self, details: str) -> None:
        """Take the sentence of the status."""

    def cancel(self) -> None:
        """Be told that the message takes too long."""

    def hang_up(self) -> None:
        """End the call, as a client would."""
        assert self._hang_up is not None
        self._hang_up()


def handler(service: Service, pool: ThreadPoolExecutor) -> tuple[StreamHandler, WaitingRoom]:
    """Return the handler that watches executions, and its room."""
    (method,) = (
        method
        for each in SERVICES
        for method in each.methods.values()
        if isinstance(method, StreamMethod)
    )
    room = WaitingRoom(seats=1, seats_each=1)
    around = Streaming(admission=service.admission, room=room, pool=pool, requests=Requests())
    return StreamHandler("Watch", method, around), room


def test_stream_when_nobody_reads(service: Service) -> None:
    """A slow reader gets every log entry and the latest state, not each one that it missed."""
    execution = service.execution("w", SOURCE)
    reader = Reader(f"Bearer {service.token()}")
    with ThreadPoolExecutor(4) as pool:
        watch, room = handler(service, pool)
        request = WatchExecutionRequest(name=str(execution.name))
        pool.submit(watch, iter([request]), cast("grpc.ServicerContext", reader), reader.send)
        until(lambda: reader.messages)
        for _ in range(COUNT):
            send(service, execution)
        service.ended(execution.name)
        waiting = len(reader.messages)
        reader.reads.set()
        until(lambda: "[0 of 1 taken]" in repr(room))
    messages = [m for m in reader.messages if isinstance(m, WatchExecutionResponse)]
    logged = [entry.text_payload for message in messages for entry in message.log_entries]

    assert 1 == waiting
    assert 2 == len(messages)
    assert reader.messages[-1] is None
    assert [str(n) for n in range(1, COUNT + 1)] == logged
    assert Execution.SUCCEEDED == messages[-1].execution.state
    assert reader.code is None


def test_stream_when_its_reader_hangs_up_while_it_is_sent_to(service: Service) -> None:
    """Its seat is free at once, and nothing more is sent."""
    execution = service.execution("w", SOURCE)
    reader = Reader(f"Bearer {service.token()}")
    with ThreadPoolExecutor(4) as pool:
        watch, room = handler(service, pool)
        request = WatchExecutionRequest(name=str(execution.name))
        sending = pool.submit(
            watch, iter([request]), cast("grpc.ServicerContext", reader), reader.send
        )
        until(lambda: reader.messages)
        reader.hang_up()
        seats = repr(room)
        reader.reads.set()
        sending.result(PATIENCE)
        send(service, execution)

    assert "[0 of 1 taken]" in seats
    assert 1 == len(reader.messages)


def test_stream_that_is_refused_later(service: Service) -> None:
    """What the caller may no longer see it is no longer told."""
    execution = service.execution("w", SOURCE)
    reader = Reader(f"Bearer {service.token()}")
    reader.reads.set()
    with ThreadPoolExecutor(4) as pool:
        watch, room = handler(service, pool)
        request = WatchExecutionRequest(name=str(execution.name))
        pool.submit(watch, iter([request]), cast("grpc.ServicerContext", reader), reader.send)
        until(lambda: reader.messages)
        credentials = service.backend.store.credentials
        for binding in credentials.roles(service.caller().principal.email):
            credentials.add_binding(replace(binding, expire_time=1.0))
        service.backend.engine.ended(execution.key)
        until(lambda: "[0 of 1 taken]" in repr(room))

    assert grpc.StatusCode.PERMISSION_DENIED == reader.code
