"""Words that may stand anywhere, and those of gcloud."""

from importlib.metadata import version
from pathlib import Path

import pytest
from google.protobuf.any_pb2 import Any

from ringback.v1.executions_pb2 import CreateExecutionRequest, Execution
from ringback.v1.logs_pb2 import ListLogEntriesResponse
from ringback.v1.operations_pb2 import Operation
from ringback.v1.workflows_pb2 import (
    EXECUTION_HISTORY_BASIC,
    UpdateWorkflowRequest,
    Workflow,
)
from ringback_client.cli.app import run
from tests.client.stand_in import StandIn

NAME = "projects/local/locations/us-central1/workflows/w"
EXECUTION = f"{NAME}/executions/e"

pytestmark = pytest.mark.usefixtures("server", "directory")

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    "arguments",
    [["-q", "execute", "w"], ["execute", "-q", "w"], ["execute", "w", "--labels=a=b", "--quiet"]],
)
def test_quiet_wherever_it_stands(
    arguments: list[str], stand_in: StandIn, capsys: Captured
) -> None:
    """Nothing but the data is printed, whatever --quiet is written before or after."""
    stand_in.answer("CreateExecution", Execution(name=EXECUTION))

    assert run(arguments) == 0
    assert (f"{EXECUTION}\n", "") == capsys.readouterr()


def test_run_when_written_for_gcloud(stand_in: StandIn) -> None:
    """A command written for gcloud means here what it means there."""
    stand_in.answer("CreateExecution", Execution(name=EXECUTION))
    levels = ["--call-log-level=log-errors-only", "--execution-history-level"]
    unbuffered = "--disable-concurrency-quota-overflow-buffering"
    words = [*levels, "execution-history-detailed", unbuffered]
    status = run(["-q", "workflows", "execute", "w", *words, "--labels", "a=b"])
    request = stand_in.last("CreateExecution")
    plain = run(["execute", "workflows", "--call-log-level", "none"])
    other = stand_in.last("CreateExecution")
    stand_in.answer("ListLogEntries", ListLogEntriesResponse())

    assert isinstance(request, CreateExecutionRequest)
    assert isinstance(other, CreateExecutionRequest)
    assert (0, 0, 0) == (status, plain, run(["logging", "read", "x"]))
    expected = Execution(
        labels={"a": "b"},
        call_log_level=Execution.LOG_ERRORS_ONLY,
        execution_history_level=Execution.EXECUTION_HISTORY_DETAILED,
        disable_concurrency_quota_overflow_buffering=True,
    )
    assert (expected, Execution()) == (request.execution, other.execution)
    assert other.parent.endswith("/workflows/workflows")


def test_deploy_when_it_has_levels(directory: Path, stand_in: StandIn, capsys: Captured) -> None:
    """Levels are settings of a workflow, and `none` takes back what it had."""
    (directory / "w.yaml").write_text("- a:\n    return: 1\n")
    before = Workflow(name=NAME, call_log_level=Workflow.LOG_NONE)
    response = Any(value=before.SerializeToString())
    stand_in.answer("GetWorkflow", before)
    stand_in.answer("UpdateWorkflow", Operation(done=True, response=response))
    levels = ["--call-log-level=none", "--execution-history-level=execution-history-basic"]

    status = run(["deploy", "w", "--source=w.yaml", *levels])

    request = stand_in.last("UpdateWorkflow")
    assert isinstance(request, UpdateWorkflowRequest)
    paths = ["source_contents", "call_log_level", "execution_history_level"]
    assert (0, paths) == (status, [*request.update_mask.paths])
    assert Workflow.CALL_LOG_LEVEL_UNSPECIFIED == request.workflow.call_log_level
    assert EXECUTION_HISTORY_BASIC == request.workflow.execution_history_level
    assert "call log level: LOG_NONE -> CALL_LOG_LEVEL_UNSPECIFIED" in capsys.readouterr().err


def test_version_when_asked(capsys: Captured) -> None:
    """The version is that of the package."""
    assert run(["--version"]) == 0
    assert f"ringback {version('ringback')}\n" == capsys.readouterr().out
