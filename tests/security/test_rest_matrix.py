"""Each HTTP rule of each RPC, for each caller who is refused and one who is not."""

from __future__ import annotations

import pytest

from ringback_server.api.table import SERVICES
from ringback_server.gateway.openapi.operations import openapi_path
from ringback_server.gateway.transcoder import Binding, Transcoder
from tests.security.answers import over_http
from tests.security.callers import Callers
from tests.security.expected import check_right, denied, right_request
from tests.security.http_calls import http_request
from tests.security.scenes import Scene, renaming, request
from tests.security.stage import Stage

_BINDINGS = Transcoder(SERVICES).bindings


@pytest.mark.parametrize(
    "binding", _BINDINGS, ids=lambda one: f"{one.verb} {openapi_path(one.template)}"
)
def test_route_when_callers_differ(binding: Binding, stage: Stage, callers: Callers) -> None:
    """Who must not send it is refused, alike for what is there and what is not; others are not."""
    scene = Scene.of(stage)
    rpc, client = binding.name, stage.http
    there, nowhere = scene.names, Scene.nothing()
    path = openapi_path(binding.template)
    for each in (*callers.strangers, *denied(rpc, callers, scene, path)):
        told = [
            over_http(
                client,
                http_request(client, binding, request(rpc, names), names),
                each.authorization,
                renaming({value: key for key, value in names.items()}),
            )
            for names in (there, nowhere)
        ]

        assert (each.status, each.reason) == (told[0].status, told[0].reason), each.who
        assert told[0] == told[1], each.who

    message = right_request(rpc, there, stage)
    right = http_request(client, binding, message, there)
    check_right(rpc, over_http(client, right, callers.right(), renaming({})))


@pytest.mark.parametrize(
    "binding",
    [binding for binding in _BINDINGS if binding.has_head],
    ids=lambda one: openapi_path(one.template),
)
def test_head_when_callers_differ(binding: Binding, stage: Stage, callers: Callers) -> None:
    """HEAD tells no more than GET does."""
    scene = Scene.of(stage)
    path = openapi_path(binding.template)
    for each in (*callers.strangers, *denied(binding.name, callers, scene, path)):
        for names in (scene.names, Scene.nothing()):
            asked = http_request(stage.http, binding, request(binding.name, names), names)
            asked.method = "HEAD"
            if each.authorization is not None:
                asked.headers["Authorization"] = each.authorization
            answer = stage.http.send(asked)

            expected = 401 if each.status == "UNAUTHENTICATED" else 403
            assert (expected, b"") == (answer.status_code, answer.content), each.who


def test_options_when_nobody_asks(stage: Stage) -> None:
    """What methods a path takes is what the protos say, whatever is there."""
    scene = Scene.of(stage)
    told = [
        stage.http.options(f"/v1/{name}").headers["Allow"]
        for name in (scene.workflow, "projects/x/locations/y/workflows/nowhere")
    ]

    assert told[0] == told[1]
