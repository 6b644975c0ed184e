"""The commands that watch: what they print, and the exit status."""

from __future__ import annotations

import json

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from ringback.v1.callbacks_pb2 import Callback
from ringback.v1.executions_pb2 import Execution, WatchExecutionRequest, WatchExecutionResponse
from ringback.v1.logs_pb2 import LogEntry
from ringback_client.cli.app import run
from tests.client.stand_in import StandIn

NAME = "projects/local/locations/us-central1/workflows/w/executions/e"
URL = f"http://127.0.0.1:1/v1/{NAME}/callbacks/c"

pytestmark = pytest.mark.usefixtures("server", "directory")

Captured = pytest.CaptureFixture[str]


def told(
    state: Execution.State.ValueType,
    *logged: str,
    methods: tuple[str, ...] = (),
    **fields: str,
) -> WatchExecutionResponse:
    """Return a message of a watch."""
    execution = Execution(name=NAME, state=state, result=fields.get("result", ""))
    if "error" in fields:
        execution.error.context = fields["error"]
    if "step" in fields:
        execution.status.current_steps.add(routine="main", step=fields["step"])
    return WatchExecutionResponse(
        execution=execution,
        log_entries=[
            LogEntry(severity="INFO", text_payload=text, timestamp=Timestamp(seconds=1))
            for text in logged
        ],
        callbacks=[
            Callback(name=f"{NAME}/callbacks/{method}", method=method, waiters=1, url=URL)
            for method in methods
        ],
        resume_token=f"after {state} {logged}",
    )


@pytest.fixture(autouse=True)
def known(stand_in: StandIn) -> None:
    """Let the execution be known."""
    stand_in.answer("GetExecution", Execution(name=NAME))


def test_watch_until_it_succeeded(stand_in: StandIn, capsys: Captured) -> None:
    """What is new is told in lines, once, with a command that answers; the result is last."""
    waits = told(Execution.ACTIVE, "a", step="wait", methods=("POST",))
    stand_in.streams["WatchExecution"] = [
        [waits, grpc.StatusCode.UNAVAILABLE],
        [
            told(Execution.ACTIVE, step="wait", methods=("POST",)),
            told(Execution.SUCCEEDED, "b", result="1"),
            told(Execution.SUCCEEDED, "c", result="1"),
        ],
    ]

    status = run(["executions", "watch", NAME])

    lines = capsys.readouterr().out.splitlines()
    said = [line if line.startswith("  ") else line[10:] for line in lines]
    assert 0 == status
    assert said == [
        "ACTIVE",
        "INFO a",
        "at main/wait",
        f"waits for POST {URL}",
        said[4],
        "INFO b",
        "INFO c",
        "SUCCEEDED after 0.0 s: 1",
    ]
    assert said[4].startswith("  curl -X POST ")
    assert said[4].endswith(URL)
    asked = [one for _, one in stand_in.asked if isinstance(one, WatchExecutionRequest)]
    assert ["", waits.resume_token] == [request.resume_token for request in asked]


def test_watch_of_one_that_failed(stand_in: StandIn, capsys: Captured) -> None:
    """The exit status is that of `wait`, and stderr tells why."""
    stand_in.streams["WatchExecution"] = [[told(Execution.FAILED, error="KeyError: a")]]

    status = run(["--quiet", "executions", "watch", NAME])

    output = capsys.readouterr()
    assert 1 == status
    assert "FAILED after" in output.out
    assert "KeyError: a" in output.err


def test_watch_as_json(stand_in: StandIn, capsys: Captured) -> None:
    """Each message is a line of JSON, and nothing else is on stdout."""
    stand_in.streams["WatchExecution"] = [
        [told(Execution.ACTIVE, "two\nlines"), told(Execution.SUCCEEDED, result="1")]
    ]

    status = run(["executions", "watch", NAME, "--format", "json"])

    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert 0 == status
    assert ["ACTIVE", "SUCCEEDED"] == [each["execution"]["state"] for each in documents]
    assert "two\nlines" == documents[0]["logEntries"][0]["textPayload"]


def test_watch_without_all_permissions(stand_in: StandIn, capsys: Captured) -> None:
    """What is left out for lack of a permission is said."""
    message = told(Execution.SUCCEEDED, result="1")
    message.missing_permissions.append("logging.logEntries.list")
    stand_in.streams["WatchExecution"] = [[message]]

    run(["executions", "watch", NAME])

    assert "no permission logging.logEntries.list" in capsys.readouterr().err


def test_watch_until_its_time_has_passed(stand_in: StandIn, capsys: Captured) -> None:
    """An execution that goes on is no success."""
    stand_in.streams["WatchExecution"] = [
        [told(Execution.ACTIVE), grpc.StatusCode.DEADLINE_EXCEEDED]
    ]

    assert 1 == run(["executions", "watch", NAME, "--timeout", "5"])
    assert "still ACTIVE" in capsys.readouterr().err


def test_wait_for_a_callback(stand_in: StandIn, capsys: Captured) -> None:
    """The URL is all that is printed, of the first endpoint with the method."""
    stand_in.streams["WatchExecution"] = [
        [told(Execution.ACTIVE), told(Execution.ACTIVE, methods=("GET", "POST"))]
    ]

    assert 0 == run(["callbacks", "wait", NAME, "--method", "post"])
    assert f"{URL}\n" == capsys.readouterr().out


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([told(Execution.ACTIVE, methods=("GET",)), told(Execution.FAILED)], "ended as FAILED"),
        ([told(Execution.ACTIVE), grpc.StatusCode.DEADLINE_EXCEEDED], "no POST callback yet"),
    ],
)
def test_wait_for_a_callback_that_does_not_come(
    messages: list[WatchExecutionResponse | grpc.StatusCode],
    words: str,
    stand_in: StandIn,
    capsys: Captured,
) -> None:
    """It is told why there is none, and the exit status is 1."""
    stand_in.streams["WatchExecution"] = [[*messages]]

    status = run(["callbacks", "wait", NAME, "--method", "POST", "--timeout", "5"])

    output = capsys.readouterr()
    assert (1, "") == (status, output.out)
    assert words in output.err


def test_wait_for_a_callback_without_permission(stand_in: StandIn, capsys: Captured) -> None:
    """Who may not list callbacks is told so, and does not wait for ever."""
    message = told(Execution.ACTIVE)
    message.missing_permissions.append("workflows.callbacks.list")
    stand_in.streams["WatchExecution"] = [[message]]

    assert 1 == run(["callbacks", "wait", NAME])
    assert "workflows.callbacks.list" in capsys.readouterr().err
