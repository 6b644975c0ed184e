"""`ringback test`: which files it finds, what it prints, how it ends."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from xml.parsers.expat import ParserCreate

import pytest

from ringback_server.local.test_command import run
from tests.e2e.process import RINGBACK, environment
from tests.local.definitions import APPROVAL, APPROVED, LOOK, STORE

UNANSWERED = {
    "name": "nobody answers",
    "argument": {"id": "7"},
    "expect": {"error": {"tags": ["TimeoutError"]}, "duration": 3600},
}
CASES = {
    "stubs": [LOOK, STORE],
    "cases": [
        {
            "name": "approved",
            "argument": {"id": "7"},
            "callbacks": [APPROVED],
            "expect": {"result_includes": {"approved": True}, "logs": ["7 waits"]},
        },
        UNANSWERED,
    ],
}
DEFINITION = "definition: good/approval.yaml\n"
WRONG = {"name": "is <wrong>", "argument": {"id": "7"}, "expect": {"error": "*"}}


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a definition with tests that pass, and one with tests that do not."""
    monkeypatch.chdir(tmp_path)
    for folder in ("good", "bad", "good/.hidden"):
        Path(folder).mkdir()
    Path("good/approval.yaml").write_text(APPROVAL)
    Path("good/approval.test.yaml").write_text(json.dumps(CASES, indent=1))
    Path("good/.hidden/x.test.yaml").write_text("?")
    failing = {
        **CASES,
        "definition": "../good/approval.yaml",
        "cases": [{**WRONG, "callbacks": [APPROVED]}, UNANSWERED],
    }
    Path("bad/other.test.yaml").write_text(json.dumps(failing, indent=1))


def test_dots_when_all_pass(capsys: pytest.CaptureFixture[str]) -> None:
    """A directory is searched for test files, but for hidden ones."""
    assert 0 == run(["good"])

    first, last = capsys.readouterr().out.splitlines()
    assert "good/approval.test.yaml .." == first
    assert re.fullmatch(r"2 passed in \d+\.\d\d s", last)


def test_lines_when_they_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """-v names each case, and the current directory is searched if nothing is named."""
    assert 1 == run(["-v"])

    assert [
        "bad/other.test.yaml::is <wrong> FAILED",
        "bad/other.test.yaml::nobody answers PASSED",
        "good/approval.test.yaml::approved PASSED",
        "good/approval.test.yaml::nobody answers PASSED",
    ] == capsys.readouterr().out.splitlines()[:4]


def test_failure_when_it_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """A failure has the line of its case, what is different, and what was logged."""
    assert 1 == run(["bad/other.test.yaml"])

    lines = capsys.readouterr().out.splitlines()
    assert "bad/other.test.yaml F." == lines[0]
    text = Path("bad/other.test.yaml").read_text().splitlines()
    line = next(number for number, line in enumerate(text, start=1) if "is <wrong>" in line)
    assert f"FAILED bad/other.test.yaml:{line}: is <wrong>" == lines[2]
    assert "    it should have failed, but succeeded with {" == lines[3]
    look = "look: http.get GET https://api.example.com/orders/7?full=true"
    assert f"      2026-01-01T00:00:00.000Z {look}" in lines
    assert "      2026-01-01T00:00:00.000Z NOTICE announce: 7 waits" in lines
    assert lines[-1].startswith("1 failed, 1 passed in ")


@pytest.mark.parametrize(
    ("words", "cases"), [("approved", 1), ("NOBODY", 2), ("good/", 2), ("other.test.yaml::is", 1)]
)
def test_cases_when_they_are_chosen(
    words: str, cases: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """-k runs the cases that have some words in their file or name."""
    run(["-v", "-k", words])

    assert cases == capsys.readouterr().out.count("::")


def test_report_when_it_is_for_machines() -> None:
    """The JUnit report is XML, and counts."""
    run([".", "--junit-xml", "report.xml"])

    begun: list[tuple[str, dict[str, str]]] = []
    parser = ParserCreate()
    parser.StartElementHandler = lambda tag, attributes: begun.append((tag, attributes))
    parser.Parse(Path("report.xml").read_bytes())
    counts = [(found["tests"], found["failures"]) for tag, found in begun if "suite" in tag]
    assert [("4", "1"), ("2", "1"), ("2", "0")] == counts
    assert ["is <wrong>", "nobody answers", "approved", "nobody answers"] == [
        found["name"] for tag, found in begun if tag == "testcase"
    ]
    assert 1 == sum(tag == "failure" for tag, _ in begun)


def test_report_when_a_file_is_bad() -> None:
    """A file that will not do is an error in the JUnit report."""
    Path("bad/bad.test.yaml").write_text("cases: {}")
    run([".", "--junit-xml", "report.xml"])

    report = Path("report.xml").read_text()
    assert '<testsuites tests="5" failures="1" errors="1"' in report
    assert '<error message="bad/bad.test.yaml:1:8: this must be a list, not a map"/>' in report


def test_case_when_it_is_of_a_subworkflow(capsys: pytest.CaptureFixture[str]) -> None:
    """A case may be about one subworkflow."""
    Path("sub.yaml").write_text(
        "main: {steps: [{s: {return: 1}}]}\nsub: {steps: [{t: {return: 2}}]}"
    )
    Path("sub.test.yaml").write_text(
        "cases: [{name: a, subworkflow: sub, argument: {}, expect: {result: 2}}]"
    )

    assert 0 == run(["sub.test.yaml", "--coverage"])
    assert [
        "sub.yaml: 1 of 2 steps reached",
        "    line 1: s (routine main)",
    ] == capsys.readouterr().out.splitlines()[-2:]


def test_coverage_when_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """Steps that no case reached are listed with their lines."""
    run(["good", "--coverage"])
    whole = capsys.readouterr().out.splitlines()[-1]
    run(["good", "--coverage", "-k", "nobody"])

    assert "good/approval.yaml: 6 of 6 steps reached" == whole
    assert [
        "good/approval.yaml: 5 of 6 steps reached",
        "    line 31: finish (routine main)",
    ] == capsys.readouterr().out.splitlines()[-2:]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cases: [{name: a, stub: []}]", "bad.test.yaml:1:19: unknown key 'stub'; did you mean"),
        ("cases: [{name: a}, {name: a}]", "bad.test.yaml:1:27: there is another case named 'a'"),
        ("definition: none.yaml\ncases: [{name: a}]", "bad.test.yaml:1:13: there is no file none"),
        ("cases: [{name: a}]", "bad.test.yaml:1:1: there is no bad.yaml: name the file with"),
        (
            "definition: good/aproval.yaml\ncases: [{name: a}]",
            "bad.test.yaml:1:13: there is no file good/aproval.yaml; did you mean 'approval.yaml'?",
        ),
        ("", "bad.test.yaml:1:1: there is nothing in this file: 'cases' is missing"),
        ("cases: []\n---\ncases: []", "bad.test.yaml:2:1: the source holds more than one YAML"),
        ("definition: bad.test.yaml\ncases: [{name: a}]", "bad.test.yaml:1:1: "),
        (
            f"{DEFINITION}stubs:\n  - step: lok\n    answer: {{}}\ncases: [{{name: a}}]",
            "bad.test.yaml:3:11: no step 'lok' does anything in approval.yaml; did you mean 'look'",
        ),
        (
            f"{DEFINITION}cases:\n  - name: a\n    callbacks: [{{awaiting: w}}]",
            "bad.test.yaml:4:28: no step 'w' does anything in approval.yaml",
        ),
        (
            f"{DEFINITION}cases:\n  - name: a\n    expect: {{calls: [{{step: w}}]}}",
            "bad.test.yaml:4:29: no step 'w' does anything in approval.yaml",
        ),
        (
            f"{DEFINITION}stubs:\n  - step: wait\n    answer: {{}}\ncases: [{{name: a}}]",
            "bad.test.yaml:3:11: step 'wait' makes no call that a stub answers in approval.yaml; ",
        ),
        (
            f"{DEFINITION}cases:\n  - name: a\n    callbacks: [{{step: wait}}]",
            "bad.test.yaml:4:24: step 'wait' creates no endpoint in approval.yaml; those that do: ",
        ),
        (
            f"{DEFINITION}cases:\n  - name: a\n    callbacks: [{{awaiting: open}}]",
            "bad.test.yaml:4:28: step 'open' awaits no callback in approval.yaml; those that do: ",
        ),
        (
            f"{DEFINITION}cases:\n  - name: a\n    expect: {{logs: [{{step: look}}]}}",
            "bad.test.yaml:4:28: step 'look' logs nothing in approval.yaml; those that do: ",
        ),
        (
            f"{DEFINITION}cases:\n  - name: a\n    subworkflow: mian",
            "bad.test.yaml:4:5: there is no subworkflow 'mian'; did you mean 'main'?",
        ),
        (
            f"{DEFINITION}cases:\n  - name: a\n    subworkflow: main\n    argument: {{}}",
            "bad.test.yaml:5:5: main misses an argument for 'order'",
        ),
        (
            f"{DEFINITION}cases:\n  - name: a\n    env: {{GOOGLE_CLOUD_PROJECT_ID: a/b}}",
            "bad.test.yaml:4:5: the variables GOOGLE_CLOUD_… make no name: projects/a/b/",
        ),
    ],
)
def test_file_when_it_is_bad(text: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong with a file is said with its place, the others are run, and the status is 2."""
    Path("bad.test.yaml").write_text(text)

    assert 2 == run(["bad.test.yaml", "good"])
    printed = capsys.readouterr()
    assert printed.err.startswith(said)
    assert "2 passed, 1 bad file in" in printed.out


def test_file_when_several_steps_are_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    """All of them are said, each with its place."""
    Path("bad.test.yaml").write_text(
        f"{DEFINITION}stubs:\n  - step: lok\n    answer: {{}}\n"
        "cases:\n  - name: a\n    subworkflow: b\n    callbacks: [{step: opn}]"
    )

    assert 2 == run(["bad.test.yaml"])
    assert ["bad.test.yaml:3:11", "bad.test.yaml:7:5", "bad.test.yaml:8:24"] == [
        line.partition(": ")[0] for line in capsys.readouterr().err.splitlines()
    ]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("good/approval.yaml", ": this is no test file; did you mean good/approval.test.yaml?"),
        ("lone.yaml", ": this is no test file (.test.yaml, .test.yml, .test.json), it has no"),
        ("cases.yaml", ":1:1: name the file that is tested with 'definition'"),
        ("none.test.yaml", ": No such file or directory"),
        ("bare", ": there are no *.test.yaml files here"),
    ],
)
def test_path_when_it_is_no_test_file(
    name: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What there is instead is said."""
    Path("bare").mkdir()
    Path("lone.yaml").write_text("- s: {return: 1}")
    Path("cases.yaml").write_text("cases: [{name: a}]")

    assert 2 == run([name])
    assert capsys.readouterr().err.startswith(f"{name}{said}")


def test_path_when_any_file_has_cases() -> None:
    """A file of another name may hold cases, if it names its definition."""
    Path("cases.yaml").write_text(f"{DEFINITION}cases: [{{name: a, expect: {{error: '*'}}}}]")

    assert 0 == run(["cases.yaml"])


def test_report_when_it_cannot_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    """That is an error, and no traceback."""
    assert 2 == run(["good", "--junit-xml", "none/report.xml"])
    assert "Error: --junit-xml none/report.xml: No such file or directory\n" == (
        capsys.readouterr().err
    )


def test_words_when_no_case_has_them(capsys: pytest.CaptureFixture[str]) -> None:
    """That no case was run is explained."""
    assert 2 == run(["good", "-k", "nothing"])
    assert "No case has 'nothing' in its file or name.\n" == capsys.readouterr().err


def test_report_when_callbacks_reach_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Why each of them did is said beside the case that is not as expected."""
    callbacks = [
        {"step": "open", "method": "get"},
        {"step": "open", "after": 3601},
        {"awaiting": "wait", "after": 3602},
        {"awaiting": "wait"},
        {"step": "open", "endpoint": 2},
        {"endpoint": 3},
    ]
    case = {**UNANSWERED, "callbacks": callbacks, "expect": {"result": 1}}
    Path("good/approval.test.yaml").write_text(json.dumps({**CASES, "cases": [case]}))

    assert 1 == run(["good"])
    printed = capsys.readouterr().out
    takes = "the endpoint of step 'open' takes POST, not GET"
    late = "but the run ended at 2026-01-01T01:00:00.000Z"
    place = "good/approval.test.yaml:1: it was"
    assert "callbacks that reached nothing:" in printed
    assert [
        f"{place} refused at 2026-01-01T00:00:00.000Z: {takes}",
        f"{place} due at 2026-01-01T01:00:01.000Z, {late}",
        f"{place} due at 2026-01-01T01:00:02.000Z, {late}",
        f"{place} not sent, for step 'wait' waited only once",
        f"{place} not sent, for step 'open' created only 1 of its endpoints",
        f"{place} not sent, for the run created only 1 of its endpoints",
    ] == [line.strip() for line in printed.splitlines() if ": it was" in line]


def test_report_when_entries_are_maps(capsys: pytest.CaptureFixture[str]) -> None:
    """They are shown as JSON."""
    Path("logs.yaml").write_text(
        "- log: {call: sys.log, args: {json: {'paid': true, 'by': null, 'to': 'Ada'}}}"
    )
    Path("logs.test.yaml").write_text("cases: [{name: a, expect: {result: 1}}]")

    assert 1 == run(["logs.test.yaml"])
    assert 'DEFAULT log: {"by": null, "paid": true, "to": "Ada"}' in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["none"], ["good/.hidden/.."], ["good", "-k", "nothing"]])
def test_status_when_there_is_nothing_to_run(arguments: list[str]) -> None:
    """Nothing is not taken for success."""
    Path("good/approval.test.yaml").unlink()

    assert 2 == run(arguments)


def test_ringback_when_it_tests(tmp_path: Path) -> None:
    """The command is part of the command line."""
    done = subprocess.run(
        [RINGBACK, "test", "good", "--verbose"],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ("", 0) == (done.stderr, done.returncode)
    assert "good/approval.test.yaml::approved PASSED" in done.stdout
