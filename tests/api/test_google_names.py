"""Our messages under Google's names."""

from __future__ import annotations

import pytest
from google.protobuf import descriptor_pool

from ringback.v1 import callbacks_pb2, workflows_pb2
from ringback_server.api.google_names import google_pool, pack
from ringback_server.api.table import SERVICES


@pytest.mark.parametrize(
    "name",
    [name for service in SERVICES for name in service.names if name.startswith("google.")],
)
def test_google_pool_has_each_service(name: str) -> None:
    """Google's services can be found under their names, with the same methods as ours."""
    ours = next(service for service in SERVICES if name in service.names)
    found = google_pool().FindServiceByName(name)

    assert list(ours.methods) == [
        method.name for method in found.methods if method.name in ours.methods
    ]
    assert all(method.input_type.full_name.startswith("google.") for method in found.methods)


def test_google_pool_is_private() -> None:
    """Google's names never enter the default pool, where Google's own packages register them."""
    google_pool()
    with pytest.raises(KeyError):
        descriptor_pool.Default().FindServiceByName("google.iam.credentials.v1.IAMCredentials")

    assert "ringback.v1" == workflows_pb2.DESCRIPTOR.package


def test_pack_of_a_message() -> None:
    """A message that Google has travels under Google's name, another one under ours."""
    assert [
        "type.googleapis.com/google.cloud.workflows.v1.Workflow",
        "type.googleapis.com/ringback.v1.Callback",
    ] == [
        pack(message).type_url for message in (workflows_pb2.Workflow(), callbacks_pb2.Callback())
    ]
