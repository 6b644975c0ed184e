"""The server's own log."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from ringback.v1.executions_pb2 import GetExecutionRequest
from ringback.v1.executions_pb2_grpc import ExecutionsStub
from ringback_server.log_lines import JsonFormatter, TextFormatter
from ringback_server.tracing import Scope, Trace, within
from tests.e2e.process import serving
from tests.operations.running import WAITS, Running, running
from tests.waiting import until

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Catch what a server logs as JSON, down to DEBUG."""
    caught = io.StringIO()
    handler = logging.StreamHandler(caught)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("ringback_server")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield caught
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


def records(lines: io.StringIO, logger: str) -> list[dict[str, object]]:
    """Return the lines of one logger."""
    found = [json.loads(line) for line in lines.getvalue().splitlines()]
    return [record for record in found if record["logger"] == logger]


def call(server: Running, **metadata: str) -> dict[str, str]:
    """Call without a token, and return the trailing metadata."""
    stub = ExecutionsStub(server.channel)
    sent = tuple((key.replace("_", "-"), value) for key, value in metadata.items())
    with pytest.raises(grpc.RpcError) as refused:
        stub.GetExecution(GetExecutionRequest(name="x"), timeout=10, metadata=sent)
    trailing = refused.value.trailing_metadata() or ()
    return {item.key: str(item.value) for item in trailing}


def test_line_when_in_json() -> None:
    """A line is one object, however many lines its message has, and says what it is about."""
    record = logging.makeLogRecord(
        {"name": "a.b", "levelname": "WARNING", "msg": "one\n%s", "args": ("two",), "created": 0.5}
    )
    trace = Trace.parse(TRACEPARENT)
    with within(Scope(request_id="r1", execution="projects/p", trace=trace)):
        line = JsonFormatter().format(record)
        text = TextFormatter().format(record)

    assert json.loads(line) == {
        "time": "1970-01-01T00:00:00.500Z",
        "severity": "WARNING",
        "logger": "a.b",
        "message": "one\ntwo",
        "request_id": "r1",
        "execution": "projects/p",
        "trace_id": TRACE,
    }
    assert "\n" not in line
    assert text.endswith(f"two [request_id=r1 execution=projects/p trace_id={TRACE}]")


def test_request_id_when_sent_and_when_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: io.StringIO
) -> None:
    """A sane id is kept, any other replaced; it comes back and is in the log, on both edges."""
    with running(tmp_path / "data", monkeypatch) as server:
        sent = {"X-Request-Id": "mine-1", "traceparent": TRACEPARENT}
        kept = server.http.get("/v1/nothing", headers=sent).headers["x-request-id"]
        made = server.http.get("/v1/nothing").headers["x-request-id"]
        bad = server.http.get("/v1/nothing", headers={"X-Request-Id": 'a"b'})
        kept_by_grpc = call(server, x_request_id="mine-2")["x-request-id"]
        made_by_grpc = call(server)["x-request-id"]
    access = {record["request_id"]: record for record in records(lines, "ringback_server.access")}

    assert (kept, kept_by_grpc) == ("mine-1", "mine-2")
    assert len({made, made_by_grpc, bad.headers["x-request-id"]}) == 3
    assert {32} == {len(made), len(made_by_grpc), len(bad.headers["x-request-id"])}
    assert {made, made_by_grpc, "mine-1", "mine-2"} <= access.keys()
    assert (access["mine-1"]["trace_id"], access["mine-1"]["status"]) == (TRACE, "404")
    assert access["mine-2"]["method"] == "ringback.v1.Executions/GetExecution"


def test_log_when_an_execution_resumes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: io.StringIO
) -> None:
    """What a resumed execution logs names it and the trace that started it, after a restart too."""
    with running(tmp_path / "data", monkeypatch) as server:
        server.deploy(WAITS)
        execution = server.start(traceparent=TRACEPARENT)
    with running(tmp_path / "data", monkeypatch) as server:
        assert server.send(execution, {"secret": "the body"}).status_code == 200
        until(lambda: server.state(execution) == "SUCCEEDED")
        token = server.bearer()["Authorization"].removeprefix("Bearer ")
    resumed = [
        record
        for record in records(lines, "ringback_server.engine.resumptions")
        if str(record["message"]).startswith("resumed")
    ]

    assert [(execution, TRACE)] == [(line["execution"], line["trace_id"]) for line in resumed]
    assert token not in lines.getvalue()
    assert "the body" not in lines.getvalue()


def test_log_when_a_process_writes_json(tmp_path: Path) -> None:
    """Each line of a server's stderr is an object, from its start to its end."""
    with serving(tmp_path / "data", "--log-format=json", "--log-level=debug", home=tmp_path) as one:
        token = one.token()
        one.call("GET", "projects/local/locations/us-central1/workflows", token)
    text = one.log.read_text()
    found = [json.loads(line) for line in text.splitlines()]

    assert "stopped" in [line["message"] for line in found]
    assert "ringback.v1.Workflows/ListWorkflows" in [line.get("method") for line in found]
    assert token not in text
