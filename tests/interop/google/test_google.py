"""What Google's clients see of a server of ours, in each language."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest

from tests.interop.google.programs import ASYNCHRONOUS, ERRORS, PROGRAMS
from tests.interop.places import Place
from tests.interop.programs import Program

PARENT = "projects/local/locations/us-central1"
BIG = 9007199254740993


def expected(program: Program, name: str) -> dict[str, object]:
    """Return what a program prints; an error has its language's type beside google.rpc's."""
    ended, invalid, missing = ERRORS[program.language]
    return {
        "created": [f"{PARENT}/workflows/{name}", "ACTIVE", "000001", "create"],
        "updated": ["000002", {"team": "red"}],
        "old": True,
        "revisions": ["000002", "000001"],
        "listed": True,
        "operations": [True, True],
        "locations": ["us-central1", True],
        "callback": 200,
        "ended": ["SUCCEEDED", f'{{"number": {BIG}}}', f'{{"approved":true,"order":{BIG}}}'],
        "failed": ["FAILED", {"code": 7, "message": "no such order"}],
        "cancelled": "CANCELLED",
        "again": [ended, "FAILED_PRECONDITION", "EXECUTION_ENDED", []],
        "pages": [['{"number": 2}', '{"number": 0}'], [f'{{"number": {BIG}}}']],
        "basic": [["CANCELLED", ""], ["FAILED", ""], ["SUCCEEDED", ""]],
        "filtered": [f'{{"number": {BIG}}}', '{"number": 2}'],
        "missing": [missing, "NOT_FOUND", "EXECUTION_NOT_FOUND", []],
        "invalid": [invalid, "INVALID_ARGUMENT", "INVALID_ARGUMENT", ["workflow_id"]],
        "deleted": [missing, "NOT_FOUND", "WORKFLOW_NOT_FOUND", []],
    }


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_client_when_it_does_all_that_it_can(
    program: Program, server: Place, ready: Callable[[Program], Program]
) -> None:
    """It deploys, executes, answers, lists, cancels and deletes, and errors are its own."""
    name = f"{program.name}-{uuid4().hex[:8]}"

    seen = server.run(ready(program), name, server.server.http)

    assert expected(program, name) == seen


@pytest.mark.parametrize("program", [ASYNCHRONOUS], ids=lambda program: program.name)
def test_client_when_it_is_asynchronous(
    program: Program, server: Place, ready: Callable[[Program], Program]
) -> None:
    """Python's clients for asyncio deploy, execute, list, cancel and delete too."""
    name = f"{program.name}-async-{uuid4().hex[:8]}"

    seen = server.run(ready(program), name, server.server.http)

    assert {
        "created": [f"{PARENT}/workflows/{name}", "ACTIVE", "create"],
        "results": ["0", "1", "2"],
        "cancelled": "CANCELLED",
        "again": ["FailedPrecondition", "FAILED_PRECONDITION", "EXECUTION_ENDED"],
        "pages": [3, 1],
        "listed": True,
        "forgotten": ["NotFound", "NOT_FOUND", "OPERATION_NOT_FOUND"],
        "deleted": ["NotFound", "NOT_FOUND", "WORKFLOW_NOT_FOUND"],
    } == seen
