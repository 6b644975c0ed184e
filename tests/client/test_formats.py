"""What --format takes, what it prints, and when there are colours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from google.protobuf.struct_pb2 import Struct

from ringback.v1.executions_pb2 import Execution, ListExecutionsResponse
from ringback.v1.workflows_pb2 import ListWorkflowsResponse, Workflow
from ringback_client.cli.app import run
from ringback_client.cli.formats import parse_format
from ringback_client.cli.output import write_diff, write_document
from tests.client.stand_in import StandIn

NAME = "projects/local/locations/us-central1/workflows/w"
EXECUTION = f"{NAME}/executions/e"

pytestmark = pytest.mark.usefixtures("server", "directory")

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def workflow(stand_in: StandIn) -> Workflow:
    """Return the only workflow there is."""
    found = Workflow(
        name=NAME,
        state=Workflow.ACTIVE,
        revision_id="000001-abc",
        labels={"team-name": "blue"},
        description="a, b",
    )
    stand_in.answer("ListWorkflows", ListWorkflowsResponse(workflows=[found]))
    stand_in.answer("GetWorkflow", found)
    return found


@pytest.mark.parametrize(
    ("form", "printed"),
    [
        ("value(name)", f"{NAME}\n"),
        ("value(revisionId, state)", "000001-abc\tACTIVE\n"),
        (
            "value(name.basename(),name.segment(1),name.segment(-1),name.segment(9))",
            "w\tlocal\tw\t",
        ),
        ("value(labels.team-name,missing.key)", "blue\t\n"),
        ("value(labels)", "team-name=blue\n"),
        ('value[separator=";"](state,labels."team-name")', "ACTIVE;blue\n"),
        ("csv(name.basename(),revisionId,description)", "name,revision_id,description\nw,000001"),
        ("csv[no-heading](state,description)", 'ACTIVE,"a, b"\n'),
        ("table(state,revisionId:label=REV)", "STATE   REV\nACTIVE  000001-abc\n"),
        ("table[no-heading](state)", "ACTIVE\n"),
        ("none", ""),
        ("disable", ""),
    ],
)
@pytest.mark.parametrize("command", [["list"], ["describe", "w"]])
def test_format_when_it_names_fields(
    command: list[str], form: str, printed: str, workflow: Workflow, capsys: Captured
) -> None:
    """Fields are printed as gcloud prints them, of one thing and of each in a list."""
    assert workflow.name == NAME
    assert 0 == run(["-q", *command, "--format", form])
    found = capsys.readouterr().out
    assert found.startswith(printed)
    assert bool(printed) == bool(found)


def test_format_when_it_is_a_document_of_fields(workflow: Workflow, capsys: Captured) -> None:
    """Documents can have some fields alone; what is not there is left out."""
    form = "(name,labels.team-name,error.payload)"
    run(["-q", "list", f"--format=json{form}"])
    listed = json.loads(capsys.readouterr().out)
    run(["-q", "describe", "w", f"--format=yaml{form}"])
    described = yaml.safe_load(capsys.readouterr().out)

    expected = {"name": workflow.name, "labels": {"team-name": "blue"}, "error": {}}
    assert ([expected], expected) == (listed, described)


def test_format_when_values_have_kinds(capsys: Captured) -> None:
    """Values that are no texts are printed in one line; of a list, one element or all."""
    value = Struct()
    value.update({"a": [{"b": 1.5}, {"b": True}], "n": None, "t": "x"})
    write_document(value, parse_format("value(a[0].b,a[].b,a[7],n,a,t.u)"))

    assert "1.5\t1.5;True\t\t\tb=1.5;b=True\t\n" == capsys.readouterr().out


def test_default_when_it_is_asked_for(workflow: Workflow, capsys: Captured) -> None:
    """The form `default` is that without --format."""
    outputs: list[str] = []
    for command in (["list"], ["describe", "w"]):
        for words in ([], ["--format=default"]):
            run(["-q", *command, *words])
            outputs.append(capsys.readouterr().out)

    assert (outputs[0], outputs[2]) == (outputs[1], outputs[3])
    assert workflow.revision_id in outputs[0]


@pytest.mark.parametrize(
    ("command", "form", "said"),
    [
        (["list"], "flattened(name)", "is not a format of Ringback's; there are table, json"),
        (["list"], "value", "such as value(name,state)"),
        (["list"], "csv()", "such as csv(name,state)"),
        (["list"], "value(name", "is not a format"),
        (["list"], "value(name.date())", "pipe --format=json into jq"),
        (["list"], "value[quote](name)", "[quote] is not taken"),
        (["list"], "table[no-heading]", "[no-heading] is not taken"),
        (["list"], "value(a..b)", "'a..b' is not a field"),
        (["describe", "w"], "table", "write json, yaml or table(KEY"),
        (["run", "w"], "table", "write json, yaml or table(KEY"),
    ],
)
def test_format_when_it_is_another(
    command: list[str], form: str, said: str, stand_in: StandIn, capsys: Captured
) -> None:
    """What is not taken is refused before anything is done, with what to write instead."""
    assert 2 == run([*command, f"--format={form}"])
    output = capsys.readouterr()
    assert ("", []) == (output.out, stand_in.asked)
    assert said in " ".join(output.err.replace("│", "").split())


@pytest.mark.parametrize("state", [Execution.SUCCEEDED, Execution.FAILED])
def test_run_when_fields_are_asked_for(
    state: Execution.State.ValueType, stand_in: StandIn, capsys: Captured
) -> None:
    """With fields, `run` prints those of the execution, however it ended, as gcloud does."""
    ended = Execution(name=EXECUTION, state=state, result='{"a": 1}')
    stand_in.answer("CreateExecution", Execution(name=EXECUTION))
    stand_in.answer("WaitExecution", ended)

    status = run(["-q", "run", "w", "--format", "value(state,result)"])

    name = Execution.State.Name(state)
    assert (0 if state == Execution.SUCCEEDED else 1) == status
    assert f'{name}\t{{"a": 1}}\n' == capsys.readouterr().out


def test_list_when_there_is_nothing(stand_in: StandIn, capsys: Captured) -> None:
    """An empty list of fields prints nothing, and a table says why."""
    stand_in.answer("ListExecutions", ListExecutionsResponse())
    run(["-q", "executions", "list", "w", "--format", "value(name)"])
    values = capsys.readouterr()
    run(["-q", "executions", "list", "w", "--format", "table(name)"])
    table = capsys.readouterr()

    assert ("", "", "", "w has no executions.\n") == (*values, *table)


@pytest.mark.parametrize(
    ("variables", "greens"),
    [
        ({}, 0),
        ({"CLICOLOR_FORCE": "1"}, 1),
        ({"CLICOLOR_FORCE": "0"}, 0),
        ({"CLICOLOR_FORCE": "1", "TERM": "dumb"}, 1),
        ({"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, 0),
        ({"CLICOLOR_FORCE": "1", "CLICOLOR": "0"}, 0),
    ],
)
def test_colours_when_variables_say_so(
    variables: dict[str, str],
    greens: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Captured,
) -> None:
    """What is no terminal gets colours by CLICOLOR_FORCE alone, and NO_COLOR is stronger."""
    for name in ("NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    write_diff(["--- a", "+++ b", "@@ -1 +1 @@", "-x", "+y\x1b[1m"])

    printed = capsys.readouterr().out
    assert greens == printed.count("\x1b[32m")
    assert "+y\\x1b[1m" in printed


def test_colours_when_stdout_is_a_file(directory: Path, capsys: Captured) -> None:
    """An error that is no terminal's has no colours either."""
    assert 2 == run(["deploy", "w", "--source", str(directory / "none.yaml")])
    assert "\x1b" not in capsys.readouterr().err
