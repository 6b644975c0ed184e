"""Our messages under Google's names, in a descriptor pool of their own.

An `Any` that Google's clients are to read carries Google's type URL. Printing it as JSON, or
describing it, needs a pool that knows those names; they must never enter the default pool, where
Google's own Python packages register them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from google.protobuf import any_pb2, descriptor_pb2, empty_pb2
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.rpc import error_details_pb2

from ringback.v1 import (
    executions_pb2,
    iam_credentials_pb2,
    iam_pb2,
    iam_policy_pb2,
    locations_pb2,
    operations_pb2,
    workflows_pb2,
)

_TYPE_URL = "type.googleapis.com/"
_OURS = "ringback.v1."

#: our file: the package whose messages and services it has
PACKAGES = {
    executions_pb2.DESCRIPTOR.name: "google.cloud.workflows.executions.v1",
    iam_credentials_pb2.DESCRIPTOR.name: "google.iam.credentials.v1",
    iam_pb2.DESCRIPTOR.name: "google.iam.admin.v1",
    iam_policy_pb2.DESCRIPTOR.name: "google.iam.v1",
    locations_pb2.DESCRIPTOR.name: "google.cloud.location",
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
    """Return a new pool that holds our files renamed to Google's packages, and what they need.

    That includes the details of errors.
    """
    return describing_pool(error_details_pb2.DESCRIPTOR)


def describing_pool(*files: FileDescriptor) -> DescriptorPool:
    """Return a new pool with our files under Google's names, and `files` under their own."""
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
        _add(pool, file, lambda each: _under_google(each, renames), added)
    for file in files:
        _add(pool, file, _as_it_is, added)
    return pool


def _our_files() -> tuple[FileDescriptor, ...]:
    modules = (
        operations_pb2,
        locations_pb2,
        workflows_pb2,
        executions_pb2,
        iam_credentials_pb2,
        iam_policy_pb2,
        iam_pb2,
    )
    return tuple(module.DESCRIPTOR for module in modules)


_Write = Callable[[FileDescriptor], descriptor_pb2.FileDescriptorProto]


def _add(pool: DescriptorPool, file: FileDescriptor, write: _Write, added: set[str]) -> None:
    proto = write(file)
    if proto.name in added:
        return
    added.add(proto.name)
    for dependency in file.dependencies:
        _add(pool, dependency, write, added)
    pool.Add(proto)


def _as_it_is(file: FileDescriptor) -> descriptor_pb2.FileDescriptorProto:
    proto = descriptor_pb2.FileDescriptorProto()
    file.CopyToProto(proto)
    return proto


def _under_google(
    file: FileDescriptor, renames: Mapping[str, str]
) -> descriptor_pb2.FileDescriptorProto:
    """Return a file in Google's package, if that is one of ours, and with a name to match."""
    proto = _as_it_is(file)
    proto.name = _file_name(file.name)
    proto.package = PACKAGES.get(file.name, proto.package)
    proto.dependency[:] = [_file_name(name) for name in proto.dependency]
    for message in proto.message_type:
        _rename(message, renames)
    for service in proto.service:
        for method in service.method:
            method.input_type = _renamed(method.input_type, renames)
            method.output_type = _renamed(method.output_type, renames)
    return proto


def _file_name(ours: str) -> str:
    """Return a name that no file of ours has, so that both can be told apart."""
    package = PACKAGES.get(ours)
    return f"{package.replace('.', '/')}/{ours.rpartition('/')[2]}" if package else ours


def _rename(message: descriptor_pb2.DescriptorProto, renames: Mapping[str, str]) -> None:
    for field in message.field:
        if field.type_name:
            field.type_name = _renamed(field.type_name, renames)
    for nested in message.nested_type:
        _rename(nested, renames)


def _renamed(type_name: str, renames: Mapping[str, str]) -> str:
    for ours, googles in renames.items():
        if type_name == ours or type_name.startswith(f"{ours}."):
            return googles + type_name.removeprefix(ours)
    return type_name
