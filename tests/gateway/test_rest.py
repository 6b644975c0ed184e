"""REST over a real socket, and the OAuth endpoints beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import httpx
import pytest

from ringback_server.auth.keys import new_account_key
from tests.auth.forge import forge
from tests.edges import http_edge
from tests.services import ADMIN, NOBODY, PARENT, VIEWER, WAITS, Service

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


@pytest.fixture
def client(service: Service) -> Iterator[httpx.Client]:
    """Open an HTTP client of the service, with the administrator's token."""
    with http_edge(service) as opened:
        opened.headers["Authorization"] = f"Bearer {service.token(ADMIN)}"
        yield opened


def test_life_of_a_workflow(client: httpx.Client) -> None:
    """A workflow is deployed, read, changed, listed and deleted over REST."""
    url = f"/v1/{PARENT}/workflows"
    created = client.post(
        f"{url}?workflowId=w", json={"sourceContents": WAITS, "labels": {"a": "b"}}
    ).json()
    patched = client.patch(
        f"{url}/w?updateMask=description,user_env_vars",
        json={"description": "new", "userEnvVars": {"A": "1"}, "labels": {"not": "asked"}},
    ).json()
    read = client.get(f"{url}/w?$alt=json;enum-encoding=int").json()
    first = client.get(f"{url}/w?revisionId={created['response']['revisionId']}").json()
    revisions = client.get(f"{url}/w:listRevisions?pageSize=1").json()
    operation = client.get(f"/v1/{created['name']}").json()
    deleted = client.delete(f"{url}/w").json()

    assert created["done"]
    assert created["response"]["@type"].endswith("/google.cloud.workflows.v1.Workflow")
    assert created["metadata"]["@type"].endswith("/google.cloud.workflows.v1.OperationMetadata")
    assert ("new", {"a": "b"}, {"A": "1"}) == (
        patched["response"]["description"],
        patched["response"]["labels"],
        patched["response"]["userEnvVars"],
    )
    assert 1 == read["state"]
    assert "userEnvVars" not in first
    assert 1 == len(revisions["workflows"])
    assert "nextPageToken" in revisions
    assert "create" == operation["metadata"]["verb"]
    assert {"@type": "type.googleapis.com/google.protobuf.Empty"} == deleted["response"]
    assert 404 == client.get(f"{url}/w").status_code
    assert {} == client.get(url).json()


def test_life_of_an_execution(client: httpx.Client) -> None:
    """An execution is started, read, listed and cancelled over REST; 64-bit numbers are strings."""
    client.post(f"/v1/{PARENT}/workflows?workflowId=w", json={"sourceContents": WAITS})
    url = f"/v1/{PARENT}/workflows/w/executions"
    execution = client.post(url, json={"argument": '{"a":1}'}).json()
    basic = client.get(f"/v1/{execution['name']}?view=BASIC").json()
    waiting = client.get(f"/v1/{execution['name']}/callbacks").json()["callbacks"]
    cancelled = client.post(f"/v1/{execution['name']}:cancel").json()
    again = client.post(f"/v1/{execution['name']}:cancel", json={})
    listed = client.get(url, params={"pageSize": 5}).json()["executions"]

    assert ("ACTIVE", '{"a":1}') == (execution["state"], execution["argument"])
    assert "argument" not in basic
    assert "1" == waiting[0]["waiters"]
    assert "CANCELLED" == cancelled["state"]
    assert [execution["name"]] == [found["name"] for found in listed]
    assert (400, "FAILED_PRECONDITION") == (again.status_code, again.json()["error"]["status"])


@pytest.mark.parametrize("source", ["- end: {return: 1}", WAITS])
def test_start_of_an_execution(client: httpx.Client, source: str) -> None:
    """The start that is answered to whoever created an execution is its start for good."""
    url = f"/v1/{PARENT}/workflows"
    client.post(f"{url}?workflowId=w", json={"sourceContents": source})
    created = client.post(f"{url}/w/executions", json={}).json()
    read = client.get(f"/v1/{created['name']}").json()

    assert (created["createTime"], created["startTime"]) == (read["createTime"], read["startTime"])
    if "endTime" in created:
        assert (created["duration"], created["endTime"]) == (read["duration"], read["endTime"])
        begin, end = map(datetime.fromisoformat, (read["startTime"], read["endTime"]))
        assert timedelta(seconds=float(read["duration"].rstrip("s"))) == end - begin


def test_logs_as_values(client: httpx.Client) -> None:
    """What a workflow logs as JSON is shown as a value, its integers exact."""
    source = """
- say:
    call: sys.log
    args: {text: hello, severity: INFO}
- show:
    call: sys.log
    args: {json: {n: 9007199254740993, list: [1, null]}, severity: ERROR}
"""
    client.post(f"/v1/{PARENT}/workflows?workflowId=w", json={"sourceContents": source})
    name = client.post(f"/v1/{PARENT}/workflows/w/executions").json()["name"]
    entries = client.get(f"/v1/{name}/logs").json()["entries"]
    filtered = client.get(f"/v1/{PARENT}/logs", params={"filter": "severity>=ERROR"}).json()

    assert ["hello", None] == [entry.get("textPayload") for entry in entries]
    assert {"n": 9007199254740993, "list": [1, None]} == entries[1]["jsonPayload"]
    assert ("show", "ERROR", name) == tuple(
        filtered["entries"][0][key] for key in ("step", "severity", "execution")
    )


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/v1", 404),
        ("GET", f"/v1/{PARENT}/nothing", 404),
        ("GET", f"/v1/{PARENT}/workflows/none", 404),
        ("PUT", f"/v1/{PARENT}/workflows/none", 405),
        ("HEAD", f"/v1/{PARENT}/workflows/none", 404),
        ("HEAD", f"/v1/{PARENT}/workflows/none:cancel", 404),
        ("OPTIONS", f"/v1/{PARENT}/nothing", 404),
        ("GET", f"/v1/{PARENT}/workflows?pageSize=-1", 400),
        ("GET", f"/v1/{PARENT}/workflows?pagesize=1", 400),
        ("GET", f"/v1/{PARENT}/workflows?filter=x", 400),
        ("GET", f"/v1/{PARENT}/workflows?alt=media", 400),
        ("GET", f"/v1/{PARENT}/workflows/a%20b", 400),
        ("GET", f"/v1/{PARENT}/workflows?{'a=1&' * 1_001}", 400),
        ("POST", f"/v1/{PARENT}/workflows?workflowId=w", 400),
        ("GET", "/token", 405),
        ("POST", "/.well-known/jwks.json", 405),
    ],
)
def test_request_that_is_refused(client: httpx.Client, method: str, path: str, status: int) -> None:
    """Every refusal is JSON in Google's envelope, with the right status."""
    answer = client.request(method, path)

    assert status == answer.status_code
    if method != "HEAD":
        assert status == answer.json()["error"]["code"]
        assert answer.headers["Content-Type"].startswith("application/json")


def test_head_and_options(client: httpx.Client) -> None:
    """HEAD is GET without a body, OPTIONS tells the methods; neither lets other sites' pages in."""
    url = f"/v1/{PARENT}/workflows"
    read, head = client.get(url), client.head(url)
    headers = {"Origin": "https://example.com", "Access-Control-Request-Method": "POST"}
    options = client.options(url, headers=headers)
    refused = client.put(url)

    assert (200, "", read.headers["Content-Length"]) == (
        head.status_code,
        head.text,
        head.headers["Content-Length"],
    )
    assert (200, "", "GET, HEAD, OPTIONS, POST") == (
        options.status_code,
        options.text,
        options.headers["Allow"],
    )
    assert not [name for name in options.headers if name.startswith("access-control")]
    assert (405, "GET, HEAD, OPTIONS, POST") == (refused.status_code, refused.headers["Allow"])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/json"}, 200),
        ({}, 200),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, 415),
        ({"Content-Type": "application/json", "Content-Encoding": "identity"}, 200),
    ],
)
def test_body_of_another_type(client: httpx.Client, headers: dict[str, str], status: int) -> None:
    """A body is JSON that is not compressed, or is refused with what to send."""
    url = f"/v1/{PARENT}/workflows?workflowId=w"
    body = json.dumps({"sourceContents": WAITS}).encode()
    answer = client.post(url, content=body, headers=headers)

    assert status == answer.status_code, answer.text
    if status == 415:
        assert "UNSUPPORTED_MEDIA_TYPE" == answer.json()["error"]["details"][0]["reason"]


@pytest.mark.parametrize(("email", "status"), [(None, 401), (NOBODY, 403), (VIEWER, 200)])
def test_request_by_principal(
    service: Service, client: httpx.Client, email: str | None, status: int
) -> None:
    """Without a token 401, without the permission 403; neither is told what else is wrong."""
    header = {} if email is None else {"Authorization": f"Bearer {service.token(email)}"}
    client.headers.pop("Authorization")
    good = client.get(f"/v1/{PARENT}/workflows", headers=header)
    bad = client.get(f"/v1/{PARENT}/workflows?nope=1", headers=header)

    assert status == good.status_code
    assert (401 if status == 401 else 400) == bad.status_code
    if status == 401:
        assert "Bearer" == good.headers["WWW-Authenticate"]


def test_body_that_is_too_large(client: httpx.Client) -> None:
    """A huge body is refused early, whether its length is announced or not."""
    url = f"/v1/{PARENT}/workflows?workflowId=w"
    part = b" " * (1024 * 1024)

    assert 413 == client.post(url, content=part * 5).status_code
    assert 413 == client.post(url, content=iter([part] * 5)).status_code
    assert 200 == client.get(f"/v1/{PARENT}/workflows").status_code


def test_generate_access_token(client: httpx.Client) -> None:
    """The token of another account has an expiry in whole seconds, as google-auth demands."""
    url = f"/v1/projects/-/serviceAccounts/{VIEWER}:generateAccessToken"
    answer = client.post(url, json={"scope": [SCOPE], "lifetime": "300s"}).json()
    read = client.get(
        f"/v1/{PARENT}/workflows", headers={"Authorization": f"Bearer {answer['accessToken']}"}
    )

    assert 200 == read.status_code
    assert len("2026-11-24T10:00:00Z") == len(answer["expireTime"])


def test_token_for_an_assertion(service: Service, client: httpx.Client) -> None:
    """An assertion signed with a registered key is exchanged for a token that works."""
    now = service.backend.clock.now()
    key, pem = new_account_key(ADMIN, now)
    service.backend.store.credentials.add_account_key(key)
    claims: dict[str, object] = {
        "iss": ADMIN,
        "aud": "https://oauth2.googleapis.com/token",
        "scope": SCOPE,
        "iat": int(now),
        "exp": int(now) + 3600,
    }
    assertion = forge({"typ": "JWT", "alg": "RS256", "kid": key.kid}, claims, pem)
    answer = client.post("/token", data={"grant_type": JWT_BEARER, "assertion": assertion})
    token = answer.json()["access_token"]
    read = client.get(f"/v1/{PARENT}/workflows", headers={"Authorization": f"Bearer {token}"})

    assert ("no-store", "Bearer") == (
        answer.headers["Cache-Control"],
        answer.json()["token_type"],
    )
    assert 200 == read.status_code


@pytest.mark.parametrize(
    ("content_type", "body", "error"),
    [
        ("application/json", b"{}", "invalid_request"),
        ("application/x-www-form-urlencoded", b"", "invalid_request"),
        ("application/x-www-form-urlencoded", b"\xff", "invalid_request"),
        ("application/x-www-form-urlencoded", b"grant_type=x&grant_type=y", "invalid_request"),
        ("application/x-www-form-urlencoded", b"grant_type=password", "unsupported_grant_type"),
        (
            "application/x-www-form-urlencoded; charset=utf-8",
            f"grant_type={JWT_BEARER}&assertion=x.y.z".encode(),
            "invalid_grant",
        ),
    ],
)
def test_token_for_a_bad_request(
    client: httpx.Client, content_type: str, body: bytes, error: str
) -> None:
    """A token request that is refused is answered as RFC 6749 says, and never cached."""
    answer = client.post("/token", content=body, headers={"Content-Type": content_type})

    assert (400, error) == (answer.status_code, answer.json()["error"])
    assert "no-store" == answer.headers["Cache-Control"]


def test_keys_of_the_issuer(client: httpx.Client) -> None:
    """The public keys are published without authentication; HEAD has no body."""
    client.headers.pop("Authorization")
    keys = client.get("/.well-known/jwks.json")

    assert ["EC"] == [key["kty"] for key in keys.json()["keys"]]
    assert "d" not in keys.json()["keys"][0]
    assert "" == client.head("/.well-known/jwks.json").text
