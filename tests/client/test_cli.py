"""The command line: what it prints where, and the exit status."""

import json
import re
from pathlib import Path

import pytest
import yaml
from google.protobuf.any_pb2 import Any
from google.rpc import code_pb2
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from ringback.v1.callbacks_pb2 import (
    Callback,
    ListCallbacksResponse,
    SendCallbackRequest,
    SendCallbackResponse,
)
from ringback.v1.executions_pb2 import CreateExecutionRequest, Execution, ListExecutionsResponse
from ringback.v1.logs_pb2 import ListLogEntriesRequest, ListLogEntriesResponse, LogEntry
from ringback.v1.operations_pb2 import Operation
from ringback.v1.workflows_pb2 import Workflow
from ringback_client.cli.app import run
from ringback_client.cli.json_text import parse_json
from tests.client.stand_in import StandIn

NAME = "projects/local/locations/us-central1/workflows/w"
EXECUTION = f"{NAME}/executions/e"
URL = f"http://127.0.0.1:1/v1/{EXECUTION}/callbacks/c"

pytestmark = pytest.mark.usefixtures("server", "directory")

Captured = pytest.CaptureFixture[str]


def test_deploy_when_it_succeeds(directory: Path, stand_in: StandIn, capsys: Captured) -> None:
    """The revision is on stdout, and the server that was used is named on stderr."""
    source = directory / "w.yaml"
    source.write_text("- a:\n    return: 1\n")
    workflow = Workflow(name=NAME, revision_id="000001-abc", state=Workflow.ACTIVE)
    response = Any(value=workflow.SerializeToString())
    stand_in.answer("GetWorkflow", Workflow())
    stand_in.answer("UpdateWorkflow", Operation(done=True, response=response))

    status = run(["deploy", "w", "--source", str(source)])

    output = capsys.readouterr()
    assert (0, "NAME  REVISION    STATE\nw     000001-abc  ACTIVE\n") == (status, output.out)
    assert "./ringback-data" in output.err


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_deploy_when_source_cannot_be_read(
    content: bytes | None, directory: Path, capsys: Captured
) -> None:
    """A file that is missing or no text is a usage error that names it."""
    source = directory / "w.yaml"
    if content is not None:
        source.write_bytes(content)

    assert run(["deploy", "w", "--source", "w.yaml"]) == 2
    assert "w.yaml" in capsys.readouterr().err


def test_run_when_it_succeeds(stand_in: StandIn, capsys: Captured) -> None:
    """The result alone is on stdout, with its integers unharmed."""
    stand_in.answer("CreateExecution", Execution(name=EXECUTION))
    result = '{"n":9007199254740993}'
    stand_in.answer("WaitExecution", Execution(state=Execution.SUCCEEDED, result=result))

    status = run(["run", "w", "--data", '{"x": 1}', "--labels", "a=1,b=2"])

    request = stand_in.last("CreateExecution")
    assert isinstance(request, CreateExecutionRequest)
    assert (0, '{\n  "n": 9007199254740993\n}\n') == (status, capsys.readouterr().out)
    assert {"a": "1", "b": "2"} == dict(request.execution.labels)


def test_run_when_the_result_is_large(stand_in: StandIn, capsys: Captured) -> None:
    """More than the 4 MiB that gRPC takes by default arrives."""
    result = f'"{"x" * 5 * 1024 * 1024}"'
    stand_in.answer("CreateExecution", Execution(name=EXECUTION))
    stand_in.answer("WaitExecution", Execution(state=Execution.SUCCEEDED, result=result))

    assert 0 == run(["run", "w"])
    assert result == capsys.readouterr().out.strip()


def test_run_when_it_fails(stand_in: StandIn, capsys: Captured) -> None:
    """A failed execution is exit status 1, with its error on stderr and nothing on stdout."""
    error = Execution.Error(payload='"no"', context='RuntimeError: "no"\nin step "s"')
    stand_in.answer("CreateExecution", Execution(name=EXECUTION))
    stand_in.answer("WaitExecution", Execution(state=Execution.FAILED, error=error))

    status = run(["--quiet", "run", "w"])

    output = capsys.readouterr()
    assert (1, "") == (status, output.out)
    assert output.err == 'Error: The execution ended as FAILED. RuntimeError: "no"\nin step "s"\n'


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "w", "--data", "{"],
        ["run", "w", "--data", "[" * 100_000],
        ["run", "w", "--data", "NaN"],
        ["run", "w", "--data", "@missing.json"],
        ["run", "w", "--labels", "a"],
        ["run", "a/b"],
        ["run"],
        ["run", "w", "--format", "table"],
        ["executions", "describe", "e"],
        ["auth", "print-identity-token", "--audiences", " "],
        ["run", "w.yaml", "--local", "--call-log-level", "log-none"],
        ["executions", "list", "w", "--limit", "0"],
        ["callbacks", "send", "http://example.org/"],
        ["callbacks", "send", URL, "--data", "no json"],
        ["callbacks", "send", URL, "--data", "[" * 100_000],
        ["callbacks", "send", URL, "--header", "no colon"],
        ["logs", "read", "--freshness", "soon"],
        ["logs", "read", "--freshness", "99999999999d"],
        ["nonsense"],
    ],
)
def test_run_when_misused(arguments: list[str], stand_in: StandIn, capsys: Captured) -> None:
    """What cannot be right is exit status 2, and nothing reaches the server."""
    assert run(arguments) == 2
    assert ("", []) == (capsys.readouterr().out, stand_in.asked)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nobody", "not JSON: Expecting value: line 1 column 1 (char 0)"),
        ("[-Infinity]", "not JSON: there is no -Infinity"),
        ("[" * 100_000, "JSON that nests too deeply"),
        ("\udc80", "not UTF-8"),
    ],
)
def test_parse_json_when_it_is_none(text: str, words: str) -> None:
    """Whatever is read as JSON is refused in the same words."""
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        parse_json(text)


def test_run_when_server_refuses(stand_in: StandIn, capsys: Captured) -> None:
    """A refusal is exit status 1, one sentence and the next step."""
    info = Any()
    info.Pack(ErrorInfo(reason="WORKFLOW_NOT_FOUND"))
    refusal = Status(code=code_pb2.NOT_FOUND, message="There is no workflow w.", details=[info])
    stand_in.answer("CreateExecution", refusal)

    status = run(["-q", "run", "w"])

    expected = "Error: There is no workflow w.\nSee which there are with: ringback list\n"
    assert (1, expected) == (status, capsys.readouterr().err)


@pytest.mark.parametrize("verb", ["run", "execute"])
@pytest.mark.parametrize("name", ["w", "w.yaml"])
def test_run_when_given_a_file(
    verb: str, name: str, directory: Path, stand_in: StandIn, capsys: Captured
) -> None:
    """Whoever names a file where a workflow is meant learns how to run it."""
    (directory / name).write_text("- a:\n    return: 1\n")
    info = Any()
    info.Pack(ErrorInfo(reason="WORKFLOW_NOT_FOUND"))
    stand_in.answer("CreateExecution", Status(code=code_pb2.NOT_FOUND, details=[info]))

    assert run([verb, name]) in {1, 2}
    said = capsys.readouterr().err
    assert f"{name} is a file: run it here with: ringback run {name} --local, or deploy" in said


def test_execute_when_it_succeeds(stand_in: StandIn, capsys: Captured) -> None:
    """The execution's name is on stdout, for use in scripts."""
    stand_in.answer("CreateExecution", Execution(name=EXECUTION))

    assert run(["execute", "w"]) == 0
    assert capsys.readouterr().out == f"{EXECUTION}\n"


@pytest.mark.parametrize("command", [["wait", "e", "--workflow", "w"], ["wait-last"]])
def test_executions_wait_when_time_is_over(
    command: list[str], stand_in: StandIn, capsys: Captured
) -> None:
    """A wait that ends before the execution prints it and is exit status 1."""
    stand_in.answer("CreateExecution", Execution(name=EXECUTION))
    stand_in.answer("WaitExecution", Execution(name=EXECUTION, state=Execution.ACTIVE))
    run(["execute", "w"])
    capsys.readouterr()

    status = run(["executions", *command, "--timeout", "0"])

    output = capsys.readouterr()
    assert (1, {"name": EXECUTION, "state": "ACTIVE"}) == (status, yaml.safe_load(output.out))
    assert "still ACTIVE" in output.err


@pytest.mark.parametrize("verb", ["describe", "cancel"])
def test_executions_when_one_is_shown(verb: str, stand_in: StandIn, capsys: Captured) -> None:
    """An execution is printed as YAML, or as JSON when asked for."""
    execution = Execution(name=EXECUTION, state=Execution.CANCELLED, argument='"a"')
    stand_in.answer("GetExecution", execution)
    stand_in.answer("CancelExecution", execution)
    expected = {"name": EXECUTION, "state": "CANCELLED", "argument": '"a"'}

    run(["executions", verb, EXECUTION])
    as_yaml = capsys.readouterr().out
    run(["executions", verb, EXECUTION, "--format", "json"])
    as_json = capsys.readouterr().out

    assert (expected, expected) == (yaml.safe_load(as_yaml), json.loads(as_json))


def test_executions_list_when_there_are_some(stand_in: StandIn, capsys: Captured) -> None:
    """Executions are a table, cut at the limit, or an array in JSON."""
    found = [Execution(name=f"{NAME}/executions/{number}") for number in range(3)]
    stand_in.answer("ListExecutions", ListExecutionsResponse(executions=found))

    run(["executions", "list", "w", "--limit", "2"])
    table = capsys.readouterr().out.splitlines()
    run(["executions", "list", "w", "--format", "json"])
    array = json.loads(capsys.readouterr().out)

    assert ["EXECUTION", "0", "1"] == [line.split()[0] for line in table]
    assert [execution.name for execution in found] == [item["name"] for item in array]


def test_callbacks_list_when_there_are_none(stand_in: StandIn, capsys: Captured) -> None:
    """An empty list prints no table, and says so on stderr."""
    stand_in.answer("ListCallbacks", ListCallbacksResponse())

    assert run(["callbacks", "list", EXECUTION]) == 0
    output = capsys.readouterr()
    assert (output.out, "no callbacks" in output.err) == ("", True)


def test_callbacks_list_when_one_is_awaited(stand_in: StandIn, capsys: Captured) -> None:
    """An endpoint shows its method, its waiters and what waits for a step."""
    callback = Callback(name="c", method="GET", waiters=1, available_payloads=["p", "q"])
    stand_in.answer("ListCallbacks", ListCallbacksResponse(callbacks=[callback]))

    run(["callbacks", "list", EXECUTION])

    assert capsys.readouterr().out.splitlines()[1].split() == ["GET", "1", "2", "c"]


def test_callbacks_send_when_given_everything(stand_in: StandIn, capsys: Captured) -> None:
    """Everything of a request can be said, and the outcome is printed."""
    outcome = SendCallbackResponse.RESUMED
    stand_in.answer("SendCallback", SendCallbackResponse(payload_id="p", outcome=outcome))
    options = ["--method", "post", "--data", '{"a":1}', "--header", "X-Kind: b:c"]

    status = run(["callbacks", "send", f"{URL}?q=1&q=2", *options, "--idempotency-key", "k"])

    request = stand_in.last("SendCallback")
    assert isinstance(request, SendCallbackRequest)
    assert (f"{EXECUTION}/callbacks/c", "POST") == (request.name, request.method)
    assert (b'{"a":1}', "application/json") == (request.body, request.content_type)
    assert ({"x-kind": "b:c"}, "k") == (dict(request.headers), request.request_id)
    assert list(request.query["q"].values) == ["1", "2"]
    assert (0, ["RESUMED", "p"]) == (status, capsys.readouterr().out.splitlines()[1].split())


def test_callbacks_send_when_body_is_text(directory: Path, stand_in: StandIn) -> None:
    """Another content type sends the text of a file as it is."""
    (directory / "body.txt").write_text("hello")
    stand_in.answer("SendCallback", SendCallbackResponse())

    run(["callbacks", "send", URL, "--data", "@body.txt", "--header", "Content-Type: text/plain"])

    request = stand_in.last("SendCallback")
    assert isinstance(request, SendCallbackRequest)
    assert (b"hello", "text/plain", {}) == (
        request.body,
        request.content_type,
        dict(request.headers),
    )


def test_logs_read_when_text_is_given(stand_in: StandIn, capsys: Captured) -> None:
    """The text and the freshness are one filter, and an entry cannot move the cursor."""
    entries = [
        LogEntry(severity="INFO", text_payload="Listening \x1b[31m"),
        LogEntry(severity="ERROR", json_payload='{"a":1}'),
    ]
    stand_in.answer("ListLogEntries", ListLogEntriesResponse(entries=entries))

    run(["logs", "read", "Listening for callbacks", "--freshness=10m"])

    request = stand_in.last("ListLogEntries")
    assert isinstance(request, ListLogEntriesRequest)
    assert request.filter.startswith('Listening for callbacks AND timestamp>="')
    assert ("timestamp desc", NAME.partition("/workflows")[0]) == (request.order_by, request.parent)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1:] == [["INFO", "Listening", "\\x1b[31m"], ["ERROR", '{"a":1}']]


@pytest.mark.parametrize("freshness", ["10m", "t10m", "PT10M", "1d12h", "2w"])
def test_logs_read_when_freshness_has_a_form(freshness: str, stand_in: StandIn) -> None:
    """Durations are read as gcloud reads them."""
    stand_in.answer("ListLogEntries", ListLogEntriesResponse())

    assert run(["logs", "read", "--freshness", freshness]) == 0


def test_auth_print_access_token_when_it_succeeds(capsys: Captured) -> None:
    """The token alone is on stdout."""
    assert run(["auth", "print-access-token"]) == 0
    assert capsys.readouterr().out == "token-1\n"


def test_run_when_no_server_is_known(
    directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """Without a server, the error says how to get one."""
    (directory / "empty").mkdir()
    monkeypatch.chdir(directory / "empty")

    assert run(["run", "w"]) == 1
    assert "ringback serve" in capsys.readouterr().err
