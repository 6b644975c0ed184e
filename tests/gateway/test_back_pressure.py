"""What callers are told when as many executions run as may."""

from __future__ import annotations

from pathlib import Path

import grpc
import pytest

from ringback.v1 import executions_pb2
from ringback_server.control import workflows
from ringback_server.control.workflows import WorkflowSpec
from ringback_server.engine.scheduler import Pool
from tests.edges import bearer, grpc_edge, http_edge
from tests.rpc.calls import call, status_of
from tests.services import ADMIN, PARENT, WAITS, Service, running

NONE = Pool(threads=1, park_after=1.0, running=0, queued=1)
URL = f"/v1/{PARENT}/workflows/w/executions"


def deployed(service: Service) -> None:
    """Deploy the workflow w."""
    workflows.create(service.caller(), PARENT, "w", WorkflowSpec(source=WAITS))


def test_create_over_http(tmp_path: Path) -> None:
    """A new one is queued, or it is 429 with the reason: it may not be, or too many are."""
    with running(tmp_path, pool=NONE) as service:
        deployed(service)
        with http_edge(service) as client:
            client.headers["Authorization"] = f"Bearer {service.token(ADMIN)}"
            unbuffered = {"disableConcurrencyQuotaOverflowBuffering": True}
            answers = [client.post(URL, json=body) for body in (unbuffered, {}, {})]
    reasons = [answer.json().get("error", {}).get("details", [{}])[0] for answer in answers]

    assert [429, 200, 429] == [answer.status_code for answer in answers]
    assert "QUEUED" == answers[1].json()["state"]
    assert ["TOO_MANY_RUNNING", None, "TOO_MANY_QUEUED"] == [r.get("reason") for r in reasons]
    assert "1" == answers[0].headers["Retry-After"]


def test_create_when_it_may_not_be_queued(service: Service) -> None:
    """An execution tells that it was not to be queued."""
    deployed(service)
    with http_edge(service) as client:
        client.headers["Authorization"] = f"Bearer {service.token(ADMIN)}"
        created = client.post(URL, json={"disableConcurrencyQuotaOverflowBuffering": True}).json()
        read = client.get(f"/v1/{created['name']}").json()

    field = "disableConcurrencyQuotaOverflowBuffering"
    assert (True, True) == (created[field], read[field])


def test_create_over_grpc(tmp_path: Path) -> None:
    """The same is RESOURCE_EXHAUSTED."""
    request = executions_pb2.CreateExecutionRequest(
        parent=f"{PARENT}/workflows/w",
        execution=executions_pb2.Execution(disable_concurrency_quota_overflow_buffering=True),
    )
    with running(tmp_path, pool=NONE) as service:
        deployed(service)
        name = "ringback.v1.Executions.CreateExecution"
        with grpc_edge(service) as channel, pytest.raises(grpc.RpcError) as caught:
            call(channel, name, request, metadata=bearer(service, ADMIN))

    assert grpc.StatusCode.RESOURCE_EXHAUSTED == status_of(caught.value)
