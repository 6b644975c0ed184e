"""What people are told when a call fails."""

import grpc
import pytest
from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message
from google.rpc import code_pb2
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status

from ringback_client.errors import FieldViolation, from_status


def status(code: int, *details: Message) -> Status:
    """Return a status with details."""
    packed: list[Any] = []
    for detail in details:
        packed.append(Any())
        packed[-1].Pack(detail)
    return Status(code=code, message="It failed.", details=packed)


def test_from_status_when_it_has_details() -> None:
    """Reason and field violations can be read by programs."""
    info = ErrorInfo(reason="WORKFLOW_NOT_FOUND", domain="ringback")
    violation = BadRequest.FieldViolation(field="name", description="is empty")

    error = from_status(status(code_pb2.NOT_FOUND, info, BadRequest(field_violations=[violation])))

    assert (grpc.StatusCode.NOT_FOUND, "WORKFLOW_NOT_FOUND") == (error.status, error.reason)
    assert (FieldViolation(field="name", description="is empty"),) == error.violations
    assert "ringback list" in (error.next_step or "")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (code_pb2.UNAUTHENTICATED, "RINGBACK_CREDENTIALS"),
        (code_pb2.PERMISSION_DENIED, "RINGBACK_CREDENTIALS"),
        (code_pb2.UNAVAILABLE, "again"),
    ],
)
def test_from_status_when_the_code_says_enough(code: int, expected: str) -> None:
    """Common refusals come with a next step of their own."""
    assert expected in (from_status(status(code)).next_step or "")


def test_from_status_when_the_code_is_unknown() -> None:
    """A code of a later version is UNKNOWN, with the server's words."""
    error = from_status(status(99))

    assert (grpc.StatusCode.UNKNOWN, "It failed.") == (error.status, error.message)
