"""Deploying workflows in one call, new or not."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from ringback_server.auth.permissions import ROLES
from tests.edges import http_edge
from tests.services import INVOKER, PARENT, VIEWER, WAITS, Service

URL = f"/v1/{PARENT}/workflows:deploy?workflowId=w"
OTHER = "- done:\n    return: 1\n"


@pytest.fixture
def client(service: Service) -> Iterator[httpx.Client]:
    """Open an HTTP client of the service, with the administrator's token."""
    with http_edge(service) as opened:
        opened.headers["Authorization"] = f"Bearer {service.token()}"
        yield opened


def test_deploy_of_what_is_new_then_same_then_other(client: httpx.Client) -> None:
    """The first makes a workflow, the second changes nothing at all, the third a revision."""
    body = {"sourceContents": WAITS, "labels": {"a": "b"}}
    first = client.post(URL, json=body).json()
    again = client.post(URL, json=body).json()
    part = client.post(URL, json={"sourceContents": WAITS}).json()
    described = client.post(URL, json=body | {"description": "new"}).json()
    other = client.post(URL, json={"sourceContents": OTHER}).json()
    operations = client.get(f"/v1/{PARENT}/operations").json()["operations"]

    assert f"{PARENT}/workflows/w" == first["name"]
    assert first["revisionId"].startswith("000001-")
    assert first == again == part
    assert (first["revisionId"], "new") == (described["revisionId"], described["description"])
    assert other["revisionId"].startswith("000002-")
    assert ("new", {"a": "b"}) == (other["description"], other["labels"])
    assert ["update", "update", "create"] == [each["metadata"]["verb"] for each in operations]


def test_deploy_with_a_mask(client: httpx.Client) -> None:
    """Of a workflow that is there, fields of the mask that are not set are cleared."""
    client.post(URL, json={"sourceContents": WAITS, "description": "old", "labels": {"a": "b"}})
    found = client.post(f"{URL}&updateMask=description", json={"sourceContents": OTHER}).json()

    assert "description" not in found
    assert (WAITS, {"a": "b"}) == (found["sourceContents"], found["labels"])


def test_deploy_when_a_revision_is_expected(client: httpx.Client) -> None:
    """What somebody else deployed meanwhile is not overwritten."""
    absent = client.post(f"{URL}&expectedRevisionId=000001-abc", json={"sourceContents": WAITS})
    first = client.post(URL, json={"sourceContents": WAITS}).json()
    expecting = f"{URL}&expectedRevisionId={first['revisionId']}"
    second = client.post(expecting, json={"sourceContents": OTHER})
    third = client.post(expecting, json={"sourceContents": WAITS})
    same = client.post(expecting, json={"sourceContents": OTHER})

    assert [400, 200, 400, 400] == [a.status_code for a in (absent, second, third, same)]
    assert "REVISION_CHANGED" == third.json()["error"]["details"][0]["reason"]
    assert second.json()["revisionId"] in third.json()["error"]["message"]


def test_deploy_that_only_validates(client: httpx.Client) -> None:
    """Everything is checked, nothing is deployed, and it shows whether anything would change."""
    validate = f"{URL}&validateOnly=true"
    new = client.post(validate, json={"sourceContents": WAITS})
    bad = client.post(validate, json={"sourceContents": "- a: {}\n- a: {}"})
    missing = client.get(f"/v1/{PARENT}/workflows/w")
    first = client.post(URL, json={"sourceContents": WAITS}).json()
    same = client.post(validate, json={"sourceContents": WAITS}).json()
    other = client.post(validate, json={"sourceContents": OTHER}).json()
    expected = client.post(
        f"{validate}&expectedRevisionId=000009-abc", json={"sourceContents": OTHER}
    )

    assert [200, 400, 404] == [answer.status_code for answer in (new, bad, missing)]
    assert "revisionId" not in new.json()
    assert f"{PARENT}/workflows/w" == new.json()["name"]
    assert first == same
    assert "revisionId" not in other
    assert 400 == expected.status_code
    assert WAITS == client.get(f"/v1/{PARENT}/workflows/w").json()["sourceContents"]


def test_deploy_with_warnings(client: httpx.Client) -> None:
    """What will fail when it is executed is told of, as it is by other ways to deploy."""
    body = {"sourceContents": WAITS, "serviceAccount": "absent@local.iam.gserviceaccount.com"}

    assert "does not exist here" in client.post(URL, json=body).json()["warnings"][0]


@pytest.mark.parametrize(
    "path",
    [
        f"/v1/{PARENT}/workflows:deploy",
        f"/v1/{PARENT}/workflows:deploy?workflowId=9",
        f"{URL}&updateMask=revisionId",
        f"{URL}&nothing=1",
    ],
)
def test_deploy_that_makes_no_sense(client: httpx.Client, path: str) -> None:
    """What is wrong is named, whether the workflow is there or not."""
    assert 400 == client.post(path, json={"sourceContents": WAITS}).status_code
    client.post(URL, json={"sourceContents": WAITS})
    assert 400 == client.post(path, json={"sourceContents": WAITS}).status_code


def test_deploy_without_permission(service: Service, client: httpx.Client) -> None:
    """Who may not deploy learns nothing of what there is."""
    client.post(URL, json={"sourceContents": WAITS})
    for email in (INVOKER, VIEWER):
        headers = {"Authorization": f"Bearer {service.token(email)}"}
        for path in (URL, URL.replace("=w", "=x")):
            refused = client.post(path, json={"sourceContents": "bad"}, headers=headers)
            assert 403 == refused.status_code

    assert not ROLES["roles/workflows.invoker"].permissions & {"workflows.workflows.update"}
