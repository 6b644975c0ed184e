"""What a server tells of its services."""

from __future__ import annotations

from pathlib import Path

import grpc
import pytest
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha import reflection_pb2 as pb

from ringback_server.api.table import SERVICES
from tests.operations.running import running

NAMES = {name for service in SERVICES for name in service.names}


def ask(
    channel: grpc.Channel, version: str, *requests: pb.ServerReflectionRequest
) -> list[pb.ServerReflectionResponse]:
    """Ask the reflection service, without a token."""
    call = channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=pb.ServerReflectionRequest.SerializeToString,
        response_deserializer=pb.ServerReflectionResponse.FromString,
    )
    return list(call(iter(requests), timeout=10.0))


def add(pool: DescriptorPool, files: dict[str, bytes], name: str, added: set[str]) -> None:
    """Add a file to a pool after those that it imports."""
    if name not in added:
        added.add(name)
        for needed in descriptor_pb2.FileDescriptorProto.FromString(files[name]).dependency:
            add(pool, files, needed, added)
        pool.AddSerializedFile(files[name])


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_reflection_when_a_tool_looks_around(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    """Every service is listed under both names, and its files make one consistent pool."""
    pool, files = DescriptorPool(), dict[str, bytes]()
    with running(tmp_path / "data", monkeypatch) as server:
        (listed,) = ask(server.channel, version, pb.ServerReflectionRequest(list_services=""))
        names = [service.name for service in listed.list_services_response.service]
        asked = [pb.ServerReflectionRequest(file_containing_symbol=name) for name in names]
        answers = ask(server.channel, version, *asked)
        (missing,) = ask(
            server.channel, version, pb.ServerReflectionRequest(file_containing_symbol="no.Such")
        )
    for answer in answers:
        for content in answer.file_descriptor_response.file_descriptor_proto:
            proto = descriptor_pb2.FileDescriptorProto.FromString(content)
            assert files.setdefault(proto.name, content) == content
    added = set[str]()
    for name in files:
        add(pool, files, name, added)

    assert NAMES <= set(names)
    assert {"grpc.health.v1.Health", f"grpc.reflection.{version}.ServerReflection"} <= set(names)
    assert names == [pool.FindServiceByName(n).full_name for n in names]
    assert missing.error_response.error_code == 5
