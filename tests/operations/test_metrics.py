"""What a server counts."""

from __future__ import annotations

import threading
from pathlib import Path

import grpc
import pytest
from prometheus_client.parser import text_string_to_metric_families

from ringback.v1.executions_pb2 import GetExecutionRequest
from ringback.v1.executions_pb2_grpc import ExecutionsStub
from ringback_server.settings import Settings
from tests.engine.outbound.upstream import Connection, upstream
from tests.operations.running import WAITS, running
from tests.waiting import PATIENCE, until


def test_metrics_when_executions_wait_and_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """States, residents, wake-ups, commits and the log's size are told as they are."""
    with running(tmp_path / "data", monkeypatch, Settings(threads=2)) as server:
        server.deploy(WAITS)
        first, *_ = [server.start() for _ in range(3)]
        until(lambda: server.metric("ringback_executions_resident") == 2)
        waiting = {
            name: server.metric(name)
            for name in (
                'ringback_executions{state="ACTIVE"}',
                "ringback_executions_parked",
                "ringback_executions_runnable",
                "ringback_threads_idle",
            )
        }
        assert server.send(first).status_code == 200
        until(lambda: server.metric('ringback_executions{state="SUCCEEDED"}') == 1)
        resumed = server.metric("ringback_callback_to_resume_seconds_count")
        commits = server.metric("ringback_commit_seconds_count")
        operations = server.metric("ringback_commit_batch_operations_sum")
        wal = server.metric("ringback_wal_bytes")
        text = server.http.get("/metrics")

    assert list(waiting.values()) == [3, 1, 0, 0]
    assert (resumed, wal > 0) == (1, True)
    assert operations >= commits > 0
    assert text.headers["content-type"].startswith("text/plain; version=1.0.0")
    assert {"ringback_info", "ringback_executions", "process_resident_memory_bytes"} <= {
        family.name for family in text_string_to_metric_families(text.text)
    }


def test_metrics_when_a_deadline_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """How late a deadline is noticed is measured."""
    source = WAITS.replace("timeout: 3600", "timeout: 0.05")
    with running(tmp_path / "data", monkeypatch) as server:
        server.deploy(source)
        execution = server.start()
        until(lambda: server.state(execution) == "FAILED")
        lags = server.metric("ringback_deadline_lag_seconds_count")

    assert lags == 1


def test_metrics_when_requests_are_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each request counts under its method and status, and paths never become labels."""
    name = "ringback_request_seconds_count"
    with running(tmp_path / "data", monkeypatch) as server:
        server.http.get("/v1/projects/p/locations/l/workflows/none", headers=server.bearer())
        server.http.get("/v1/projects/p/locations/l/workflows/other")
        server.http.get("/some/secret/path")
        with pytest.raises(grpc.RpcError):
            ExecutionsStub(server.channel).GetExecution(GetExecutionRequest(name="x"), timeout=10)
        counts = [
            server.metric(f"{name}{{{labels}}}")
            for labels in (
                'edge="http",method="ringback.v1.Workflows/GetWorkflow",status="404"',
                'edge="http",method="ringback.v1.Workflows/GetWorkflow",status="401"',
                'edge="http",method="unknown",status="404"',
                'edge="http",method="token",status="200"',
                'edge="grpc",method="ringback.v1.Executions/GetExecution",status="UNAUTHENTICATED"',
            )
        ]
        text = server.http.get("/metrics").text

    assert [1] * 5 == counts
    assert "secret" not in text


def test_metrics_when_others_can_reach_the_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server with a public URL gives metrics only to an account that may read them."""
    public = Settings(public_url="http://ringback.example.org")
    with running(tmp_path / "data", monkeypatch, public) as server:
        statuses = (
            server.http.get("/metrics").status_code,
            server.http.get("/metrics", headers=server.bearer()).status_code,
            server.http.get("/readyz").status_code,
        )

    assert statuses == (401, 200, 200)


def test_metrics_when_a_page_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page whose name was made to lead to this machine reads nothing."""
    with running(tmp_path / "data", monkeypatch) as server:
        answer = server.http.get("/metrics", headers={"Host": "evil.example.org"})

    assert answer.status_code == 401


def test_metrics_when_workflows_send_requests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests count under what came of them, whatever URL they had, and while they wait."""
    gate = threading.Event()

    def talk(connection: Connection) -> None:
        while request := connection.read():
            if request.target == "/slow":
                gate.wait(PATIENCE)
            connection.answer(404 if request.target == "/secret" else 200)

    source = """
main:
  params: [url]
  steps:
    - call: {call: http.get, args: {url: "${url}", auth: {type: OIDC}}}
"""
    name = "ringback_outgoing_request_seconds_count"
    with upstream(talk) as others, running(tmp_path / "data", monkeypatch) as server:
        server.deploy(source)
        for url in (others.url("/"), others.url("/secret"), "http://127.0.0.1:1/"):
            server.ended(server.start(argument=url))
        slow = server.start(argument=others.url("/slow"))
        until(lambda: server.metric("ringback_outgoing_requests") == 1)
        server.http.post(f"/v1/{slow}:cancel", headers=server.bearer())
        until(lambda: server.metric("ringback_outgoing_requests") == 0)
        gate.set()
        counts = [
            server.metric(f'{name}{{outcome="{outcome}"}}')
            for outcome in ("2xx", "4xx", "connection_failed", "given_up")
        ]
        text = server.http.get("/metrics").text

    assert [1] * 4 == counts
    assert "secret" not in text
