"""Our messages under Google's names, in a descriptor pool of their own.

An `Any` that Google's clients are to read carries Google's type URL. Printing it as JSON, or
describing it, needs a pool that knows those names; they must never enter the default pool, where
Google's own Python packages register them.
"""

from __future__ import annotations

from google.protobuf import any_pb2, descriptor_pb2, empty_pb2
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message

from ringback.v1 import (
    executions_pb2,
    iam_credentials_pb2,
    operations_pb2,
    workflows_pb2,
)

_TYPE_URL = "type.googleapis.com/"
_OURS = "ringback.v1."

#: our file: the package whose messages and services it has
PACKAGES = {
    executions_pb2.DESCRIPTOR.name: "google.cloud.workflows.executions.v1",
    iam_credentials_pb2.DESCRIPTOR.name: "google.iam.credentials.v1",
    operations_pb2.DESCRIPTOR.name: "google.longrunning",
    workflows_pb2.DESCRIPTOR.name: "google.cloud.workflows.v1",
}


def google_name(full_name: str, file_name: str) -> str | None:
    """Return Google's full name of a message or service of a file of ours, None if it has none."""
    package = PACKAGES.get(file_name)
    return None if package is None else f"{package}.{full_name.removeprefix(_OURS)}"


def pack(message: Message) -> any_pb2.Any:
    """Wrap a message, under Google's name if it has one."""
    descriptor = message.DESCRIPTOR
    name = google_name(descriptor.full_name, descriptor.file.name) or descriptor.full_name
    return any_pb2.Any(type_url=f"{_TYPE_URL}{name}", value=message.SerializeToString())


def google_pool() -> DescriptorPool:
    """Return a new pool that holds our files renamed to Google's packages, and what they need."""
    pool = DescriptorPool()
    added: set[str] = set()
    renames = {
        f".{message.full_name}": f".{google_name(message.full_name, file.name)}"
        for file in _our_files()
        for message in (
            *file.message_types_by_name.values(),
            *file.enum_types_by_name.values(),
        )
    }
    for file in (*_our_files(), empty_pb2.DESCRIPTOR):
        _add(pool, file, renames, added)
    return pool


def _our_files() -> tuple[FileDescriptor, ...]:
    modules = (operations_pb2, workflows_pb2, executions_pb2, iam_credentials_pb2)
    return tuple(module.DESCRIPTOR for module in modules)


def _add(
    pool: DescriptorPool, file: FileDescriptor, renames: dict[str, str], added: set[str]
) -> None:
    if file.name in added:
        return
    added.add(file.name)
    for dependency in file.dependencies:
        _add(pool, dependency, renames, added)
    proto = descriptor_pb2.FileDescriptorProto()
    file.CopyToProto(proto)
    proto.package = PACKAGES.get(file.name, proto.package)
    for message in proto.message_type:
        _rename(message, renames)
    for service in proto.service:
        for method in service.method:
            method.input_type = _renamed(method.input_type, renames)
            method.output_type = _renamed(method.output_type, renames)
    pool.Add(proto)


def _rename(message: descriptor_pb2.DescriptorProto, renames: dict[str, str]) -> None:
    for field in message.field:
        if field.type_name:
            field.type_name = _renamed(field.type_name, renames)
    for nested in message.nested_type:
        _rename(nested, renames)


def _renamed(type_name: str, renames: dict[str, str]) -> str:
    for ours, googles in renames.items():
        if type_name == ours or type_name.startswith(f"{ours}."):
            return googles + type_name.removeprefix(ours)
    return type_name
