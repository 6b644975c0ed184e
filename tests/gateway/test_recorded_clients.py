"""The requests that gcloud and Terraform's provider send, in their order and their form."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.edges import http_edge
from tests.services import ADMIN, PARENT, WAITS, Service

HELLO = "main:\n  params: [input]\n  steps:\n  - end:\n      return: ${input}\n"
URL = f"/v1/{PARENT}/workflows"


@pytest.fixture
def gcloud(service: Service) -> Iterator[httpx.Client]:
    """Open a client with the headers and the parameter that gcloud's library adds to all."""
    with http_edge(service) as opened:
        opened.headers.update(
            {
                "Authorization": f"Bearer {service.token(ADMIN)}",
                "accept": "application/json",
                "content-type": "application/json",
                "accept-encoding": "gzip, deflate",
                "user-agent": "google-cloud-sdk gcloud/550.0.0 command/gcloud.workflows.deploy",
                "x-goog-api-client": "cred-type/u",
                "x-goog-user-project": "local",
            }
        )
        opened.params = httpx.QueryParams({"alt": "json"})
        yield opened


@pytest.fixture
def terraform(gcloud: httpx.Client) -> httpx.Client:
    """Return a client as Terraform's provider is one."""
    gcloud.headers["user-agent"] = "Terraform/1.14.0 terraform-provider-google/7.12.0"
    return gcloud


def test_gcloud_workflows_deploy(gcloud: httpx.Client) -> None:
    """It looks for the workflow, creates it, asks for the operation, and then for the workflow."""
    missing = gcloud.get(f"{URL}/w")
    created = gcloud.post(
        URL,
        params={"workflowId": "w"},
        json={"sourceContents": HELLO, "labels": {"team": "blue"}, "callLogLevel": "LOG_NONE"},
    )
    operation = gcloud.get(f"/v1/{created.json()['name']}")
    workflow = gcloud.get(f"/v1/{operation.json()['metadata']['target']}")

    assert (404, "NOT_FOUND") == (missing.status_code, missing.json()["error"]["status"])
    assert (200, True) == (created.status_code, operation.json()["done"])
    assert operation.json()["response"]["@type"].endswith("google.cloud.workflows.v1.Workflow")
    assert (HELLO, "ACTIVE") == (workflow.json()["sourceContents"], workflow.json()["state"])


def test_gcloud_workflows_deploy_again(gcloud: httpx.Client) -> None:
    """It sends what is to change with the names of those fields, sorted, in one parameter."""
    gcloud.post(URL, params={"workflowId": "w"}, json={"sourceContents": HELLO})
    changed = gcloud.patch(
        f"{URL}/w",
        params={"updateMask": "callLogLevel,description,labels,sourceContents,userEnvVars"},
        json={
            "name": f"{PARENT}/workflows/w",
            "sourceContents": WAITS,
            "description": "new",
            "callLogLevel": "LOG_ALL_CALLS",
            "userEnvVars": {"A": "1"},
        },
    )
    operation = gcloud.get(f"/v1/{changed.json()['name']}")

    assert ("update", "000002") == (
        operation.json()["metadata"]["verb"],
        operation.json()["response"]["revisionId"][:6],
    )
    assert "labels" not in operation.json()["response"]


def test_gcloud_workflows_list_describe_delete(gcloud: httpx.Client) -> None:
    """Lists are read by pages; a deletion is an operation whose response is empty."""
    for workflow in ("a", "b", "c"):
        gcloud.post(URL, params={"workflowId": workflow}, json={"sourceContents": HELLO})
    found: list[str] = []
    token: str | None = ""
    while token is not None:
        page = gcloud.get(URL, params={"pageSize": 2, **({"pageToken": token} if token else {})})
        found += [workflow["name"] for workflow in page.json()["workflows"]]
        token = page.json().get("nextPageToken")
    described = gcloud.get(f"{URL}/a")
    deleted = gcloud.delete(f"{URL}/a")
    operation = gcloud.get(f"/v1/{deleted.json()['name']}")

    assert [f"{PARENT}/workflows/{workflow}" for workflow in "abc"] == found
    assert f"{PARENT}/workflows/a" == described.json()["name"]
    assert "google.protobuf.Empty" in operation.json()["response"]["@type"]
    assert 404 == gcloud.get(f"{URL}/a").status_code


def test_gcloud_workflows_run(gcloud: httpx.Client) -> None:
    """`run`, `execute` and `executions wait` create an execution and ask until it has ended."""
    gcloud.post(URL, params={"workflowId": "w"}, json={"sourceContents": HELLO})
    created = gcloud.post(
        f"{URL}/w/executions",
        json={"argument": '{"a": 1}', "callLogLevel": "LOG_ERRORS_ONLY", "labels": {"x": "y"}},
    ).json()
    read = gcloud.get(f"/v1/{created['name']}").json()

    assert (200, "SUCCEEDED") == (gcloud.get(f"/v1/{created['name']}").status_code, read["state"])
    assert ('{"a":1}', {"x": "y"}) == (read["result"], read["labels"])


def test_gcloud_workflows_executions(gcloud: httpx.Client) -> None:
    """`executions list`, `describe`, `describe-last`, `cancel` and `delete-history` find theirs."""
    gcloud.post(URL, params={"workflowId": "w"}, json={"sourceContents": WAITS})
    created = gcloud.post(f"{URL}/w/executions", json={}).json()
    listed = gcloud.get(f"{URL}/w/executions", params={"pageSize": 100}).json()
    cancelled = gcloud.post(f"/v1/{created['name']}:cancel", json={}).json()
    described = gcloud.get(f"/v1/{created['name']}").json()

    assert [created["name"]] == [execution["name"] for execution in listed["executions"]]
    assert ("CANCELLED", "CANCELLED") == (cancelled["state"], described["state"])


def test_terraform_workflow(terraform: httpx.Client) -> None:
    """Create, poll, read, change, read, delete, poll, read: each shows what was sent."""
    resource = {
        "name": "w",
        "description": "",
        "sourceContents": HELLO,
        "serviceAccount": "",
        "callLogLevel": "LOG_ERRORS_ONLY",
        "executionHistoryLevel": "EXECUTION_HISTORY_BASIC",
        "userEnvVars": {"A": "1"},
        "labels": {"goog-terraform-provisioned": "true"},
    }
    created = terraform.post(URL, params={"workflowId": "w"}, json=resource).json()
    operation = terraform.get(f"/v1/{created['name']}").json()
    first = terraform.get(f"{URL}/w").json()
    changed = terraform.patch(
        f"{URL}/w",
        params={"updateMask": "description,sourceContents,labels,userEnvVars"},
        json={**resource, "description": "new", "userEnvVars": {"A": "2"}},
    ).json()
    polled = terraform.get(f"/v1/{changed['name']}").json()
    second = terraform.get(f"{URL}/w").json()
    deleted = terraform.delete(f"{URL}/w").json()
    ended = terraform.get(f"/v1/{deleted['name']}").json()

    assert (True, f"{PARENT}/workflows/w") == (operation["done"], operation["response"]["name"])
    for key in ("sourceContents", "callLogLevel", "userEnvVars", "labels"):
        assert resource[key] == first[key]
    assert (True, "new", {"A": "2"}) == (
        polled["done"],
        second["description"],
        second["userEnvVars"],
    )
    assert (True, 404) == (ended["done"], terraform.get(f"{URL}/w").status_code)


def test_terraform_in_an_empty_location(terraform: httpx.Client) -> None:
    """A location without workflows has an empty list, not an error."""
    answer = terraform.get("/v1/projects/local/locations/europe-west4/workflows")

    assert (200, {}) == (answer.status_code, answer.json())


@pytest.mark.parametrize(
    ("field", "value", "advice"),
    [
        ("tags", {"tagKeys/1": "tagValues/2"}, "use labels"),
        ("cryptoKeyName", "projects/p/locations/l/keyRings/r/cryptoKeys/k", "encrypted disk"),
    ],
)
def test_field_that_would_have_no_effect(
    gcloud: httpx.Client, field: str, value: object, advice: str
) -> None:
    """Tags and keys are refused with what to do instead; left empty, they are as they will be."""
    body = {"sourceContents": HELLO, field: value}
    created = gcloud.post(URL, params={"workflowId": "w"}, json=body)
    gcloud.post(URL, params={"workflowId": "w"}, json={"sourceContents": HELLO}).raise_for_status()
    masked = gcloud.patch(f"{URL}/w", params={"updateMask": field}, json={field: value})
    whole = gcloud.patch(f"{URL}/w", json={field: value})
    others = gcloud.patch(f"{URL}/w", params={"updateMask": "description"}, json={field: value})
    cleared = gcloud.patch(f"{URL}/w", params={"updateMask": field}, json={})

    assert [400, 400, 400, 200, 200] == [
        answer.status_code for answer in (created, masked, whole, others, cleared)
    ]
    assert advice in created.json()["error"]["message"]
