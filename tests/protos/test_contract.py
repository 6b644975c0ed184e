"""The contract: ours with Google's names and numbers, and with words for everything."""

import re
from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import pytest
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FileDescriptor

from ringback.v1 import (
    annotations_pb2,
    executions_pb2,
    iam_pb2,
    iam_policy_pb2,
    locations_pb2,
    logs_pb2,
    operations_pb2,
    workflows_pb2,
)

PROTOS = Path(__file__).resolve().parents[2] / "protos" / "ringback"
LEFT_OUT = {"CancelOperationRequest", "OperationInfo"}  # nothing here can be cancelled or needs it
_SET_POLICY = "google.iam.v1.SetIamPolicyRequest"
OURS = 100  # the number of the first field Google does not have


def everything(file: FileDescriptor) -> Iterator[Descriptor | EnumDescriptor]:
    """Return all messages and enumerations of a file."""
    yield from file.enum_types_by_name.values()
    todo = list(file.message_types_by_name.values())
    for message in todo:
        yield message
        yield from message.enum_types
        todo += message.nested_types


def googles(module: str, message: str) -> FileDescriptor:
    """Return the file that defines a message, once a module has registered it."""
    import_module(module)
    return descriptor_pool.Default().FindMessageTypeByName(message).file


def shape(file: FileDescriptor) -> dict[str, dict[str, object]]:
    """Return all that is seen on the wire and in JSON, below the package, by message or enum."""
    return {
        described.full_name.removeprefix(f"{file.package}."): _members(described)
        for described in everything(file)
    }


def _members(described: Descriptor | EnumDescriptor) -> dict[str, object]:
    if isinstance(described, EnumDescriptor):
        return {value.name: value.number for value in described.values}
    return {
        field.name.removesuffix("_"): (field.number, field.type, field.is_repeated)
        for field in described.fields
        if field.number < OURS
    }


@pytest.mark.parametrize(
    ("ours", "module", "message"),
    [
        (
            workflows_pb2.DESCRIPTOR,
            "google.cloud.workflows_v1",
            "google.cloud.workflows.v1.Workflow",
        ),
        (
            executions_pb2.DESCRIPTOR,
            "google.cloud.workflows.executions_v1",
            "google.cloud.workflows.executions.v1.Execution",
        ),
        (
            locations_pb2.DESCRIPTOR,
            "google.cloud.location.locations_pb2",
            "google.cloud.location.Location",
        ),
        (
            operations_pb2.DESCRIPTOR,
            "google.longrunning.operations_proto_pb2",
            "google.longrunning.Operation",
        ),
    ],
)
def test_shared_names_and_numbers_are_googles(
    ours: FileDescriptor, module: str, message: str
) -> None:
    """What Google's clients send and expect means the same here."""
    mine, theirs = shape(ours), shape(googles(module, message))

    assert {name: mine[name] for name in theirs if name in mine} == {
        name: members for name, members in theirs.items() if name not in LEFT_OUT
    }


@pytest.mark.parametrize(
    ("ours", "module", "message"),
    [
        (
            iam_pb2.DESCRIPTOR,
            "google.cloud.iam_admin_v1",
            "google.iam.admin.v1.ServiceAccount",
        ),
        (iam_policy_pb2.DESCRIPTOR, "google.iam.v1.policy_pb2", "google.iam.v1.Policy"),
        (iam_policy_pb2.DESCRIPTOR, "google.iam.v1.iam_policy_pb2", _SET_POLICY),
        (iam_policy_pb2.DESCRIPTOR, "google.iam.v1.options_pb2", "google.iam.v1.GetPolicyOptions"),
        (iam_policy_pb2.DESCRIPTOR, "google.type.expr_pb2", "google.type.Expr"),
    ],
)
def test_names_and_numbers_when_a_part_is_shared(
    ours: FileDescriptor, module: str, message: str
) -> None:
    """What is taken over of Google's messages has the names, numbers and types it has there."""
    mine, theirs = shape(ours), shape(googles(module, message))
    shared = mine.keys() & theirs.keys()
    known = {
        name: {field: said for field, said in mine[name].items() if _is_shared(said)}
        for name in shared
    }

    assert shared
    assert known == {
        name: {field: theirs[name].get(field) for field in known[name]} for name in shared
    }


def _is_shared(said: object) -> bool:
    """Tell whether a field, or a value of an enumeration, is none of our additions."""
    return not isinstance(said, int) or said < OURS


@pytest.mark.parametrize("file", sorted(PROTOS.rglob("*.proto")), ids=lambda file: file.name)
def test_everything_has_a_comment(file: Path) -> None:
    """Services, methods, messages, enumerations and their members all say what they mean."""
    lines = [line.strip() for line in file.read_text().splitlines()]
    declares = re.compile(
        r"(service|rpc|message|enum|oneof) \w+"
        r"|(repeated )?[\w.<>, ]+ \w+ = \d+.*[;\[]"
        r"|[A-Z0-9_]+ = \d"
    )
    bare = [
        line
        for before, line in pairwise(lines)
        if declares.match(line) and not before.startswith("//")
    ]

    assert not [line for line in bare if not line.startswith(("option", "syntax"))]


def test_json_payload_is_marked_as_json_text() -> None:
    """The REST edge knows from the contract which strings hold JSON."""
    field = logs_pb2.LogEntry.DESCRIPTOR.fields_by_name["json_payload"]

    assert field.GetOptions().Extensions[annotations_pb2.json_text]
