"""How callers are let in."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from ringback_server.api.admission import bearer_of
from ringback_server.errors import UnauthenticatedError
from tests.services import VIEWER, Service, running


@pytest.fixture
def service(tmp_path: Path) -> Generator[Service]:
    """Run a service."""
    with running(tmp_path) as found:
        yield found


@pytest.mark.parametrize(
    "header", [None, "", " ", "Bearer", "Bearer ", "Basic eA==", "Token x", "Bearerx", "Bearer\tx"]
)
def test_caller_when_there_is_no_bearer_token(service: Service, header: str | None) -> None:
    """The answer says that a token is needed."""
    with pytest.raises(UnauthenticatedError, match="needs a bearer token") as caught:
        service.admission.admit(header)

    assert "TOKEN_MISSING" == caught.value.reason


@pytest.mark.parametrize("before", ["Bearer ", "bearer ", "BEARER ", "Bearer   ", " Bearer "])
def test_caller_when_there_is_one(service: Service, before: str) -> None:
    """Scheme names have no case, and one space or more follows them (RFC 9110)."""
    header = before + service.token(VIEWER)

    assert VIEWER == service.admission.admit(header).principal.email


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer a b", "a b"),
        ("Bearer a ", "a"),
        ("Bearer a,b", "a,b"),
        ("Bearer Bearer a", "Bearer a"),
    ],
)
def test_bearer_when_there_is_more(header: str, token: str) -> None:
    """Nothing of a token is guessed or cut off but the space around it."""
    assert token == bearer_of(header)
