"""Accounts, roles and policies over REST, as Google's paths have them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.edges import http_edge
from tests.services import ADMIN, NOBODY, Service

MEMBER = f"serviceAccount:{NOBODY}"
EMAIL = "partner@local.iam.gserviceaccount.com"


@pytest.fixture
def client(service: Service) -> Iterator[httpx.Client]:
    """Return a client with the administrator's token."""
    with http_edge(service) as opened:
        opened.headers["Authorization"] = f"Bearer {service.token(ADMIN)}"
        yield opened


def answered(answer: httpx.Response) -> dict[str, Any]:
    """Return the JSON of an answer that is one."""
    assert 200 == answer.status_code, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_account_and_key_over_rest(client: httpx.Client) -> None:
    """They are made, changed and deleted by Google's paths, and the key file comes in base64."""
    made = answered(
        client.post("/v1/projects/local/serviceAccounts", json={"accountId": "partner"})
    )
    path = f"/v1/{made['name']}"
    body = {"serviceAccount": {"displayName": "Partner"}, "updateMask": "displayName"}
    patched = answered(client.patch(path, json=body))
    key = answered(client.post(f"{path}/keys", json={"keyAlgorithm": "KEY_ALG_EC_P256"}))
    listed = answered(client.get(f"{path}/keys"))["keys"]
    answered(client.post(f"/v1/{key['name']}:disable"))
    found = answered(client.get(f"/v1/{key['name']}?publicKeyType=TYPE_RAW_PUBLIC_KEY"))
    answered(client.delete(f"/v1/{key['name']}"))
    uploaded = client.post(f"{path}/keys:upload", json={"publicKeyData": found["publicKeyData"]})
    answered(client.post(f"{path}:disable", json={}))
    wild = answered(client.get(f"/v1/projects/-/serviceAccounts/{EMAIL}"))
    answered(client.delete(path))

    assert ("Partner", EMAIL) == (patched["displayName"], patched["email"])
    assert EMAIL == json.loads(base64.b64decode(key["privateKeyData"]))["client_email"]
    assert [key["name"]] == [each["name"] for each in listed]
    assert "privateKeyData" not in listed[0]
    assert (True, key["name"]) == (found["disabled"], answered(uploaded)["name"])
    assert wild["disabled"]
    assert 404 == client.get(path).status_code


def test_roles_over_rest(client: httpx.Client) -> None:
    """Predefined roles have their path, those of a project theirs."""
    predefined = answered(client.get("/v1/roles?view=FULL"))["roles"]
    owner = answered(client.get("/v1/roles/owner"))
    body = {"roleId": "sender", "role": {"includedPermissions": ["workflows.callbacks.send"]}}
    made = answered(client.post("/v1/projects/local/roles", json=body))
    answered(client.patch(f"/v1/{made['name']}?updateMask=title", json={"title": "S"}))
    (listed,) = answered(client.get("/v1/projects/local/roles"))["roles"]
    stale = client.delete(f"/v1/{made['name']}", params={"etag": made["etag"]})
    answered(client.delete(f"/v1/{made['name']}"))

    assert owner in predefined
    assert ("S", None) == (listed["title"], listed.get("includedPermissions"))
    assert (409, "ABORTED") == (stale.status_code, stale.json()["error"]["status"])


def test_policies_over_rest(service: Service, client: httpx.Client) -> None:
    """Each kind of resource has them, a callback too, whose own path takes any request."""
    callback = service.endpoint(service.execution("w").name)
    workflow = callback.parent.parent
    account = f"projects/local/serviceAccounts/{NOBODY}"
    policy = {"bindings": [{"role": "roles/owner", "members": [MEMBER]}]}
    for name in ("projects/local", str(workflow), str(callback), account):
        read = answered(client.post(f"/v1/{name}:getIamPolicy"))
        written = answered(
            client.post(f"/v1/{name}:setIamPolicy", json={"policy": {**policy, **read}})
        )
        again = client.post(f"/v1/{name}:setIamPolicy", json={"policy": {**policy, **read}})
        asked = {"permissions": ["workflows.callbacks.send"]}
        may = answered(client.post(f"/v1/{name}:testIamPermissions", json=asked))

        assert "bindings" not in read
        assert policy["bindings"] == written["bindings"]
        assert 409 == again.status_code
        assert asked == may

    everything = answered(client.post("/v1/*:getIamPolicy"))["bindings"]
    assert {"role": "roles/owner", "members": [f"serviceAccount:{ADMIN}"]} in everything
    assert 400 == client.post("/v1/projects/local/x/y:getIamPolicy").status_code
    listed = service.backend.store.callbacks.expected_method(callback)
    assert ("POST", False) == listed
