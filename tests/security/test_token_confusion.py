"""Every kind of token in every place that takes one: each counts where it belongs alone."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from uuid import uuid4

import pytest

from ringback_server.auth.grants import JWT_BEARER
from tests.rpc.calls import PARENT, REQUESTS, code_of
from tests.security.callers import ALL, Callers
from tests.security.scenes import SIGNED_WITH, Scene
from tests.security.stage import PUBLIC_URL, Stage
from tests.services import ADMIN

LIST = "ringback.v1.Workflows.ListWorkflows"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_BODY = b"{}"
OAUTH = "https://oauth2.googleapis.com/token"


def _account(stage: Stage) -> str:
    return stage.account((ALL, "*"))


#: kind of token -> what makes one
KINDS: Mapping[str, Callable[[Stage], str]] = {
    "access token": lambda stage: stage.issuer.access_token(ADMIN).token,
    "ID token for us": lambda stage: stage.issuer.id_token(ADMIN, stage.issuer.audience).token,
    "ID token for our URL": lambda stage: stage.issuer.id_token(ADMIN, PUBLIC_URL).token,
    "ID token for the token endpoint": lambda stage: (
        stage.issuer.id_token(ADMIN, f"{PUBLIC_URL}/token").token
    ),
    "self-signed token": lambda stage: stage.self_signed(_account(stage)),
    "assertion": lambda stage: stage.self_signed(_account(stage), aud=OAUTH, scope=SCOPE),
    "assertion for our URL": lambda stage: stage.self_signed(
        _account(stage), aud=f"{PUBLIC_URL}/token", scope=SCOPE
    ),
    "assertion for an ID token": lambda stage: stage.self_signed(
        _account(stage), aud=OAUTH, target_audience="https://other.example"
    ),
    "self-signed token for another service": lambda stage: stage.self_signed(
        _account(stage), aud="https://storage.googleapis.com/"
    ),
    "opaque text": lambda _stage: uuid4().hex,
    "signature of a callback": lambda _stage: _signature(SIGNED_WITH),
    "signature by another secret": lambda _stage: _signature(uuid4().hex),
    "secret of a callback": lambda _stage: SIGNED_WITH,
}


def _signature(secret: str) -> str:
    """Sign a callback as GitHub does."""
    return f"sha256={hmac.new(secret.encode(), _BODY, hashlib.sha256).hexdigest()}"


def _signed(stage: Stage, token: str) -> bool:
    headers = {"X-Hub-Signature-256": token}
    url = f"/v1/{Scene.of(stage).callback}"
    return stage.http.post(url, headers=headers, content=_BODY).is_success


def _callback(stage: Stage, token: str) -> bool:
    headers = {"Authorization": f"Bearer {token}"}
    url = f"/v1/{Scene.of(stage).callback}"
    return stage.http.post(url, headers=headers, content=_BODY).is_success


def _rest(stage: Stage, token: str) -> bool:
    headers = {"Authorization": f"Bearer {token}"}
    return stage.http.get(f"/v1/{PARENT}/workflows", headers=headers).is_success


def _rpc(stage: Stage, token: str) -> bool:
    metadata = (("authorization", f"Bearer {token}"),)
    return code_of(stage.channel, LIST, REQUESTS[LIST], metadata).name == "OK"


def _exchange(stage: Stage, token: str) -> bool:
    form = {"grant_type": JWT_BEARER, "assertion": token}
    return stage.http.post("/token", data=form).is_success


_BEARERS = frozenset({"access token", "self-signed token"})
#: place -> what sends a token there and tells whether it was taken, and the kinds that must be
PLACES: Mapping[str, tuple[Callable[[Stage, str], bool], frozenset[str]]] = {
    "bearer of an RPC": (_rpc, _BEARERS),
    "bearer of a route": (_rest, _BEARERS),
    "bearer of a callback": (_callback, _BEARERS),
    "signature of a callback": (_signed, frozenset({"signature of a callback"})),
    "assertion": (
        _exchange,
        frozenset({"assertion", "assertion for our URL", "assertion for an ID token"}),
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_token_when_it_is_sent_where_another_belongs(
    place: str, stage: Stage, callers: Callers
) -> None:
    """Each kind of token is taken where it belongs, and nowhere else."""
    assert callers.right()
    send, right = PLACES[place]

    assert right == {kind for kind, make in KINDS.items() if send(stage, make(stage))}
