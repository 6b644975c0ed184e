"""Seen from outside: nothing is answered before it is on disk."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import grpc

from ringback.v1 import callbacks_pb2, callbacks_pb2_grpc
from ringback_server.model.names import CallbackName, ExecutionName
from tests.durability.driver import PAYLOAD, REVOKED
from tests.durability.tracing import needs_strace, read, traced, unsynced
from tests.e2e.process import Server, serving
from tests.waiting import PATIENCE

ROOT = Path(__file__).parents[2]
PARENT = "projects/local/locations/us-central1"
SOURCE = """
main:
  params: [argument]
  steps:
    - create:
        call: events.create_callback_endpoint
        result: endpoint
    - wait:
        call: events.await_callback
        args: {callback: "${endpoint}"}
        result: request
    - finish:
        return: ${request.http_request.body}
"""

pytestmark = needs_strace


def callback_of(execution: str) -> str:
    """Name the first endpoint of an execution."""
    return str(CallbackName.of(ExecutionName.parse(execution), 0))


def _send(server: Server, token: str, execution: str, text: str) -> str:
    """Send a callback over gRPC and return the payload's id."""
    request = callbacks_pb2.SendCallbackRequest(
        name=callback_of(execution), content_type="text/plain", body=text.encode()
    )
    with grpc.insecure_channel(server.grpc) as channel:
        stub = callbacks_pb2_grpc.CallbacksStub(channel)
        bearer = (("authorization", f"Bearer {token}"),)
        return str(stub.SendCallback(request, metadata=bearer, timeout=PATIENCE).payload_id)


def test_answer_when_a_server_is_watched(tmp_path: Path) -> None:
    """Over HTTP and gRPC, a sync that follows the write to the WAL comes before the answer."""
    output = tmp_path / "trace"
    with serving(tmp_path / "data", home=tmp_path, under=traced(output)) as server:
        token = server.token()
        parameters = {"workflowId": "w"}
        body = {"sourceContents": SOURCE}
        server.call("POST", f"{PARENT}/workflows", token, params=parameters, json=body)
        path = f"{PARENT}/workflows/w/executions"
        created = server.call("POST", path, token, json={"argument": '"argument-to-be-traced"'})
        execution = created.json()["name"]
        callback = callback_of(execution)
        over_http = server.call("POST", callback, token, json="http-to-be-traced")
        another = server.call("POST", path, token, json={}).json()["name"]
        over_grpc = _send(server, token, another, "grpc-to-be-traced")
        assert server.stop() == 0
    calls = read(output)

    assert over_http.status_code == 200
    pairs = [
        ("argument-to-be-traced", execution.rpartition("/")[2]),
        ("http-to-be-traced", over_http.headers["Ringback-Payload-Id"]),
        ("grpc-to-be-traced", over_grpc),
    ]
    for written, answered in pairs:
        assert [] == list(unsynced(calls, written=written, answered=answered))


def _trace_driver(directory: Path, synchronous: str) -> list[list[str]]:
    """Trace the driver program; return what is wrong with each of its answers."""
    output = directory / "trace"
    done = subprocess.run(
        [
            *traced(output),
            sys.executable,
            *("-m", "tests.durability.driver"),
            str(directory / "data"),
            synchronous,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    execution, payload, revoked = done.stdout.splitlines()
    calls = read(output)
    pairs = [("await_callback", execution), (PAYLOAD, payload), (REVOKED, revoked)]
    return [list(unsynced(calls, written=w, answered=a)) for w, a in pairs]


def test_answer_when_a_token_is_revoked(tmp_path: Path) -> None:
    """A creation, a callback and a revocation are each synced before they are answered."""
    assert [[], [], []] == _trace_driver(tmp_path, "FULL")


def test_answer_when_nothing_is_synced(tmp_path: Path) -> None:
    """The same look at a store that does not sync finds all three answers too early."""
    found = _trace_driver(tmp_path, "OFF")

    assert [1, 1, 1] == [len(wrong) for wrong in found]
    assert all("no sync" in line for wrong in found for line in wrong)
