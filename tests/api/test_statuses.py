"""What programs can read of refusals: the details, the same over gRPC and over HTTP."""

from __future__ import annotations

import json
import re

import pytest
from google.protobuf.json_format import MessageToDict
from google.rpc.status_pb2 import Status

from ringback_server import errors
from ringback_server.api.statuses import CODES, status_of
from ringback_server.gateway.status import STATUSES, error_answer
from ringback_server.model.names import WorkflowName, resource
from ringback_server.rpc.status import refusal
from tests.control.known_errors import ERRORS, an_error

_RPC = "type.googleapis.com/google.rpc."

#: what an error has beside its ErrorInfo, by its code and status
_EXPECTED = {
    "INVALID_ARGUMENT": ["BadRequest"],
    "NOT_FOUND": ["ResourceInfo"],
    "ALREADY_EXISTS": ["ResourceInfo"],
    "RESOURCE_EXHAUSTED": ["QuotaFailure", "RetryInfo"],
    "UNAVAILABLE": ["RetryInfo"],
}


def _details(error: errors.RingbackError) -> list[dict[str, object]]:
    """Return the details of an error as HTTP shows them."""
    details: list[dict[str, object]] = json.loads(error_answer(error).body)["error"]["details"]
    return details


@pytest.mark.parametrize("kind", ERRORS)
def test_details_of_each_error(kind: type[errors.RingbackError]) -> None:
    """Each says why, in UPPER_SNAKE, and has the details that go with its code."""
    info, *others = _details(an_error(kind))

    assert f"{_RPC}ErrorInfo" == info["@type"]
    assert re.fullmatch(r"[A-Z][A-Z0-9_]+[A-Z0-9]", str(info["reason"]))
    assert "ringback" == info["domain"]
    expected = _EXPECTED.get(STATUSES[kind].name, [])
    assert [f"{_RPC}{name}" for name in expected] == [other["@type"] for other in others]


@pytest.mark.parametrize("kind", ERRORS)
def test_details_over_grpc_and_http(kind: type[errors.RingbackError]) -> None:
    """What gRPC carries in its trailer is what JSON has."""
    error = an_error(kind)
    carried = Status.FromString(refusal(error).details)
    shown = [MessageToDict(detail) for detail in carried.details]

    assert _details(error) == shown
    assert CODES[kind] == carried.code


def test_details_of_what_is_not_there() -> None:
    """The resource is named with its type, for programs that do not read sentences."""
    name = WorkflowName("p", "l", "w")
    error = errors.NotFoundError(f"{name} was not found.", resource=resource(name))
    info, described = _details(error)

    assert {"resource": str(name)} == info["metadata"]
    assert {
        "@type": f"{_RPC}ResourceInfo",
        "resourceType": "workflows.googleapis.com/Workflow",
        "resourceName": str(name),
        "description": f"{name} was not found.",
    } == described


def test_details_of_what_is_too_much() -> None:
    """There is too much of something, and it is worth trying again."""
    info, quota, retry = _details(errors.QuotaExceededError(reason="TOO_MANY_QUEUED"))

    assert "TOO_MANY_QUEUED" == info["reason"]
    assert [{"subject": "executions", "description": "Too many executions are waiting to start."}
            ] == quota["violations"]  # fmt: skip
    assert "1s" == retry["retryDelay"]


def test_details_when_they_are_too_many() -> None:
    """What does not fit in headers is left out over gRPC, and the reason never is."""
    violations = tuple(errors.FieldViolation(field="f", description="x" * 300) for _ in range(50))
    error = errors.InvalidArgumentError("Bad.", violations=violations, facts={"much": "y" * 9_000})
    status = status_of(error)

    assert 3_500 >= status.ByteSize()
    assert f"{_RPC}ErrorInfo" == status.details[0].type_url
    assert 50 == len(json.loads(error_answer(error).body)["error"]["details"][1]["fieldViolations"])
