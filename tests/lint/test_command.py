"""`ringback lint`: what it reads, what it prints, how it ends."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from ringback_server.lang.findings import RULES
from ringback_server.lint.command import UNREADABLE, run

RIGHT = "- s: {return: 1}\n"
WARNED = "- s: {return: \"${'a'}\"}\n"
WRONG = "- s: {return: '${x}'}\n- t: {nxt: s}\n"
LEVELS = {"none", "note", "warning", "error"}


class Input:
    """Standard input."""

    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write some definitions into the current directory."""
    monkeypatch.chdir(tmp_path)
    for name, text in {"right": RIGHT, "warned": WARNED, "wrong": WRONG, "a b#": WRONG}.items():
        Path(f"{name}.yaml").write_text(text, encoding="utf-8")
    Path("latin.yaml").write_bytes("- é: 1\n- ".encode() + b"\xe9\n")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["right.yaml"], 0),
        (["warned.yaml"], 0),
        (["warned.yaml", "--strict"], 1),
        (["right.yaml", "--strict"], 0),
        (["wrong.yaml"], 1),
        (["right.yaml", "wrong.yaml"], 1),
        (["latin.yaml"], 1),
        (["missing.yaml"], 1),
    ],
)
@pytest.mark.parametrize("form", ["text", "json", "sarif"])
def test_status_when_files_are_linted(arguments: list[str], status: int, form: str) -> None:
    """Errors fail, warnings do only with --strict."""
    assert status == run([*arguments, "--format", form])


@pytest.mark.parametrize("arguments", [[], ["right.yaml", "--format", "xml"], ["--stric"]])
def test_status_when_arguments_are_wrong(arguments: list[str]) -> None:
    """Misuse is told from failure."""
    with pytest.raises(SystemExit) as caught:
        run(arguments)

    assert 2 == caught.value.code


def test_text_when_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """Each finding is a line that editors can follow."""
    run(["right.yaml", "wrong.yaml", "warned.yaml"])

    message = "in step t: unknown key 'nxt' in a step; did you mean 'next'?"
    assert [
        f"wrong.yaml:2:7: error: {message} [invalid-definition]",
        'warned.yaml:1:18: warning: write "a" with double quotes [single-quoted-string]',
    ] == capsys.readouterr().out.splitlines()


def test_json_when_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """The findings are listed with all that is known of them."""
    run(["wrong.yaml", "warned.yaml", "--format", "json"])

    report = json.loads(capsys.readouterr().out)
    assert (1, 1) == (report["errors"], report["warnings"])
    assert {
        "file": "wrong.yaml",
        "line": 2,
        "column": 7,
        "length": 3,
        "severity": "error",
        "rule": "invalid-definition",
        "step": "t",
        "message": "unknown key 'nxt' in a step; did you mean 'next'?",
    } == report["findings"][0]


def test_files_when_they_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong with a file is said, and the others are linted."""
    run(["missing.yaml", "latin.yaml", ".", "wrong.yaml"])

    missing, latin, folder, wrong = capsys.readouterr().out.splitlines()
    assert "missing.yaml:1:1: error: No such file or directory [unreadable-file]" == missing
    assert "latin.yaml:2:3: error: the file is not UTF-8 [unreadable-file]" == latin
    assert ".:1:1: error: Is a directory [unreadable-file]" == folder
    assert wrong.startswith("wrong.yaml:2:7:")


def test_standard_input_when_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`-` is the standard input."""
    monkeypatch.setattr("sys.stdin", Input(WRONG.encode()))

    assert 1 == run(["-"])
    assert capsys.readouterr().out.startswith("-:2:7: error: in step t:")


def test_sarif_when_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """The log has what the schema of SARIF 2.1.0 requires, and its indexes lead somewhere."""
    absolute = str(Path.cwd() / "wrong.yaml")
    run(["a b#.yaml", "warned.yaml", "missing.yaml", absolute, "--format", "sarif"])

    log: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert ({"$schema", "version", "runs"}, "2.1.0") == (set(log), log["version"])
    (run_,) = log["runs"]
    driver = run_["tool"]["driver"]
    assert ("ringback", "unicodeCodePoints") == (driver["name"], run_["columnKind"])
    assert all(rule["shortDescription"]["text"] for rule in driver["rules"])
    assert LEVELS >= {rule["defaultConfiguration"]["level"] for rule in driver["rules"]}
    uris = [check_result(result, driver["rules"]) for result in run_["results"]]
    assert [
        "a b#.yaml",
        "warned.yaml",
        "missing.yaml",
        Path(absolute).as_uri(),
    ] == uris


def check_result(result: dict[str, Any], rules: list[dict[str, Any]]) -> str:
    """Check a result of a log, and return the file it is about."""
    assert result["ruleId"] == rules[result["ruleIndex"]]["id"]
    assert result["level"] in LEVELS
    assert result["message"]["text"]
    (location,) = result["locations"]
    region = location["physicalLocation"]["region"]
    assert region["startLine"] >= 1
    assert 1 <= region["startColumn"] <= region["endColumn"]
    uri: str = location["physicalLocation"]["artifactLocation"]["uri"]
    assert re.fullmatch(r"[\w\-.~:/%]+", uri)
    return unquote(uri)


def test_sarif_when_there_is_nothing_to_say(capsys: pytest.CaptureFixture[str]) -> None:
    """A clean file gives a run without results, which says that it was looked at."""
    run(["right.yaml", "--format", "sarif"])

    (run_,) = json.loads(capsys.readouterr().out)["runs"]
    assert ([], []) == (run_["results"], run_["tool"]["driver"]["rules"])


def test_rules_when_listed() -> None:
    """Rules have ids of their own, and a sentence each."""
    rules = [*RULES, UNREADABLE]

    assert len(rules) == len({rule.id for rule in rules})
    assert all(re.fullmatch(r"[a-z-]+", rule.id) and rule.summary.endswith(".") for rule in rules)
