"""Whether a server lives, and whether requests should come to it."""

from __future__ import annotations

import threading
from pathlib import Path
from socket import socket

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2

from ringback_server.clock import SystemClock
from ringback_server.errors import StorageFullError
from ringback_server.readiness import Readiness
from ringback_server.setting_values import Address
from ringback_server.settings import Settings
from tests.clocks import FakeClock
from tests.operations.running import Running, running
from tests.waiting import until

SERVICES = ("", "ringback.v1.Executions", "google.cloud.workflows.executions.v1.Executions")


def check(server: Running, service: str = "") -> str:
    """Ask the health service over gRPC, without a token."""
    call = server.channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )
    answer = call(health_pb2.HealthCheckRequest(service=service), timeout=10.0)
    return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)


def test_probes_when_the_server_is_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody may ask; both edges say yes, for the server and for each service."""
    with running(tmp_path / "data", monkeypatch) as server:
        live, ready = server.http.get("/healthz"), server.http.get("/readyz")
        posted = server.http.post("/readyz")
        statuses = {check(server, service) for service in SERVICES}
        with pytest.raises(grpc.RpcError) as refused:
            check(server, "no.such.Service")

    assert [(200, {"status": "ok"})] * 2 == [(a.status_code, a.json()) for a in (live, ready)]
    assert (posted.status_code, posted.headers["allow"]) == (405, "GET, HEAD")
    assert ({"SERVING"}, grpc.StatusCode.NOT_FOUND) == (statuses, refused.value.code())


def test_probes_when_the_server_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that stops first says so, goes on serving for --drain-delay, and tells watchers."""
    seen: list[int] = []
    with running(tmp_path / "data", monkeypatch, Settings(drain_delay=1.5)) as server:
        watch = server.channel.unary_stream(
            "/grpc.health.v1.Health/Watch",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )(health_pb2.HealthCheckRequest(), timeout=20.0)
        seen.append(next(watch).status)
        stop = threading.Thread(target=server.app.__exit__, args=(None, None, None))
        stop.start()
        try:
            until(lambda: server.http.get("/readyz").status_code == 503)
            reason = server.http.get("/readyz").json()["reason"]
            answers = {
                path: server.http.get(path, headers=server.bearer()).status_code
                for path in ("/healthz", "/v1/projects/local/locations/us-central1/workflows")
            }
            status = check(server)
            seen.extend(answer.status for answer in watch)
        finally:
            stop.join(20.0)

    assert reason == "The server is stopping."
    assert set(answers.values()) == {200}
    assert status == "NOT_SERVING"
    assert seen == [
        health_pb2.HealthCheckResponse.SERVING,
        health_pb2.HealthCheckResponse.NOT_SERVING,
    ]


def test_metrics_address_when_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Probes and metrics can have a port of their own, which serves nothing else."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = Address("127.0.0.1", port)
    with running(tmp_path / "data", monkeypatch, Settings(metrics_address=address)):
        base = f"http://{address}"
        statuses = [
            httpx.get(f"{base}{path}").status_code
            for path in ("/metrics", "/readyz", "/healthz", "/token")
        ]

    assert statuses == [200, 200, 200, 404]


def test_readiness_when_the_store_cannot_write() -> None:
    """The reason is told while it lasts, and forgotten when the store can write again."""
    full = True

    def probe() -> None:
        if full:
            raise StorageFullError

    clock = FakeClock()
    readiness = Readiness(probe, clock)
    starting = readiness.trouble()
    readiness.start()
    failing = readiness.trouble()
    full = False
    well = readiness.trouble()
    full = True
    believed = readiness.trouble()
    clock.advance(5.0)
    failing_again = readiness.trouble()
    readiness.drain()

    assert (starting, well, believed) == ("The server is starting.", None, None)
    assert failing == failing_again == StorageFullError().message
    assert readiness.trouble() == "The server is stopping."


def test_readiness_when_the_store_does_not_answer() -> None:
    """A disk that hangs keeps nobody waiting, and is asked once at a time."""
    asked: list[int] = []
    answer = threading.Event()

    def probe() -> None:
        asked.append(1)
        answer.wait(10.0)

    clock = FakeClock()
    readiness = Readiness(probe, clock)
    readiness.start()
    found: list[str | None] = []
    asking = [threading.Thread(target=lambda: found.append(readiness.trouble())) for _ in range(3)]
    for thread in asking:
        thread.start()
    clock.await_waiters(3)
    clock.advance(2.0)
    for thread in asking:
        thread.join(10.0)
    answer.set()

    assert (found, asked) == (["The store does not answer."] * 3, [1])


def test_readiness_when_nothing_is_probed_twice() -> None:
    """A store that has just proved itself is not written again for the next probe."""
    asked: list[int] = []
    readiness = Readiness(lambda: asked.append(1), SystemClock())
    readiness.start()

    assert [None] * 3 == [readiness.trouble() for _ in range(3)]
    assert [1] == asked
