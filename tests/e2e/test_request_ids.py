"""Starts that are asked for twice, over both edges and across kill -9."""

from __future__ import annotations

from pathlib import Path

import grpc
import pytest

from ringback.v1.executions_pb2 import CreateExecutionRequest, Execution
from ringback.v1.executions_pb2_grpc import ExecutionsStub
from tests.e2e.process import Server, serving
from tests.e2e.test_durability import WORKFLOW
from tests.rpc.calls import status_of
from tests.waiting import PATIENCE

PARENT = WORKFLOW.removesuffix("/workflows")


def create(server: Server, token: str, request_id: str, argument: str) -> Execution:
    """Ask for an execution over gRPC."""
    with grpc.insecure_channel(server.grpc) as channel:
        return ExecutionsStub(channel).CreateExecution(
            CreateExecutionRequest(
                parent=f"{WORKFLOW}/w",
                execution=Execution(argument=argument),
                request_id=request_id,
            ),
            metadata=(("authorization", f"Bearer {token}"),),
            timeout=PATIENCE,
        )


def post(server: Server, token: str, request_id: str, argument: str) -> tuple[int, str]:
    """Ask for an execution over HTTP; return the status, and the name or the reason."""
    answer = server.call(
        "POST",
        f"{WORKFLOW}/w/executions",
        token,
        params={"requestId": request_id},
        json={"argument": argument},
    )
    found = answer.json()
    return answer.status_code, found.get("name") or found["error"]["status"]


def test_repeats_over_both_edges_and_after_a_kill(tmp_path: Path) -> None:
    """The same request gets the same execution, however it comes; another one is refused."""
    with serving(tmp_path / "data", home=tmp_path) as first:
        token = first.token()
        body = {"sourceContents": "- done:\n    return: 1\n"}
        first.call("POST", f"{PARENT}/workflows?workflowId=w", token, json=body)
        name = create(first, token, "one", "1").name
        again = [create(first, token, "one", "1").name, post(first, token, "one", "1")]
        other = post(first, token, "one", "2")
        first.kill()
    with serving(tmp_path / "data", home=tmp_path) as second:
        later = [create(second, token, "one", "1").name, post(second, token, "one", "1")]
        with pytest.raises(grpc.RpcError) as caught:
            create(second, token, "one", "2")
        refused = post(second, token, "one", "2")
        listed = second.call("GET", f"{WORKFLOW}/w/executions", token).json()["executions"]

    assert [name, (200, name)] == again == later
    assert (409, "ALREADY_EXISTS") == other == refused
    assert grpc.StatusCode.ALREADY_EXISTS == status_of(caught.value)
    assert [name] == [execution["name"] for execution in listed]
