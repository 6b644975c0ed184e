"""The history of executions over REST."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from ringback_server.control import executions, workflows
from ringback_server.control.executions import ExecutionSpec
from ringback_server.control.workflows import WorkflowSpec
from ringback_server.model.names import ExecutionName, WorkflowName
from ringback_server.model.resources import HistoryLevel
from tests.edges import http_edge
from tests.services import ADMIN, INVOKER, NOBODY, PARENT, VIEWER, WAITS, Service

LOOP = """
main:
  steps:
    - first: {assign: [sum: 0]}
    - loop:
        for:
          value: v
          in: [1, 2]
          steps:
            - add: {assign: [sum: '${sum + v}']}
            - note: {call: sys.log, args: {json: {v: '${v}'}}}
    - caught:
        try:
          raise: {code: 7}
        except:
          as: e
          steps:
            - stop: {raise: '${e}'}
"""
BASIC = HistoryLevel.EXECUTION_HISTORY_BASIC
DETAILED = HistoryLevel.EXECUTION_HISTORY_DETAILED
UNSPECIFIED = HistoryLevel.EXECUTION_HISTORY_LEVEL_UNSPECIFIED


@pytest.fixture
def client(service: Service) -> Iterator[httpx.Client]:
    """Open an HTTP client of the service, with the administrator's token."""
    with http_edge(service) as opened:
        opened.headers["Authorization"] = f"Bearer {service.token(ADMIN)}"
        yield opened


def execute(
    service: Service,
    source: str = LOOP,
    *,
    level: HistoryLevel = BASIC,
    of_workflow: HistoryLevel = UNSPECIFIED,
) -> str:
    """Deploy a workflow and execute it; return the execution's URL path."""
    caller, name = service.caller(), WorkflowName(PARENT.project, PARENT.location, "w")
    workflows.create(
        caller, name.parent, "w", WorkflowSpec(source=source, history_level=of_workflow)
    )
    execution = executions.create(caller, name, ExecutionSpec(history_level=level))
    return f"/v1/{execution.name}"


def entries(client: httpx.Client, path: str, **query: object) -> list[dict[str, Any]]:
    """List the step entries of an execution."""
    found: list[dict[str, Any]] = listed(client, path, **query).get("stepEntries", [])
    return found


def listed(client: httpx.Client, path: str, **query: object) -> dict[str, Any]:
    """Return a page of the list."""
    text = "&".join(f"{key}={quote(str(value))}" for key, value in query.items())
    answer = client.get(f"{path}/stepEntries?{text}")
    assert 200 == answer.status_code, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_list_when_an_execution_has_ended(service: Service, client: httpx.Client) -> None:
    """Entries tell which step ran when, inside of which, between which, and with what end."""
    path = execute(service)
    found = entries(client, path)
    by_id = {entry["entryId"]: entry for entry in found}
    loop, iteration, stop = by_id["2"], by_id["6"], by_id["13"]

    assert [str(number) for number in range(1, 14)] == [entry["entryId"] for entry in found]
    assert f"{path.removeprefix('/v1/')}/stepEntries/2" == loop["name"]
    assert ("main", "loop", "STEP_FOR") == (loop["routine"], loop["step"], loop["stepType"])
    assert {"children": ["3", "6"], "previous": "1", "next": "9"} == loop["navigationInfo"]
    assert {"parent": "2", "children": ["7", "8"], "previous": "3"} == iteration["navigationInfo"]
    assert {"progressType": "PROGRESS_TYPE_FOR", "progressNumber": "2"} == iteration[
        "stepEntryMetadata"
    ]
    assert "STATE_SUCCEEDED" == loop["state"]
    assert ("STATE_FAILED", {"code": 7}) == (
        stop["state"],
        json.loads(stop["exception"]["payload"]),
    )
    assert by_id["9"]["exception"] == stop["exception"]
    assert loop["createTime"] <= loop["updateTime"]
    assert not [entry for entry in found if "variableData" in entry]


def test_list_when_the_history_is_detailed(service: Service, client: httpx.Client) -> None:
    """Entries have variables and expected iterations, unless the basic view is asked for."""
    path = execute(service, level=DETAILED)
    found = entries(client, path)
    basic = entries(client, path, view="EXECUTION_ENTRY_VIEW_BASIC")

    assert {"sum": 3, "v": 2} == found[6]["variableData"]["variables"]
    assert "2" == found[5]["stepEntryMetadata"]["expectedIteration"]
    assert not [entry for entry in basic if "variableData" in entry]
    assert "expectedIteration" not in basic[5]["stepEntryMetadata"]


@pytest.mark.parametrize(
    ("level", "of_workflow", "count"),
    [(UNSPECIFIED, BASIC, 13), (UNSPECIFIED, UNSPECIFIED, 0), (DETAILED, BASIC, 13)],
)
def test_list_when_levels_differ(
    service: Service,
    client: httpx.Client,
    level: HistoryLevel,
    of_workflow: HistoryLevel,
    count: int,
) -> None:
    """The execution's level goes before the workflow's; without either, nothing is recorded."""
    found = listed(client, execute(service, level=level, of_workflow=of_workflow))

    assert count == found.get("totalSize", 0) == len(found.get("stepEntries", []))
    assert (level is DETAILED) == ("variableData" in str(found))


def test_list_page_by_page(service: Service, client: httpx.Client) -> None:
    """Pages follow one another; `skip` counts from the page that is asked for."""
    path = execute(service)
    first = listed(client, path, pageSize=5)
    second = listed(client, path, pageSize=5, pageToken=first["nextPageToken"], skip=2)

    assert 13 == first["totalSize"] == second["totalSize"]
    assert ["8", "9", "10", "11", "12"] == [one["entryId"] for one in second["stepEntries"]]
    assert "nextPageToken" in second
    assert ["12", "13"] == [one["entryId"] for one in entries(client, path, skip=11)]


def test_list_in_another_order(service: Service, client: httpx.Client) -> None:
    """Fields order the list, the first one first; a token is for its own order only."""
    path = execute(service)
    found = entries(client, path, orderBy="state desc, step, entryId desc", pageSize=3)
    token = listed(client, path, orderBy="step", pageSize=3)["nextPageToken"]

    assert ["7", "4", "1"] == [entry["entryId"] for entry in found]
    assert 400 == client.get(f"{path}/stepEntries?pageToken={token}").status_code


@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        ('state="FAILED" AND step=caught', [9, 10, 11, 12]),
        ("state=STATE_FAILED stepType=RAISE", [11, 13]),
        ("stepType=STEP_FOR_ITERATION", [3, 6]),
        ("parent=2", [3, 6]),
        ("parent<5 entryId<8", [3, 4, 5, 6]),
        ("parent:*", [3, 4, 5, 6, 7, 8, 10, 11, 12, 13]),
        ("NOT parent:* OR entryId>=12", [1, 2, 9, 12, 13]),
        ("step:TO", [13]),
        ('step="*o*" -step=stop', [2, 3, 5, 6, 8]),
        ("step:n*e", [5, 8]),
        ("step!=loop entryId<4", [1]),
        ('routine=main createTime>"2020-01-01" updateTime<2020-01-01', []),
        ("routine>=main step<b", [4, 7]),
    ],
)
def test_list_with_a_filter(
    service: Service, client: httpx.Client, condition: str, ids: list[int]
) -> None:
    """Entries are found by what they are; the total counts those alone."""
    found = listed(client, execute(service), filter=condition)

    assert ids == [int(entry["entryId"]) for entry in found.get("stepEntries", [])]
    assert len(ids) == found.get("totalSize", 0)


@pytest.mark.parametrize(
    "query", ["orderBy=name", "orderBy=step up", "skip=-1", "filter=name=x", "filter=state=DONE"]
)
def test_list_when_it_is_not_understood(service: Service, client: httpx.Client, query: str) -> None:
    """The answer says what would be."""
    answer = client.get(f"{execute(service)}/stepEntries?{query}")

    assert (400, "INVALID_ARGUMENT") == (answer.status_code, answer.json()["error"]["status"])


def test_list_while_an_execution_waits(service: Service, client: httpx.Client) -> None:
    """What has not ended is in progress; a cancellation ends it."""
    path = execute(service, WAITS)
    before = entries(client, path)
    client.post(f"{path}:cancel")
    after = entries(client, path)

    assert ["STATE_SUCCEEDED", "STATE_IN_PROGRESS"] == [entry["state"] for entry in before]
    assert ["STATE_SUCCEEDED", "STATE_CANCELLED"] == [entry["state"] for entry in after]
    assert before[1]["createTime"] == before[1]["updateTime"] < after[1]["updateTime"]


def test_get(service: Service, client: httpx.Client) -> None:
    """An entry is found by its name, and others are not."""
    path = execute(service)
    found = entries(client, path)

    assert found[3] == client.get(f"{path}/stepEntries/4").json()
    assert {404} == {
        client.get(f"{path}/stepEntries/{entry}").status_code for entry in ("0", "14", "04", "x")
    }


def test_delete(service: Service, client: httpx.Client) -> None:
    """No entry is left, and the execution is."""
    path = execute(service)
    answer = client.post(f"{path}:deleteExecutionHistory", json={})

    assert (200, {}) == (answer.status_code, answer.json())
    assert {} == listed(client, path)
    assert "FAILED" == client.get(path).json()["state"]


def test_export(service: Service, client: httpx.Client) -> None:
    """It has the execution, its step entries and its log as one JSON text."""
    path = execute(service)
    data = json.loads(client.get(f"{path}:exportData").json()["data"])

    assert {"execution", "callbacks", "stepEntries", "logEntries"} == data.keys()
    assert client.get(path).json()["name"] == data["execution"]["name"]
    assert entries(client, path) == data["stepEntries"]
    assert [{"v": 1}, {"v": 2}] == [entry["jsonPayload"] for entry in data["logEntries"]]


def test_export_of_a_callback(service: Service, client: httpx.Client) -> None:
    """Endpoints that take callbacks are in it."""
    path = execute(service, WAITS)
    data = json.loads(client.get(f"{path}:exportData").json()["data"])

    assert client.get(f"{path}/callbacks").json()["callbacks"] == data["callbacks"]


def test_export_when_something_may_not_be_read(service: Service, client: httpx.Client) -> None:
    """It is left out, and named."""
    path = execute(service)
    client.headers["Authorization"] = f"Bearer {service.token(INVOKER)}"
    data = json.loads(client.get(f"{path}:exportData").json()["data"])

    assert {"logEntries": "not permitted"} == data["leftOut"]
    assert [] == data["logEntries"]
    assert 13 == len(data["stepEntries"])


def test_entries_when_they_are_damaged(service: Service, client: httpx.Client) -> None:
    """The list says so, and all else can be read."""
    path = execute(service)
    damage = "UPDATE history SET entries = zeroblob(40)"
    service.backend.store.database.write(lambda connection: connection.execute(damage).rowcount)
    answer = client.get(f"{path}/stepEntries")
    data = json.loads(client.get(f"{path}:exportData").json()["data"])

    assert "The step entries of this execution are damaged." in answer.json()["error"]["message"]
    assert {"stepEntries": "damaged"} == data["leftOut"]
    assert 2 == len(data["logEntries"])
    assert "FAILED" == client.get(path).json()["state"]


def test_export_when_there_is_too_much(service: Service, client: httpx.Client) -> None:
    """It ends where it would be too large, and says so."""
    source = """
- loop:
    for: {value: v, range: [1, 60], steps: [{note: {call: sys.log, args: {text: '${long}'}}}]}
"""
    long = "a" * 100_000
    data = f'- init: {{assign: [long: "{long}"]}}{source}'
    path = execute(service, data)
    service.ended(ExecutionName.parse(path.removeprefix("/v1/")))
    answer = client.get(f"{path}:exportData").json()["data"]

    assert {"logEntries": "more than fits"} == json.loads(answer)["leftOut"]
    assert len(answer) < 4 * 1024 * 1024


@pytest.mark.parametrize(
    ("method", "suffix", "allowed"),
    [
        ("GET", "/stepEntries", {VIEWER, INVOKER}),
        ("GET", "/stepEntries/1", {VIEWER, INVOKER}),
        ("GET", ":exportData", {VIEWER, INVOKER}),
        ("POST", ":deleteExecutionHistory", {INVOKER}),
    ],
)
def test_permissions(
    service: Service, client: httpx.Client, method: str, suffix: str, allowed: set[str]
) -> None:
    """Each method takes its permission."""
    path = execute(service)
    found = set[str]()
    for email in (VIEWER, INVOKER, NOBODY):
        client.headers["Authorization"] = f"Bearer {service.token(email)}"
        answer = client.request(method, f"{path}{suffix}")
        assert answer.status_code in {200, 403}
        found |= {email} if answer.status_code == 200 else set()

    assert allowed == found
