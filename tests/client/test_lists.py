"""What the commands that list things ask the server for."""

from __future__ import annotations

import pytest

from ringback.v1.callbacks_pb2 import ListCallbacksRequest, ListCallbacksResponse
from ringback.v1.executions_pb2 import (
    Execution,
    ListExecutionsRequest,
    ListExecutionsResponse,
)
from ringback.v1.workflows_pb2 import ListWorkflowsRequest, ListWorkflowsResponse
from ringback_client.cli.app import run
from tests.client.stand_in import StandIn

NAME = "projects/local/locations/us-central1/workflows/w"
EXECUTION = f"{NAME}/executions/e"

pytestmark = pytest.mark.usefixtures("server", "directory")

Captured = pytest.CaptureFixture[str]


def test_list_of_workflows_with_options(stand_in: StandIn, capsys: Captured) -> None:
    """Filter, order and size of the pages are the server's to read."""
    stand_in.answer("ListWorkflows", ListWorkflowsResponse())
    filter_ = "labels.team=blue"

    assert run(["list", "--filter", filter_, "--sort-by=~updateTime, name", "--page-size=7"]) == 0
    assert stand_in.last("ListWorkflows") == ListWorkflowsRequest(
        parent=NAME.rpartition("/workflows/")[0],
        filter=filter_,
        order_by="updateTime desc, name",
        page_size=7,
    )
    assert "The filter admits no workflow." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("sort_by", "expected"),
    [
        ("", ""),
        (" ", ""),
        ("endTime", "endTime"),
        ("~endTime", "endTime desc"),
        ("endTime desc,~state", "endTime desc, state desc"),
    ],
)
def test_list_of_executions_in_an_order(sort_by: str, expected: str, stand_in: StandIn) -> None:
    """An order is written as for gcloud, or as the server has it."""
    stand_in.answer("ListExecutions", ListExecutionsResponse())

    assert run(["executions", "list", "w", "--sort-by", sort_by]) == 0
    assert stand_in.last("ListExecutions") == ListExecutionsRequest(parent=NAME, order_by=expected)


def test_list_of_executions_when_pages_are_empty(stand_in: StandIn, capsys: Captured) -> None:
    """The list goes on over pages that have nothing, and ends at the limit."""
    found = [Execution(name=f"{NAME}/executions/{number}") for number in range(3)]
    pages = {"a": [], "b": found[:1], "c": [], "d": found[1:]}
    answers = [
        ListExecutionsResponse(executions=page, next_page_token=token)
        for token, page in pages.items()
    ]
    stand_in.answer("ListExecutions", *answers)

    assert run(["executions", "list", "w", "--filter=state=FAILED", "--limit=2"]) == 0
    table = capsys.readouterr().out.splitlines()
    assert ["0", "1"] == [line.split()[0] for line in table[1:]]
    asked = [request for _, request in stand_in.asked if isinstance(request, ListExecutionsRequest)]
    assert ["", "a", "b", "c"] == [request.page_token for request in asked]
    assert {"state=FAILED"} == {request.filter for request in asked}


def test_list_of_callbacks_with_a_filter(stand_in: StandIn, capsys: Captured) -> None:
    """Endpoints are filtered by the server."""
    stand_in.answer("ListCallbacks", ListCallbacksResponse())

    assert run(["callbacks", "list", EXECUTION, "--filter=waiters>0", "--page-size", "9"]) == 0
    assert stand_in.last("ListCallbacks") == ListCallbacksRequest(
        parent=EXECUTION, filter="waiters>0", page_size=9
    )
    assert "The filter admits no callback." in capsys.readouterr().err


@pytest.mark.parametrize("command", [["list"], ["executions", "list"], ["callbacks", "list"]])
def test_help_of_lists(command: list[str], capsys: Captured) -> None:
    """The help says who reads the filter, for those who know gcloud's."""
    run([*command, "--help"])
    words = " ".join(capsys.readouterr().out.replace("│", " ").split())

    assert "The server reads it" in words
    assert "not the language of gcloud's --filter" in words
