"""Batches on the command line: a result for each line, and going on after an interruption."""

import json
import stat
import sys
from pathlib import Path

import pytest
from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message
from google.rpc import code_pb2
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from ringback.v1.batches_pb2 import (
    BatchCreateExecutionsRequest,
    BatchCreateExecutionsResponse,
    BatchSendCallbacksRequest,
    BatchSendCallbacksResponse,
)
from ringback.v1.callbacks_pb2 import SendCallbackResponse
from ringback.v1.executions_pb2 import (
    CreateExecutionRequest,
    Execution,
    GetExecutionRequest,
)
from ringback_client.cli.app import run
from tests.client.stand_in import RefusalError, StandIn

NAME = "projects/local/locations/us-central1/workflows/w"
URL = f"http://127.0.0.1:1/v1/{NAME}/executions/e/callbacks/c"

pytestmark = pytest.mark.usefixtures("server", "directory")

Captured = pytest.CaptureFixture[str]


def created(request: Message) -> Message:
    """Create an execution of each request, but refuse the argument 13."""
    assert isinstance(request, BatchCreateExecutionsRequest)
    return BatchCreateExecutionsResponse(results=map(_result, request.requests))


def _result(request: CreateExecutionRequest) -> BatchCreateExecutionsResponse.Result:
    if request.execution.argument == "13":
        reason = Any()
        reason.Pack(ErrorInfo(reason="QUOTA_EXCEEDED", domain="ringback"))
        error = Status(code=code_pb2.RESOURCE_EXHAUSTED, message="No.", details=[reason])
        return BatchCreateExecutionsResponse.Result(error=error)
    name = f"{request.parent}/executions/{request.execution.argument}"
    return BatchCreateExecutionsResponse.Result(
        execution=Execution(name=name, state=Execution.ACTIVE)
    )


def batch(directory: Path, text: str) -> str:
    """Write a file of lines."""
    path = directory / "lines.ndjson"
    path.write_text(text)
    return str(path)


def entries(text: str) -> list[dict[str, object]]:
    """Read lines of JSON."""
    return [json.loads(line) for line in text.splitlines()]


def test_execute_of_lines(directory: Path, stand_in: StandIn, capsys: Captured) -> None:
    """Each line has a line of output; what is no JSON never leaves, and refusals exit with 1."""
    stand_in.answers["BatchCreateExecutions"] = created
    lines = batch(directory, f"1\n\n13\n{'[' * 100_000}\n4\n")
    status = run(["execute", "w", "--batch", lines, "--labels", "a=b"])
    output = capsys.readouterr()
    first, refused, wrong, last = entries(output.out)
    request = stand_in.last("BatchCreateExecutions")

    assert isinstance(request, BatchCreateExecutionsRequest)
    assert 1 == status
    assert {"line": 1, "execution": f"{NAME}/executions/1", "state": "ACTIVE"} == first
    error = {"status": "RESOURCE_EXHAUSTED", "message": "No.", "reason": "QUOTA_EXCEEDED"}
    assert {"line": 3, "error": error} == refused
    assert (4, 5) == (wrong["line"], last["line"])
    assert "JSON that nests too deeply" in str(wrong["error"])
    assert ["1", "13", "4"] == [one.execution.argument for one in request.requests]
    assert {"b"} == {one.execution.labels["a"] for one in request.requests}
    assert 3 == len({one.request_id for one in request.requests} - {""})
    assert "2 of 4 were accepted." in output.err


def test_execute_when_it_was_interrupted(
    directory: Path, stand_in: StandIn, capsys: Captured
) -> None:
    """The same command leaves out what was served, and repeats the rest with the same ids."""
    calls: list[BatchCreateExecutionsRequest] = []

    def answer(request: Message) -> Message:
        assert isinstance(request, BatchCreateExecutionsRequest)
        calls.append(request)
        if any(one.execution.argument == "300" for one in request.requests) and len(calls) < 3:
            raise RefusalError(Status(code=code_pb2.INTERNAL, message="Gone."))
        return created(request)

    stand_in.answers["BatchCreateExecutions"] = answer
    lines = batch(directory, "".join(f"{number}\n" for number in range(1, 401)))
    command = ["execute", "w", "--batch", lines, "--results", str(directory / "results")]
    failed = run(command)
    with (directory / "results").open("a") as file:
        file.write('{"line": 39')
    gone_on = run(command)
    found = entries((directory / "results").read_text().replace('{"line": 39\n', ""))

    assert (1, 1) == (failed, gone_on)
    assert "Line 13 was refused" in capsys.readouterr().err
    assert ["batch", "of"] == [*found[0]]
    accepted = [number for number in range(1, 251) if number != 13]
    assert [*accepted, 13, *range(251, 401)] == [entry["line"] for entry in found[1:]]
    ids = {(one.execution.argument, one.request_id) for call in calls for one in call.requests}
    assert {(str(e["line"]), f"{found[0]['batch']}/{e['id']}") for e in found[1:]} == ids
    assert run(command) == 1
    assert ["13"] == [one.execution.argument for one in calls[-1].requests]


def test_execute_when_all_was_done_before(
    directory: Path, stand_in: StandIn, capsys: Captured
) -> None:
    """Who repeats a command whose results are complete is told so, and nothing is asked for."""
    stand_in.answers["BatchCreateExecutions"] = created
    command = ["execute", "w", "--batch", batch(directory, "1\n2\n"), "--results", "results"]
    run(command)
    capsys.readouterr()
    calls = len(stand_in.asked)
    again = run(command)
    said = capsys.readouterr().err
    batch(directory, "1\n2\n3\n")
    run(command)

    assert (0, calls) == (again, len(stand_in.asked) - 1)
    assert "All 2 were accepted before: there was nothing to do.\n" in said
    assert "1 of 1 were accepted; 2 had been before.\n" in capsys.readouterr().err


def test_execute_when_lines_were_corrected(
    directory: Path, stand_in: StandIn, capsys: Captured
) -> None:
    """What was accepted is left out wherever it stands now; what says something else is not."""
    stand_in.answers["BatchCreateExecutions"] = created
    results = directory / "results"
    command = ["execute", "w", "--batch", "lines.ndjson", "--results", str(results)]
    batch(directory, "1\n1\nno JSON\n13\n5\n")
    statuses = [run(command)]
    said = capsys.readouterr().err
    batch(directory, "5\n3\n1\n4\n1\n1\n")
    statuses.append(run(command))
    request = stand_in.last("BatchCreateExecutions")
    found = entries(results.read_text())

    assert isinstance(request, BatchCreateExecutionsRequest)
    assert [1, 0] == statuses
    assert "2 lines were refused; their results say why.\nCorrect what is wrong" in said
    assert ["3", "4", "1"] == [one.execution.argument for one in request.requests]
    names = [str(entry.get("execution")).rpartition("/")[2] for entry in found[1:]]
    assert ["1", "1", "5", "3", "4", "1"] == names
    assert 6 == len({entry["id"] for entry in found[1:]})


def test_execute_when_the_results_are_private_and_elsewhere(
    directory: Path, stand_in: StandIn
) -> None:
    """Going on with a file of results leaves its permissions, and a link to it, as they are."""
    stand_in.answers["BatchCreateExecutions"] = created
    there, results = directory / "there", directory / "results"
    results.symlink_to(there)
    command = ["execute", "w", "--batch", batch(directory, "1\n"), "--results", str(results)]
    assert run(command) == 0
    there.chmod(0o600)
    assert run([*command[:3], batch(directory, "1\n2\n"), *command[4:]]) == 0

    assert (results.is_symlink(), stat.S_IMODE(there.stat().st_mode)) == (True, 0o600)
    assert len(entries(there.read_text())) == 3


def test_execute_when_lines_come_from_a_pipe(
    directory: Path, stand_in: StandIn, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Standard input is a batch like any other; the execution started last is remembered."""
    stand_in.answers["BatchCreateExecutions"] = created
    stand_in.answer("GetExecution", Execution(name="it"))
    (directory / "piped").write_text("1\n\n2\n13")
    with (directory / "piped").open(encoding="utf-8") as piped:
        monkeypatch.setattr(sys, "stdin", piped)
        status = run(["execute", "w", "--batch", "-"])
    run(["executions", "describe-last"])
    request = stand_in.last("GetExecution")

    assert isinstance(request, GetExecutionRequest)
    assert (1, f"{NAME}/executions/2") == (status, request.name)
    assert [1, 3, 4] == [
        json.loads(line)["line"] for line in capsys.readouterr().out.split("\n")[:3]
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "lines.ndjson has no lines: there was nothing to do.\n"),
        (" \n\n", "lines.ndjson has no lines: there was nothing to do.\n"),
        (
            "\n[1, 2, 3]\n",
            (
                "lines.ndjson has one line, a list of 3, which counts as one. For one of each, "
                "write each on a line of its own, as jq -c '.[]' does.\n1 of 1 were accepted.\n"
            ),
        ),
        ("[1]\n", "1 of 1 were accepted.\n"),
        ("[1, 2]\n[3, 4]\n", "2 of 2 were accepted.\n"),
    ],
)
def test_execute_when_the_file_is_hardly_a_batch(
    directory: Path, stand_in: StandIn, capsys: Captured, text: str, said: str
) -> None:
    """A file without lines, or with all of them in one list, is served with a word about it."""
    stand_in.answers["BatchCreateExecutions"] = created
    batch(directory, text)

    assert 0 == run(["execute", "w", "--batch", "lines.ndjson"])
    assert said == capsys.readouterr().err.partition("\n")[2]


def test_execute_when_the_results_are_of_something_else(
    directory: Path, stand_in: StandIn, capsys: Captured
) -> None:
    """Results are gone on with only for the same workflow, and only in a file that takes them."""
    stand_in.answers["BatchCreateExecutions"] = created
    lines, results = batch(directory, "1\n"), str(directory / "results")
    assert run(["execute", "w", "--batch", lines, "--results", results]) == 0

    assert run(["execute", "other", "--batch", lines, "--results", results]) == 2
    assert "something else" in capsys.readouterr().err
    assert run(["execute", "w", "--batch", lines, "--results", str(directory)]) == 2
    assert "cannot be used: Is a directory" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["execute", "w", "--batch", "f", "--data", "1"],
        ["execute", "w", "--results", "f"],
        ["execute", "w", "--batch", "missing"],
        ["callbacks", "send", URL, "--batch", "f"],
        ["callbacks", "send"],
    ],
)
def test_batch_when_misused(arguments: list[str]) -> None:
    """Options of one request and of many do not go together."""
    assert 2 == run(arguments)


def test_send_of_lines(directory: Path, stand_in: StandIn, capsys: Captured) -> None:
    """A line has a URL and what to send there; what it cannot be is said by line."""
    sent = SendCallbackResponse(payload_id="p", outcome=SendCallbackResponse.RESUMED)
    result = BatchSendCallbacksResponse.Result(response=sent)
    stand_in.answer("BatchSendCallbacks", BatchSendCallbacksResponse(results=[result, result]))
    good = [
        {"url": f"{URL}?a=1", "data": {"n": 1}, "idempotency_key": "k"},
        {"url": URL, "method": "put", "data": "x", "headers": {"Content-Type": "text/plain"}},
    ]
    bad: list[object] = [
        [],
        {"url": "nowhere"},
        {"url": URL, "body": 1},
        {"url": 1},
        {"url": URL, "headers": 1},
        {"url": URL, "data": 1, "headers": {"Content-Type": "text/plain"}},
    ]
    lines = batch(directory, "".join(json.dumps(line) + "\n" for line in [*good, *bad]))
    status = run(["callbacks", "send", "--batch", lines])
    found = entries(capsys.readouterr().out)
    request = stand_in.last("BatchSendCallbacks")

    assert isinstance(request, BatchSendCallbacksRequest)
    first, second = request.requests
    assert 1 == status
    assert {"line": 1, "outcome": "RESUMED", "payload": "p"} == found[0]
    assert len(bad) == sum("error" in entry for entry in found)
    assert (b'{"n": 1}', "application/json", "k") == (
        first.body,
        first.content_type,
        first.request_id,
    )
    assert ["1"] == [*first.query["a"].values]
    assert (b"x", "text/plain", "PUT") == (second.body, second.content_type, second.method)
