"""Errors as gRPC statuses."""

from __future__ import annotations

from urllib.parse import quote

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status

from ringback_server import errors
from ringback_server.rpc.status import STATUSES, refusal
from tests.control.known_errors import ERRORS, an_error


def test_statuses_of_all_errors() -> None:
    """Every error that a caller can be told has a gRPC status."""
    assert set(ERRORS) == set(STATUSES)


@pytest.mark.parametrize("kind", ERRORS)
def test_refusal_of_each_error(kind: type[errors.RingbackError]) -> None:
    """The details repeat code and message and give the reason."""
    refused = refusal(an_error(kind))
    status = Status.FromString(refused.details)
    info = ErrorInfo()

    assert STATUSES[kind] == refused.code
    assert (refused.code.value[0], "What happened.") == (status.code, status.message)
    assert status.details[0].Unpack(info)
    assert (an_error(kind).reason, "ringback") == (info.reason, info.domain)


def test_refusal_with_violations() -> None:
    """Violations are listed with their fields."""
    violation = errors.FieldViolation(field="a.b", description="is bad")
    refused = refusal(errors.InvalidArgumentError("Bad.", violations=(violation,)))
    bad_request = BadRequest()

    assert Status.FromString(refused.details).details[1].Unpack(bad_request)
    assert [("a.b", "is bad")] == [
        (shown.field, shown.description) for shown in bad_request.field_violations
    ]


@pytest.mark.parametrize("line", ["x" * 200, "ä" * 200, "x" * 20_000, "ü" * 20_000])
def test_refusal_when_there_is_much_to_say(line: str) -> None:
    """What goes into headers fits into what clients accept, whatever happened."""
    violations = tuple(errors.FieldViolation(field="f", description=line) for _ in range(50))
    error = errors.InvalidArgumentError("\n".join([line] * 50), violations=violations)

    refused = refusal(error)

    assert grpc.StatusCode.INVALID_ARGUMENT == refused.code
    assert len(quote(refused.message)) + len(refused.details) * 4 / 3 < 7_600
