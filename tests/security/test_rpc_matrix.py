"""Each RPC under each of its names, for each caller who is refused and one who is not.

RPCs come from the table of services, their requests from tests/rpc/calls.py and their permissions
from docs/rpcs.md, so that a new one is covered as soon as these have it.
"""

from __future__ import annotations

import pytest

from ringback_server.api.table import SERVICES
from tests.security.answers import over_grpc
from tests.security.callers import Callers
from tests.security.expected import check_right, denied, right_request
from tests.security.scenes import Scene, renaming, request
from tests.security.stage import Stage

_CALLS = [
    (f"{service.descriptor.full_name}.{method}", f"{name}.{method}")
    for service in SERVICES
    for method in service.methods
    for name in service.names
]


@pytest.mark.parametrize(("rpc", "name"), _CALLS, ids=[name for _, name in _CALLS])
def test_rpc_when_callers_differ(rpc: str, name: str, stage: Stage, callers: Callers) -> None:
    """Who must not call it is refused, alike for what is there and what is not; others are not."""
    scene = Scene.of(stage)
    there, nowhere = scene.names, Scene.nothing()
    refused = [*callers.strangers, *denied(rpc, callers, scene)]
    for each in refused:
        told = [
            over_grpc(
                stage.channel,
                name,
                request(rpc, names),
                each.authorization,
                renaming({value: key for key, value in names.items()}),
            )
            for names in (there, nowhere)
        ]

        assert (each.status, each.reason) == (told[0].status, told[0].reason), each.who
        assert told[0] == told[1], each.who

    message = right_request(rpc, there, stage)

    check_right(rpc, over_grpc(stage.channel, name, message, callers.right(), renaming({})))
