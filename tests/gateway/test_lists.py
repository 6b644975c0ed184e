"""Filters and orders over REST."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.edges import http_edge
from tests.services import ADMIN, PARENT, WAITS, Service

URL = f"/v1/{PARENT}/workflows"


@pytest.fixture
def client(service: Service) -> Iterator[httpx.Client]:
    """Open an HTTP client of the service, with the administrator's token."""
    with http_edge(service) as opened:
        opened.headers["Authorization"] = f"Bearer {service.token(ADMIN)}"
        yield opened


def _names(answer: httpx.Response, list_: str) -> list[str]:
    assert 200 == answer.status_code, answer.text
    return [item["name"].rpartition("/")[2] for item in answer.json().get(list_, [])]


def test_executions_that_are_filtered(client: httpx.Client) -> None:
    """`filter` and `orderBy` are read from the query, and tokens belong to them."""
    client.post(f"{URL}?workflowId=w", json={"sourceContents": WAITS})
    url = f"{URL}/w/executions"
    ids: list[str] = []
    for env in ("prod", "test", "prod"):
        created = client.post(url, json={"labels": {"env": env}}).json()
        ids.append(created["name"].rpartition("/")[2])
    client.post(f"{url}/{ids[0]}:cancel")
    first = client.get(url, params={"filter": 'labels.env="prod"', "pageSize": 1})
    token = first.json()["nextPageToken"]
    same = {"filter": 'labels.env="prod"', "pageSize": 1, "pageToken": token}
    other = {"filter": 'labels.env="test"', "pageSize": 1, "pageToken": token}
    ordered = {**same, "orderBy": "startTime"}

    assert [ids[2]] == _names(first, "executions")
    assert [ids[0]] == _names(client.get(url, params=same), "executions")
    assert [400, 400] == [client.get(url, params=each).status_code for each in (other, ordered)]
    active = {"filter": "state=ACTIVE stepName=wait", "orderBy": "startTime"}
    assert ids[1:] == _names(client.get(url, params=active), "executions")
    by_end = {"orderBy": "endTime desc, createTime"}
    assert ids == _names(client.get(url, params=by_end), "executions")


def test_lists_with_what_is_not_understood(client: httpx.Client) -> None:
    """A filter and an order that are not understood are refused, each by its field."""
    client.post(f"{URL}?workflowId=w", json={"sourceContents": WAITS})
    for url, query, field, named in (
        (URL, {"filter": "colour=blue"}, "filter", "colour="),
        (URL, {"orderBy": "labels"}, "order_by", "'labels'"),
        (f"{URL}/w/executions", {"filter": "state=DONE"}, "filter", "'DONE'"),
        (f"{URL}/w/executions", {"orderBy": "stepName"}, "order_by", "'stepName'"),
        (f"{URL}/w/executions", {"orderBy": "state, state"}, "order_by", "twice"),
        (f"{URL}/w/executions", {"orderBy": "state down"}, "order_by", "'state down'"),
        (f"/v1/{PARENT}/operations", {"filter": "done=maybe"}, "filter", "'maybe'"),
    ):
        error = client.get(url, params=query).json()["error"]
        violations = [d["fieldViolations"] for d in error["details"] if "fieldViolations" in d]

        assert (400, "INVALID_ARGUMENT") == (error["code"], error["status"])
        assert named in error["message"]
        assert [[{"field": field, "description": error["message"]}]] == violations


def test_callbacks_that_are_filtered(client: httpx.Client) -> None:
    """Endpoints are found by their method, by who waits, and by their names."""
    client.post(f"{URL}?workflowId=w", json={"sourceContents": WAITS})
    name = client.post(f"{URL}/w/executions", json={}).json()["name"]
    url = f"/v1/{name}/callbacks"
    (callback,) = client.get(url).json()["callbacks"]
    short = callback["name"].rpartition("/")[2]
    for text, found in (
        ("method=POST waiters>0", 1),
        ("method!=POST", 0),
        (f'name="{callback["name"]}"', 1),
        (f"name={short}", 1),
        (f"name={short}x", 0),
        (f"name!={short} OR state=LATE", 0),
        ('state="LATE"', 0),
        ("state=OPEN", 1),
    ):
        assert found == len(_names(client.get(url, params={"filter": text}), "callbacks")), text


def test_workflows_that_are_filtered(client: httpx.Client) -> None:
    """Workflows and their operations are filtered; workflows are ordered too."""
    for name in ("a", "b", "c"):
        body = {"sourceContents": WAITS, "description": f"the {name}"}
        client.post(f"{URL}?workflowId={name}", json=body)
    some = {"filter": 'description:"THE B" OR name=a', "orderBy": "name desc"}

    assert ["b", "a"] == _names(client.get(URL, params=some), "workflows")
    found = client.get(f"/v1/{PARENT}/operations", params={"filter": "target=b"}).json()
    assert [f"{PARENT}/workflows/b"] == [o["metadata"]["target"] for o in found["operations"]]
