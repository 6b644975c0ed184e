"""What no RPC is behind: callback URLs, and the routes that are made by hand.

A route joins from the router's table: it asks for a token, or PUBLIC says why it does not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from ringback_server.auth.attenuation import SEND
from tests.security.answers import over_http
from tests.security.callers import Callers
from tests.security.scenes import CALLBACK, Scene, renaming
from tests.security.stage import Stage
from tests.services import ADMIN

#: hand-made routes that ask for no bearer token, and why
PUBLIC: Mapping[str, str] = {
    "/.well-known/jwks.json": "public keys, which others check our tokens with",
    "/.well-known/oauth-authorization-server": "says what the authorization server offers",
    "/.well-known/openid-configuration": "says the same",
    "/authorize": "a page of a login, which somebody with the permission approves",
    "/authorize/provider": "the same: it takes a form of one of these pages",
    "/authorize/wait": "the same, for a browser with a cookie",
    "/device": "the same, for somebody with a user code",
    "/device_authorization": "begins a login, which somebody with the permission approves",
    "/healthz": "says that the process answers, and nothing of what is stored",
    "/introspect": "authenticates clients itself",
    "/oauth2/v1/tokeninfo": "tells of a token that it is sent, as Google's does",
    "/oauth2/v2/tokeninfo": "the same",
    "/oauth2/v3/tokeninfo": "the same",
    "/oauth/callback": "takes an OpenID provider's answer, from the browser that it was asked in",
    "/openapi.json": "says what the protos say, which are public",
    "/readyz": "tells a load balancer whether to send requests here",
    "/revoke": "authenticates clients itself",
    "/tokeninfo": "tells of a token that it is sent, as Google's does",
    "/service_accounts/v1/jwk/{email}": "public keys, and none for an account that is not there",
    "/service_accounts/v1/metadata/jwk/{email}": "the same",
    "/service_accounts/v1/metadata/x509/{email}": "the same as certificates",
    "/token": "makes tokens, of an assertion that it checks itself",
}
#: hand-made routes that ask for a token -> the permissions that they need
GUARDED: Mapping[str, frozenset[str]] = {
    "/metrics": frozenset({"monitoring.timeSeries.list"}),
}
#: what a page tells one browser, which has nothing to do with its token
_CSRF = re.compile(r'name="csrf" value="\w+"')
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE")


def test_routes_when_the_router_is_read(stage: Stage) -> None:
    """Each hand-made route is known here."""
    unknown = set(stage.paths) - PUBLIC.keys() - GUARDED.keys()

    assert set() == unknown, (
        "add each to GUARDED in tests/security/test_route_matrix.py with its permissions, or, if "
        "it asks for no bearer token, to PUBLIC with the reason"
    )
    assert set(stage.paths) == PUBLIC.keys() | GUARDED.keys()


@pytest.mark.parametrize("path", GUARDED)
def test_guarded_route_when_callers_differ(path: str, stage: Stage, callers: Callers) -> None:
    """Who must not read it is refused, others are not."""
    scene = Scene.of(stage)
    client = stage.http
    for each in (*callers.strangers, *callers.denied(GUARDED[path], scene)):
        seen = over_http(client, client.build_request("GET", path), each.authorization, str)

        assert (each.status, each.reason) == (seen.status, seen.reason), each.who

    right = over_http(client, client.build_request("GET", path), callers.right(), str)
    assert "OK" == right.status


@pytest.mark.parametrize("path", PUBLIC)
def test_public_route_when_callers_differ(path: str, stage: Stage, callers: Callers) -> None:
    """What a public route says depends on no bearer token, good or bad."""
    for method in ("GET", "POST"):
        told = {
            (answer.status_code, _CSRF.sub("", answer.text))
            for authorization in (None, callers.right(), *_sent(callers))
            for answer in [
                stage.http.request(
                    method,
                    path,
                    headers={} if authorization is None else {"Authorization": authorization},
                )
            ]
        }

        ((status, _),) = told
        assert status < 500


@pytest.mark.parametrize("method", _METHODS)
def test_callback_url_when_callers_are_refused(method: str, stage: Stage, callers: Callers) -> None:
    """A callback URL tells those who must not send to it nothing, whatever the method."""
    scene, client = Scene.of(stage), stage.http
    nowhere = Scene.nothing()[CALLBACK]
    missing = f"{scene.execution}/callbacks/{nowhere.rpartition('/')[2]}"
    names = (scene.callback, missing, nowhere)
    unnamed = renaming(dict.fromkeys(names, "C"))
    for each in (*callers.strangers, *callers.denied(["workflows.callbacks.send"], scene)):
        told = [
            over_http(
                client,
                client.build_request(method, f"/v1/{name}", content=b"{}"),
                each.authorization,
                unnamed,
            )
            for name in names
        ]

        assert (each.status, each.reason) == (told[0].status, told[0].reason), each.who
        assert told[0] == told[1] == told[2], each.who


@pytest.mark.parametrize("method", [*_METHODS, "HEAD"])
def test_callback_url_when_the_caller_is_right(method: str, stage: Stage, callers: Callers) -> None:
    """Who may send is told whether the endpoint takes the method."""
    scene = Scene.of(stage)
    authorization = {"Authorization": callers.right()}

    answer = stage.http.request(method, f"/v1/{scene.callback}", headers=authorization)

    assert (200 if method == "POST" else 405) == answer.status_code


@pytest.mark.parametrize("method", _METHODS)
@pytest.mark.parametrize("good_for", ["GET", "POST", "DELETE"])
def test_callback_url_when_the_token_is_for_a_method(
    method: str, good_for: str, stage: Stage
) -> None:
    """A token for one method sends with no other, and then is told nothing of the endpoint."""
    scene, client = Scene.of(stage), stage.http
    token = stage.issuer.access_token(ADMIN, permissions=[SEND], method=good_for).token
    nowhere = Scene.nothing()[CALLBACK]
    missing = f"{scene.execution}/callbacks/{nowhere.rpartition('/')[2]}"
    names = (scene.callback, missing, nowhere)
    unnamed = renaming(dict.fromkeys(names, "C"))
    told = [
        over_http(
            client,
            client.build_request(method, f"/v1/{name}", content=b"{}"),
            f"Bearer {token}",
            unnamed,
        )
        for name in names
    ]
    statuses = [seen.status for seen in told]

    if method != good_for:
        assert told[0] == told[1] == told[2]
        assert ("PERMISSION_DENIED", "IAM_PERMISSION_DENIED") == (told[0].status, told[0].reason)
    elif method == "POST":
        assert ["OK", "NOT_FOUND", "NOT_FOUND"] == statuses
    else:
        assert "OK" not in statuses


def test_path_when_it_leads_nowhere(stage: Stage, callers: Callers) -> None:
    """A path without a route is nothing to anybody, so that no token is asked for."""
    client = stage.http
    for path in ("/", "/v1", "/v1/projects/local", "/v2/projects/local", "/console", "/admin"):
        for authorization in (None, callers.right(), *_sent(callers)):
            seen = over_http(client, client.build_request("GET", path), authorization, str)

            assert ("NOT_FOUND", "PATH_NOT_FOUND") == (seen.status, seen.reason), path


def _sent(callers: Callers) -> list[str]:
    return [each.authorization for each in callers.strangers if each.authorization is not None]
