"""Errors as HTTP answers."""

from __future__ import annotations

import json

import pytest

from ringback_server import errors
from ringback_server.gateway.status import STATUSES, error_answer, internal_answer
from tests.control.known_errors import ERRORS, an_error


def test_statuses_of_all_errors() -> None:
    """Every error that a caller can be told has an HTTP status."""
    assert set(ERRORS) == set(STATUSES)


@pytest.mark.parametrize("kind", ERRORS)
def test_error_answer_of_each_error(kind: type[errors.RingbackError]) -> None:
    """An error leaves in Google's envelope, with its reason and what is wrong with which field."""
    answer = error_answer(an_error(kind))
    document = json.loads(answer.body)["error"]

    assert STATUSES[kind].code == answer.status == document["code"]
    assert "What happened." == document["message"]
    info = document["details"][0]
    assert "type.googleapis.com/google.rpc.ErrorInfo" == info["@type"]
    assert (an_error(kind).reason, "ringback") == (info["reason"], info["domain"])


def test_error_answer_with_violations() -> None:
    """Violations are listed with their fields."""
    violation = errors.FieldViolation(field="a.b", description="is bad")
    answer = error_answer(errors.InvalidArgumentError("Bad.", violations=(violation,)))

    assert {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [{"field": "a.b", "description": "is bad"}],
    } == json.loads(answer.body)["error"]["details"][1]


@pytest.mark.parametrize(
    ("error", "header"),
    [
        (errors.UnauthenticatedError(), ("WWW-Authenticate", "Bearer")),
        (errors.MethodNotAllowedError(allow="PUT"), ("Allow", "PUT")),
        (errors.OverloadedError(), ("Retry-After", "1")),
        (errors.StorageFullError(), ("Retry-After", "1")),
        (errors.InboxFullError(), ("Retry-After", "1")),
    ],
)
def test_error_answer_with_header(error: errors.RingbackError, header: tuple[str, str]) -> None:
    """Some errors say in a header what to do next."""
    assert header in error_answer(error).headers


def test_internal_answer_says_nothing() -> None:
    """What happened inside stays inside."""
    assert {
        "error": {"code": 500, "message": "Internal error.", "status": "INTERNAL"}
    } == json.loads(internal_answer().body)
