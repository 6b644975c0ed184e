"""`ringback run --local`: what it reads, what it prints, how it ends."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoints
from pathlib import Path

import pytest
import yaml

from ringback_client.cli.app import run as run_ringback
from ringback_server.local.run_command import run
from tests.local.definitions import APPROVAL, APPROVED, LOOK, STORE

DATA = '{"id": "7"}'


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a definition and stubs into the current directory."""
    monkeypatch.chdir(tmp_path)
    Path("approval.yaml").write_text(APPROVAL)
    stubs = {"stubs": [LOOK, STORE], "callbacks": [APPROVED], "env": {"A": "file", "B": "file"}}
    Path("stubs.yaml").write_text(yaml.safe_dump(stubs))
    Path("env.yaml").write_text(
        "main: {steps: [{s: {return: '${sys.get_env(\"A\") + sys.now()}'}}]}"
    )
    Path("fails.yaml").write_text("main:\n  steps:\n    - s: {raise: 'no \x41'}\n")


def test_result_when_it_succeeds(capsys: pytest.CaptureFixture[str]) -> None:
    """The result is on stdout, entries are on stderr."""
    assert 0 == run(["approval.yaml", "--stubs", "stubs.yaml", "--data", DATA])

    printed = capsys.readouterr()
    assert {"approved": True, "name": "doc"} == json.loads(printed.out)
    assert "2026-01-01T00:00:00.000Z NOTICE announce: 7 waits\n" == printed.err


def test_callbacks_when_they_are_for_another_definition(capsys: pytest.CaptureFixture[str]) -> None:
    """A file of stubs may serve several definitions: that a step is not there is a warning."""
    assert 1 == run(["fails.yaml", "--stubs", "stubs.yaml"])

    place = "stubs.yaml:2: "
    warning, note, *_ = capsys.readouterr().err.splitlines()
    assert (
        f"Warning: {place}no step 'open' does anything in fails.yaml, and no other step does"
        == (warning)
    )
    assert f"Callback {place}it was not sent, for step 'open' created no endpoints" == note


def test_error_when_it_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """The error is told with its stack, and the exit status is 1."""
    assert 1 == run(["fails.yaml"])

    printed = capsys.readouterr()
    assert "" == printed.out
    assert [
        'Error: The execution ended as FAILED. RuntimeError: "no A"',
        'in step "s", routine "main", line: 3',
    ] == printed.err.splitlines()


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_document_when_it_is_asked_for(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """All about the run is printed, for programs."""
    run(["approval.yaml", "--stubs", "stubs.yaml", "--data", DATA, "--format", form])

    printed = capsys.readouterr()
    found = yaml.safe_load(printed.out)
    assert "" == printed.err
    assert ("SUCCEEDED", 60) == (found["state"], found["duration"])
    assert ["http.get", "googleapis.firestore.v1.projects.databases.documents.patch"] == [
        call["call"] for call in found["calls"]
    ]
    assert "resumed" == found["callbacks"][0]["outcome"]
    assert "7 waits" == found["logs"][0]["text"]


def test_document_when_it_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """The error has its value and its stack."""
    assert 1 == run(["fails.yaml", "--format", "json"])

    error = json.loads(capsys.readouterr().out)["error"]
    assert "no A" == error["value"]
    assert [("s", "main", 3)] == [(f["step"], f["routine"], f["line"]) for f in error["stack"]]


def test_options_when_they_replace_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    """`--env` and `--now` win over the file of stubs."""
    arguments = ["env.yaml", "--stubs", "stubs.yaml", "--now", "1970-01-01T00:00:05Z"]
    assert 0 == run([*arguments, "--env", "A=x=", "--env", "C=3"])

    assert "x=5" == json.loads(capsys.readouterr().out)


def test_call_when_no_stub_answers(capsys: pytest.CaptureFixture[str]) -> None:
    """The run ends with what to add."""
    assert 1 == run(["approval.yaml", "--data", DATA])

    said = capsys.readouterr().err
    assert said.startswith(
        "Error: no stub answers http.get in step 'look' (routine 'main', line 7)"
    )
    assert "  - call: http.get\n    step: look\n" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.yaml"], "none.yaml: No such file or directory"),
        (["stubs.yaml"], "stubs.yaml:1:1: "),
        (["env.yaml", "--stubs", "none.yaml"], "none.yaml: No such file or directory"),
        (["env.yaml", "--stubs", "approval.yaml"], "approval.yaml:2:1: unknown key 'main'"),
        (["env.yaml", "--stubs", "a.test.yaml"], "Cases are run with: ringback test a.test.yaml"),
        (["a.test.yaml"], "Cases are run with: ringback test a.test.yaml"),
        (["env.yaml", "--env", "A"], "--env: 'A' is not KEY=VALUE"),
        (["env.yaml", "--now", "x"], "'now' is no time"),
        (["env.yaml", "--data", "{"], "--data: not JSON"),
        (["env.yaml", "--data", "[" * 10_000], "--data: not JSON"),
    ],
)
def test_status_when_it_cannot_be_run(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Misuse is told from failure, and where it is."""
    Path("a.test.yaml").write_text("cases: [{name: a}]")

    assert 2 == run(arguments)
    assert said in capsys.readouterr().err


def test_ringback_when_it_runs_locally(capsys: pytest.CaptureFixture[str]) -> None:
    """`ringback run` hands a file to the server's package, and needs no server."""
    Path("data.json").write_text(DATA)
    arguments = ["run", "approval.yaml", "--local", "--stubs=stubs.yaml", "--data=@data.json"]

    assert 0 == run_ringback(arguments)
    assert {"approved": True, "name": "doc"} == json.loads(capsys.readouterr().out)
    assert 1 == run_ringback(["run", "fails.yaml", "--local", "--format", "yaml"])
    assert "FAILED" == yaml.safe_load(capsys.readouterr().out)["state"]


def test_ringback_when_a_local_run_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """What caused it is told as of an execution on a server."""
    stub = {"step": "look", "answer": {"status": 400, "body": {"error": {"message": "no id"}}}}
    Path("refused.yaml").write_text(yaml.safe_dump({"stubs": [stub]}))

    arguments = ["run", "approval.yaml", "--local", "--stubs=refused.yaml"]
    assert 1 == run_ringback([*arguments, f"--data={DATA}"])
    assert [
        "Error: The execution ended as FAILED. HTTP server responded with error code 400",
        'in step "look", routine "main", line: 7',
        "The answer said: no id",
    ] == capsys.readouterr().err.splitlines()


def test_ringback_when_a_place_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Project and location are those that `sys.get_env` reads; labels have no meaning here."""
    names = ("GOOGLE_CLOUD_PROJECT_ID", "GOOGLE_CLOUD_LOCATION")
    read = ' + "/" + '.join(f'sys.get_env("{name}")' for name in names)
    Path("place.yaml").write_text(f"- s: {{return: '${{{read}}}'}}")

    assert 0 == run_ringback(["run", "place.yaml", "--local", "--project=p", "--location=l"])
    assert "p/l" == json.loads(capsys.readouterr().out)
    assert 2 == run_ringback(["run", "place.yaml", "--local", "--labels=a=b"])


def test_ringback_when_it_runs_a_subworkflow(capsys: pytest.CaptureFixture[str]) -> None:
    """One of a definition's subworkflows is run by itself."""
    Path("sub.yaml").write_text(
        "main: {steps: [{s: {return: 1}}]}\n"
        "add: {params: [a, b], steps: [{s: {return: '${a + b}'}}]}\n"
    )
    arguments = ["run", "sub.yaml", "--local", "--subworkflow=add"]

    assert 0 == run_ringback([*arguments, '--data={"a": 2, "b": 3}'])
    assert "5" == capsys.readouterr().out.strip()
    assert 2 == run_ringback(arguments)
    assert "the argument must be a map" in capsys.readouterr().err


@pytest.mark.parametrize(
    "option", ["--stubs=stubs.yaml", "--env=A=1", "--now=x", "--subworkflow=s"]
)
def test_ringback_when_an_option_needs_local(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Options of local runs are not passed over in silence."""
    assert 2 == run_ringback(["run", "w", option])
    assert "needs --local" in capsys.readouterr().err


def test_ringback_when_there_is_no_server_package(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without it, what is missing is said."""

    def nothing(**_: str) -> EntryPoints:
        return EntryPoints()

    monkeypatch.setattr("ringback_client.cli.joined.entry_points", nothing)

    assert 2 == run_ringback(["run", "fails.yaml", "--local"])
    assert "--local needs the server package" in capsys.readouterr().err
