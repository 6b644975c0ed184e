"""The OAuth endpoints over HTTP: what they take, and what their answers carry."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.edges import http_edge
from tests.services import VIEWER, Service

FORM = "application/x-www-form-urlencoded"
ENDPOINTS = ("/token", "/introspect", "/revoke", "/device_authorization")


@pytest.fixture
def http(service: Service) -> Iterator[httpx.Client]:
    """Serve HTTP."""
    with http_edge(service) as client:
        yield client


@pytest.mark.parametrize("path", ENDPOINTS)
def test_endpoint_when_a_form_is_not_one(http: httpx.Client, path: str) -> None:
    """The body is a form in UTF-8 with each parameter once, and the URL has none."""
    for content, kind, query in (
        (b"{}", "application/json", ""),
        (b"token=x", "", ""),
        (b"token=%ff", FORM, ""),
        ("token=é".encode(), FORM, ""),
        (b"token=x&token=y", FORM, ""),
        (b"&".join(b"a%d=" % number for number in range(51)), FORM, ""),
        (b"token=x", FORM, "?client_secret=x"),
    ):
        answer = http.post(path + query, content=content, headers={"Content-Type": kind})

        assert (400, "invalid_request") == (answer.status_code, answer.json()["error"])
        assert "no-store" == answer.headers["Cache-Control"]


@pytest.mark.parametrize("path", ENDPOINTS)
def test_endpoint_when_the_client_is_unknown(http: httpx.Client, path: str) -> None:
    """It is challenged to authenticate, and nothing it sent comes back."""
    form = {"grant_type": "client_credentials", "token": "t", "client_id": "nobody"}
    answer = http.post(path, data=form, auth=("nobody", "s3cret"))

    assert (401, "invalid_client") == (answer.status_code, answer.json()["error"])
    assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert "s3cret" not in answer.text


@pytest.mark.parametrize("path", ENDPOINTS)
def test_endpoint_when_it_is_sent_much_or_something_else(http: httpx.Client, path: str) -> None:
    """Large bodies, compressed ones and other methods are refused."""
    headers = {"Content-Type": FORM}
    large = http.post(path, content=b"a=" + b"x" * 70_000, headers=headers)
    packed = http.post(path, content=b"", headers={**headers, "Content-Encoding": "gzip"})

    assert (413, 400, 405) == (large.status_code, packed.status_code, http.get(path).status_code)


def test_endpoint_when_two_headers_authenticate(http: httpx.Client) -> None:
    """One header Authorization is one way; two are not."""
    headers = [("Authorization", "Basic YTpi"), ("Authorization", "Basic YTpj")]
    answer = http.post("/token", data={"grant_type": "client_credentials"}, headers=headers)

    assert (400, "invalid_request") == (answer.status_code, answer.json()["error"])


def test_token_info_when_it_is_asked_in_each_way(service: Service, http: httpx.Client) -> None:
    """By GET and POST, at Google's paths; a token in the URL is in no log."""
    token = service.token(VIEWER)
    given = {"access_token": token}
    answers = [
        answer
        for path in ("/tokeninfo", "/oauth2/v3/tokeninfo")
        for answer in (
            http.get(path, params=given),
            http.post(path, data=given),
            http.post(path, params=given),
        )
    ]

    assert {VIEWER} == {answer.json()["email"] for answer in answers}
    legacy = http.get("/oauth2/v1/tokeninfo", params={"access_token": token}).json()
    assert legacy == http.get("/oauth2/v2/tokeninfo", params={"access_token": token}).json()
    assert legacy["verified_email"] is True
    refused = http.get("/tokeninfo", params={"access_token": "x"})
    assert (400, "invalid_token") == (refused.status_code, refused.json()["error"])


def test_metadata_when_it_is_asked_for(http: httpx.Client) -> None:
    """Both documents are the same, and each endpoint that they name is there."""
    told = http.get("/.well-known/oauth-authorization-server").json()

    assert told == http.get("/.well-known/openid-configuration").json()
    for name, url in told.items():
        if name.endswith("_endpoint") or name == "jwks_uri":
            assert 404 != http.get(httpx.URL(url).path).status_code, name
