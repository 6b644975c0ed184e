"""What the gRPC server does for those who connect: sizes, compression, pings, deadlines, ages."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from typing import Self

import grpc
import pytest
from google.protobuf.message import Message

from ringback.v1 import operations_pb2
from ringback_server.api.table import Method
from ringback_server.api.table import Service as ApiService
from ringback_server.control.caller import Caller
from ringback_server.rpc.connections import COMPRESSED_FROM, Connections
from ringback_server.rpc.server import Capacity, GrpcServer
from ringback_server.setting_values import Address
from tests.edges import LOOPBACK, bearer
from tests.rpc.calls import REQUESTS, begin, call, status_of
from tests.services import ADMIN, Service
from tests.waiting import until

NAME = "ringback.v1.Operations.GetOperation"
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_SETTINGS, _PING, _GOAWAY = 4, 6, 7
_ACK = 1


@contextmanager
def serving(
    service: Service,
    answers: Iterator[Message] | None = None,
    connections: Connections | None = None,
) -> Generator[GrpcServer]:
    """Serve one method, whose answers are given."""

    def answer(_message: Message, _caller: Caller) -> Message:
        return next(answers or iter(()))

    operations = operations_pb2.DESCRIPTOR.services_by_name["Operations"]
    method = Method(request=operations_pb2.GetOperationRequest, answer=answer)
    server = GrpcServer(
        LOOPBACK,
        service.admission,
        services=[ApiService(descriptor=operations, methods={"GetOperation": method})],
        capacity=Capacity(threads=1, connections=connections or Connections()),
    )
    server.start()
    try:
        yield server
    finally:
        server.stop(0.0)


class Wiretap:
    """Passes bytes between a client and a server, and counts those of the server."""

    def __init__(self, target: Address) -> None:
        """Listen on a free port."""
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.received = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        """Where to connect."""
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection((self._target.host, self._target.port))
                for source, sink in ((client, server), (server, client)):
                    pump = threading.Thread(
                        target=self._pass, args=(source, sink, sink is client), daemon=True
                    )
                    pump.start()

    def _pass(self, source: socket.socket, sink: socket.socket, count: object) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self.received += len(data) if count else 0
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("size", "accepts", "least", "most"),
    [
        (50 * COMPRESSED_FROM, 0b101, 0, 5_000),
        # Who takes no gzip gets none.
        (50 * COMPRESSED_FROM, 0b001, 50 * COMPRESSED_FROM, 60 * COMPRESSED_FROM),
        # What is small is not worth it.
        (COMPRESSED_FROM // 2, 0b101, COMPRESSED_FROM // 2, COMPRESSED_FROM),
    ],
)
def test_answer_when_it_is_large(
    service: Service, size: int, accepts: int, least: int, most: int
) -> None:
    """A large answer is compressed for those who say that they take it, a small one for nobody."""
    answer = operations_pb2.Operation(name="a" * size)
    options = (("grpc.compression_enabled_algorithms_bitset", accepts),)
    with serving(service, iter([answer])) as server:
        tap = Wiretap(server.address)
        with grpc.insecure_channel(tap.address, options=options) as channel:
            got = call(channel, NAME, REQUESTS[NAME], metadata=bearer(service, ADMIN))
        tap.close()

    assert answer == got
    assert least <= tap.received <= most


def test_request_when_it_is_compressed(service: Service) -> None:
    """A compressed request is taken, and one that unfolds too far is refused."""
    answer = operations_pb2.Operation(name="o")
    options = (
        ("grpc.default_compression_algorithm", 2),
        ("grpc.max_send_message_length", -1),
    )
    bomb = operations_pb2.GetOperationRequest(name="0" * (200 * 1024 * 1024))
    with (
        serving(service, iter([answer])) as server,
        grpc.insecure_channel(str(server.address), options=options) as channel,
    ):
        metadata = bearer(service, ADMIN)
        with pytest.raises(grpc.RpcError) as caught:
            call(channel, NAME, bomb, metadata=metadata, timeout=30.0)
        got = call(channel, NAME, REQUESTS[NAME], metadata=metadata)

    assert grpc.StatusCode.RESOURCE_EXHAUSTED == status_of(caught.value)
    assert answer == got


def test_request_when_it_is_too_large(service: Service) -> None:
    """Messages and metadata beyond their limits are RESOURCE_EXHAUSTED, which says the limit."""
    large = operations_pb2.GetOperationRequest(name="x" * (4 * 1024 * 1024))
    with (
        serving(service) as server,
        grpc.insecure_channel(str(server.address)) as channel,
    ):
        metadata = bearer(service, ADMIN)
        with pytest.raises(grpc.RpcError) as message:
            call(channel, NAME, large, metadata=metadata)
        with pytest.raises(grpc.RpcError) as headers:
            call(channel, NAME, REQUESTS[NAME], metadata=(*metadata, ("k", "v" * 32_768)))

    for caught in (message, headers):
        assert grpc.StatusCode.RESOURCE_EXHAUSTED == status_of(caught.value)
    assert "4194304" in str(message.value)


def test_call_when_its_deadline_passes_before_it_is_begun(service: Service) -> None:
    """A call that finds no thread before its deadline, or is cancelled meanwhile, does nothing."""
    begun, release = threading.Semaphore(0), threading.Event()
    count = 0

    def answers() -> Iterator[Message]:
        nonlocal count
        while True:
            count += 1
            begun.release()
            assert release.wait(10.0)
            yield operations_pb2.Operation(name="o")

    with (
        serving(service, answers()) as server,
        grpc.insecure_channel(str(server.address)) as channel,
    ):
        metadata = bearer(service, ADMIN)
        # Calls with tokens that were not seen before have other threads.
        service.admission.admit(metadata[0][1])
        first = begin(channel, NAME, REQUESTS[NAME], metadata=metadata)
        assert begun.acquire(timeout=10.0)
        late = begin(channel, NAME, REQUESTS[NAME], metadata=metadata, timeout=0.2)
        dropped = begin(channel, NAME, REQUESTS[NAME], metadata=metadata)
        with pytest.raises(grpc.RpcError) as caught:
            late.result()
        dropped.cancel()
        release.set()
        assert "o" == getattr(first.result(), "name", None)
        # The only thread is free again once the two were turned away.
        last = call(channel, NAME, REQUESTS[NAME], metadata=metadata)

    assert "o" == getattr(last, "name", None)
    assert 2 == count
    assert grpc.StatusCode.DEADLINE_EXCEEDED == status_of(caught.value)


@pytest.mark.parametrize(("allowed", "sent_away"), [(0.01, False), (5.0, True)])
def test_pings_of_clients(service: Service, *, allowed: float, sent_away: bool) -> None:
    """Who pings now and then is answered; who does so too often is sent away."""
    with (
        serving(service, connections=Connections(pings=allowed)) as server,
        Http2(server.address) as connection,
    ):
        frames = [frame for _ in range(6) for frame in connection.ping(0.05)]

    assert sent_away == (_GOAWAY in frames)


def test_connection_when_its_client_is_dead(service: Service) -> None:
    """A connection that answers no pings is closed."""
    bounds = Connections(silence=0.2, unanswered=0.2)
    with (
        serving(service, connections=bounds) as server,
        Http2(server.address) as connection,
    ):
        assert connection.ends()


def test_connection_when_it_is_old(service: Service) -> None:
    """With an age, a connection is asked to end, and its client makes another without an error."""
    answers = (operations_pb2.Operation(name="o") for _ in iter(int, 1))
    with (
        serving(service, answers, Connections(age=0.3, last_calls=5.0)) as server,
        Http2(server.address) as connection,
        grpc.insecure_channel(str(server.address)) as channel,
    ):
        calls = 0

        def old() -> bool:
            nonlocal calls
            calls += 1
            call(channel, NAME, REQUESTS[NAME], metadata=bearer(service, ADMIN))
            return _GOAWAY in connection.ping(0.02)

        assert until(old)

    assert calls


@pytest.mark.parametrize("ends", [True, False])
def test_stop_while_a_call_is_answered(service: Service, *, ends: bool) -> None:
    """A stop lets a call under way end, refuses new ones, and takes no longer than its grace."""
    begun, release = threading.Event(), threading.Event()

    def answers() -> Iterator[Message]:
        begun.set()
        assert release.wait(20.0)
        yield operations_pb2.Operation(name="o")

    metadata = bearer(service, ADMIN)
    with (
        serving(service, answers()) as server,
        grpc.insecure_channel(str(server.address)) as channel,
        grpc.insecure_channel(str(server.address)) as later,
    ):
        under_way = begin(channel, NAME, REQUESTS[NAME], metadata=metadata)
        assert begun.wait(10.0)
        began = time.monotonic()
        stopping = threading.Thread(target=server.stop, args=(8.0 if ends else 2.0,))
        with Http2(server.address) as idle:
            assert until(lambda: _PING in idle.ping(0.02))
            stopping.start()
            assert until(lambda: _GOAWAY in idle.ping(0.02))
        with pytest.raises(grpc.RpcError) as refused:
            call(later, NAME, REQUESTS[NAME], metadata=metadata, timeout=5.0)
        if ends:
            release.set()
        stopping.join(10.0)
        took = time.monotonic() - began
        error = under_way.exception(5.0)
        release.set()

    assert grpc.StatusCode.UNAVAILABLE == status_of(refused.value)
    assert ends is (error is None)
    assert took < 6.0


class Http2:
    """A connection that speaks as little HTTP/2 as will do, and answers no pings."""

    def __init__(self, address: Address) -> None:
        """Connect."""
        self._socket = socket.create_connection((address.host, address.port))
        self._socket.sendall(_PREFACE + _frame(_SETTINGS) + _frame(_SETTINGS, _ACK))
        self._read = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ping(self, seconds: float) -> list[int]:
        """Send a ping, and return the types of the frames that come within some time."""
        with suppress(OSError):
            self._socket.sendall(_frame(_PING, payload=b"12345678"))
        threading.Event().wait(seconds)
        with suppress(BlockingIOError, ConnectionError):
            self._read += self._socket.recv(65_536, socket.MSG_DONTWAIT)
        return self._frames()

    def ends(self) -> bool:
        """Tell whether the other end closes the connection before long."""
        self._socket.settimeout(10.0)
        with suppress(ConnectionError):
            while self._socket.recv(65_536):
                pass
        return True

    def _frames(self) -> list[int]:
        found: list[int] = []
        while len(self._read) >= 9:
            length = int.from_bytes(self._read[:3], "big") + 9
            if len(self._read) < length:
                break
            found.append(self._read[3])
            self._read = self._read[length:]
        return found


def _frame(kind: int, flags: int = 0, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + bytes(4) + payload
