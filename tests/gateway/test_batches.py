"""Batches over REST."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator

import httpx
import pytest

from tests.edges import http_edge
from tests.services import ADMIN, PARENT, Service

URL = f"/v1/{PARENT}"


@pytest.fixture
def client(service: Service) -> Iterator[httpx.Client]:
    """Open an HTTP client of the service, with the administrator's token."""
    with http_edge(service) as opened:
        opened.headers["Authorization"] = f"Bearer {service.token(ADMIN)}"
        yield opened


def test_batch_of_executions(service: Service, client: httpx.Client) -> None:
    """Each request is answered: with the execution, or with an error and its reason."""
    workflow = str(service.execution("w").name.parent)
    wanted = {"parent": workflow, "execution": {"argument": "7"}, "requestId": "r"}
    unknown = {"parent": f"{PARENT}/workflows/unknown", "execution": {"argument": "7"}}
    body = {"requests": [wanted, unknown]}
    answer = client.post(f"{URL}/executions:batchCreate", json=body)
    again = client.post(f"/v1/{workflow}/executions?requestId=r", json={"argument": "7"})
    started, refused = answer.json()["results"]

    assert 200 == answer.status_code
    assert "ACTIVE" == started["execution"]["state"]
    assert "argument" not in started["execution"]
    assert started["execution"]["name"] == again.json()["name"]
    assert 5 == refused["error"]["code"]
    assert {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "WORKFLOW_NOT_FOUND",
        "domain": "ringback",
        "metadata": {"resource": f"{PARENT}/workflows/unknown"},
    } == refused["error"]["details"][0]


def test_batch_when_a_request_is_repeated(service: Service, client: httpx.Client) -> None:
    """A request and its repetition, in one batch or later, show one start."""
    workflow = str(service.execution("w").name.parent)
    wanted = {"parent": workflow, "execution": {"argument": "7"}, "requestId": "r"}
    body = {"requests": [wanted, wanted]}
    first, same = client.post(f"{URL}/executions:batchCreate", json=body).json()["results"]
    later, _ = client.post(f"{URL}/executions:batchCreate", json=body).json()["results"]

    assert (True, True) == (same["duplicate"], later["duplicate"])
    started = [one["execution"]["startTime"] for one in (first, same, later)]
    assert [first["execution"]["createTime"]] * 3 == started


def test_batch_of_callbacks(service: Service, client: httpx.Client) -> None:
    """Bodies are base64 in JSON, as bytes always are."""
    execution = service.execution("w").name
    name = str(service.endpoint(execution))
    wanted = {"name": name, "contentType": "text/plain", "body": b64encode(b"hello").decode()}
    answer = client.post(f"{URL}/callbacks:batchSend", json={"requests": [wanted, wanted]})

    assert ["RESUMED", "BUFFERED"] == [
        result["response"]["outcome"] for result in answer.json()["results"]
    ]
    assert '"body":"hello"' in (service.ended(execution).result or "")


def test_batch_when_the_body_is_large(client: httpx.Client) -> None:
    """A batch that is too large is refused before it is read."""
    request = {"parent": "p", "execution": {"argument": "x" * 1_000_000}}
    answer = client.post(f"{URL}/executions:batchCreate", json={"requests": [request] * 5})

    assert 413 == answer.status_code
