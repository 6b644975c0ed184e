"""Messages of Pub/Sub, as its push subscriptions send them, start executions."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import httpx
import pytest

from ringback_server.engine.scheduler import Pool
from tests.edges import http_edge
from tests.services import PARENT, Service, running

TELLS = """
main:
  params: [event]
  steps:
    - tell:
        return: ${event}
"""
READS = """
main:
  params: [event]
  steps:
    - decode:
        return: ${text.decode(base64.decode(event.data.message.data))}
"""
URL = f"/v1/{PARENT}/workflows/w:triggerPubsubExecution"
TOPIC = "CUSTOM_PUBSUB_projects%2Fp%2Ftopics%2Ft"
SUBSCRIPTION = "projects/p/subscriptions/s"


def push(number: int = 1, **message: object) -> dict[str, object]:
    """Return what Pub/Sub sends: each id twice, once under each name."""
    sent: dict[str, object] = {
        "data": base64.b64encode(b"hello").decode(),
        "messageId": str(number),
        "message_id": str(number),
        "publishTime": "2026-02-26T19:13:55.749Z",
        "publish_time": "2026-02-26T19:13:55.749Z",
    }
    return {"message": sent | message, "subscription": SUBSCRIPTION, "deliveryAttempt": 1}


@pytest.fixture
def client(service: Service) -> Iterator[httpx.Client]:
    """Open an HTTP client of the service, with the administrator's token."""
    with http_edge(service) as opened:
        opened.headers["Authorization"] = f"Bearer {service.token()}"
        yield opened


def deploy(client: httpx.Client, source: str) -> None:
    """Deploy the workflow."""
    client.post(f"/v1/{PARENT}/workflows?workflowId=w", json={"sourceContents": source})


def test_push_of_a_message(client: httpx.Client) -> None:
    """The argument is the event that Eventarc makes of a message, with its topic."""
    deploy(client, TELLS)
    answer = client.post(f"{URL}?__GCP_CloudEventsMode={TOPIC}", json=push(attributes={"a": "b"}))
    execution = answer.json()

    assert (200, "SUCCEEDED") == (answer.status_code, execution["state"])
    assert json.loads(execution["result"]) == {
        "specversion": "1.0",
        "id": "1",
        "source": "//pubsub.googleapis.com/projects/p/topics/t",
        "type": "google.cloud.pubsub.topic.v1.messagePublished",
        "datacontenttype": "application/json",
        "time": "2026-02-26T19:13:55.749Z",
        "data": {
            "subscription": SUBSCRIPTION,
            "message": {
                "data": "aGVsbG8=",
                "attributes": {"a": "b"},
                "messageId": "1",
                "publishTime": "2026-02-26T19:13:55.749Z",
            },
        },
    }
    assert execution["disableConcurrencyQuotaOverflowBuffering"]


def test_push_to_a_workflow_as_google_documents_it(client: httpx.Client) -> None:
    """A workflow reads the text of a message as it does with Google."""
    deploy(client, READS)
    body = push() | {"GCPCloudEventsMode": "CUSTOM_PUBSUB_projects/p/topics/t"}

    assert '"hello"' == client.post(URL, json=body).json()["result"]


def test_push_of_a_message_that_carries_an_event(client: httpx.Client) -> None:
    """What Eventarc sends over Pub/Sub is the event itself."""
    deploy(client, TELLS)
    attributes = {
        "ce-id": "e1",
        "ce-source": "//storage.googleapis.com/projects/_/buckets/b",
        "ce-type": "google.cloud.storage.object.v1.finalized",
        "ce-specversion": "1.0",
        "ce-subject": "objects/o",
        "content-type": "application/json",
    }
    data = base64.b64encode(b'{"bucket": "b"}').decode()
    execution = client.post(
        f"{URL}?__GCP_CloudEventsMode=CE_PUBSUB_BINDING",
        json=push(attributes=attributes, data=data),
    ).json()

    assert json.loads(execution["result"]) == {
        "id": "e1",
        "source": "//storage.googleapis.com/projects/_/buckets/b",
        "type": "google.cloud.storage.object.v1.finalized",
        "specversion": "1.0",
        "subject": "objects/o",
        "datacontenttype": "application/json",
        "data": {"bucket": "b"},
    }


def test_push_that_is_delivered_again(client: httpx.Client) -> None:
    """A message starts one execution, however often it is delivered; another starts another."""
    deploy(client, TELLS)
    names = [
        client.post(URL, json=push(number) | {"deliveryAttempt": attempt}).json()["name"]
        for number, attempt in ((1, 1), (1, 2), (2, 1))
    ]
    other = push(1) | {"subscription": "projects/p/subscriptions/other"}
    names.append(client.post(URL, json=other).json()["name"])

    assert names[0] == names[1]
    assert 3 == len(set(names))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"message": {"messageId": "1", "data": "aGk="}}, "subscription"),
        ({"message": {"data": "aGk="}, "subscription": SUBSCRIPTION}, "message.message_id"),
        ({"message": {"messageId": "1"}, "subscription": SUBSCRIPTION}, "message"),
        (push() | {"GCPCloudEventsMode": "GCS_NOTIFICATION"}, "GCPCloudEventsMode"),
        (push() | {"GCPCloudEventsMode": "CE_PUBSUB_BINDING"}, "message.attributes"),
        ({"message": {"data": 5}, "subscription": SUBSCRIPTION}, "body"),
    ],
)
def test_push_that_makes_no_sense(client: httpx.Client, body: object, field: str) -> None:
    """What is wrong with a message is named."""
    deploy(client, TELLS)
    answer = client.post(URL, json=body)
    violations = answer.json()["error"]["details"][1]["fieldViolations"]

    assert (400, field) == (answer.status_code, violations[0]["field"])


def test_push_when_there_is_no_room(tmp_path_factory: pytest.TempPathFactory) -> None:
    """It is refused, so that it is delivered again later, and not queued."""
    pool = Pool(threads=1, park_after=1.0, running=0)
    with (
        running(tmp_path_factory.mktemp("full"), pool=pool) as service,
        http_edge(service) as client,
    ):
        client.headers["Authorization"] = f"Bearer {service.token()}"
        deploy(client, TELLS)
        answer = client.post(URL, json=push())

    assert 429 == answer.status_code
    assert "TOO_MANY_RUNNING" == answer.json()["error"]["details"][0]["reason"]
