"""Locations and operations over REST."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.edges import http_edge
from tests.services import ADMIN, INVOKER, PARENT, VIEWER, Service

HELLO = "- end: {return: 1}"


@pytest.fixture
def client(service: Service) -> Iterator[httpx.Client]:
    """Open an HTTP client of the service, with the administrator's token."""
    with http_edge(service) as opened:
        opened.headers["Authorization"] = f"Bearer {service.token(ADMIN)}"
        yield opened


def test_locations_of_a_project(client: httpx.Client) -> None:
    """Listed are the default location and those with workflows, of this project, in pages."""
    for where in ("projects/local/locations/asia-east1", "projects/other/locations/nowhere"):
        for workflow in ("a", "b"):
            url = f"/v1/{where}/workflows?workflowId={workflow}"
            client.post(url, json={"sourceContents": HELLO}).raise_for_status()
    first = client.get("/v1/projects/local/locations?pageSize=1").json()
    token = first["nextPageToken"]
    second = client.get(f"/v1/projects/local/locations?pageSize=1&pageToken={token}").json()

    assert [
        {
            "name": "projects/local/locations/asia-east1",
            "locationId": "asia-east1",
            "displayName": "asia-east1",
            "labels": {"cloud.googleapis.com/region": "asia-east1"},
        }
    ] == first["locations"]
    assert ["us-central1"] == [found["locationId"] for found in second["locations"]]
    assert "nextPageToken" not in second
    client.delete("/v1/projects/local/locations/asia-east1/workflows/a").raise_for_status()
    client.delete("/v1/projects/local/locations/asia-east1/workflows/b").raise_for_status()
    left = client.get("/v1/projects/local/locations").json()["locations"]
    assert ["us-central1"] == [found["locationId"] for found in left]


def test_location_by_name(client: httpx.Client) -> None:
    """Any location is there, for any can be deployed to."""
    found = client.get("/v1/projects/local/locations/europe-west4").json()

    assert "projects/local/locations/europe-west4" == found["name"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("projects/local/locations?filter=x", 400),
        ("projects/local/locations?pageToken=x", 400),
        ("projects/a%20b/locations", 400),
        ("projects/local/locations/a%20b", 400),
        ("locations", 404),
    ],
)
def test_locations_that_cannot_be_read(client: httpx.Client, path: str, status: int) -> None:
    """What is wrong with a request is said."""
    assert status == client.get(f"/v1/{path}").status_code


@pytest.mark.parametrize("path", ["projects/local/locations", f"{PARENT}"])
def test_locations_by_permission(service: Service, client: httpx.Client, path: str) -> None:
    """Who may look at workflows may look at locations; who only runs them may not."""
    statuses = [
        client.get(
            f"/v1/{path}", headers={"Authorization": f"Bearer {service.token(email)}"}
        ).status_code
        for email in (VIEWER, INVOKER)
    ]

    assert [200, 403] == statuses


def test_operations_of_a_location(client: httpx.Client) -> None:
    """Operations are done in the first answer; they are read, waited for, listed and forgotten."""
    made = client.post(
        f"/v1/{PARENT}/workflows?workflowId=w", json={"sourceContents": HELLO}
    ).json()
    name = made["name"]
    read = client.get(f"/v1/{name}?alt=json").json()
    waited = client.post(f"/v1/{name}:wait", json={"timeout": "10s"}).json()
    listed = client.get(f"/v1/{PARENT}/operations").json()["operations"]
    deleted = client.delete(f"/v1/{name}")

    assert made["done"]
    assert made["response"]["name"] == read["response"]["name"]
    assert read == waited
    assert [read] == listed
    assert (200, {}) == (deleted.status_code, deleted.json())
    assert {} == client.get(f"/v1/{PARENT}/operations").json()
    missing = [client.get(f"/v1/{name}"), client.delete(f"/v1/{name}")]
    missing += [client.post(f"/v1/{name}:wait"), client.post(f"/v1/{name}:cancel")]
    assert [404] * 4 == [answer.status_code for answer in missing]
