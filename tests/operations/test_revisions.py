"""Revisions on the command line, against a whole server."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringback_client.cli.app import run
from tests.operations.running import Running, running

FIRST = "- a:\n    return: 1\n"
SECOND = "- a:\n    return: 2\n"

Captured = pytest.CaptureFixture[str]


class Terminal(io.StringIO):
    """A terminal at which somebody typed something."""

    def isatty(self) -> bool:
        """Tell that it is one."""
        return True


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """Return a server with two revisions of `w`; the definition of the second is in w.yaml."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("RINGBACK_")]:
        monkeypatch.delenv(name)
    with running(tmp_path / "ringback-data", monkeypatch) as started:
        for text, variables in ((FIRST, "A=1"), (SECOND, "A=2,B=3")):
            Path("w.yaml").write_text(text)
            deploy = ["deploy", "w", "--source=w.yaml", f"--set-env-vars={variables}"]
            assert run(["-q", *deploy]) == 0
        yield started


def ringback(capsys: Captured, *arguments: str, code: int = 0) -> tuple[str, str]:
    """Run a command that ends as expected; return what it printed and what it said."""
    capsys.readouterr()
    found = run(arguments)
    output = capsys.readouterr()
    assert code == found, output.err
    return output.out, output.err


def ids(capsys: Captured) -> list[str]:
    """Return the revisions of `w`, newest first."""
    printed, _ = ringback(
        capsys, "workflows", "list-revisions", "w", "--format", "value(revisionId)"
    )
    return printed.split()


@pytest.mark.usefixtures("server")
def test_list_revisions_when_there_are_two(capsys: Captured) -> None:
    """Revisions are listed newest first, with when they were made and for which account."""
    listed, _ = ringback(capsys, "list-revisions", "w")
    one, _ = ringback(capsys, "list-revisions", "w", "--limit=1", "--format=json")
    _, missing = ringback(capsys, "list-revisions", "missing", code=1)

    heading, *rows = [line.split() for line in listed.splitlines()]
    assert ["REVISION", "CREATED", "SERVICE_ACCOUNT"] == heading
    assert [["000002", "invoker"], ["000001", "invoker"]] == [
        [row[0].partition("-")[0], row[2].partition("@")[0]] for row in rows
    ]
    assert [SECOND] == [revision["sourceContents"] for revision in json.loads(one)]
    assert "ringback list" in missing


@pytest.mark.usefixtures("server")
def test_diff_when_revisions_differ(capsys: Captured) -> None:
    """What differs is a unified diff with a line for each variable, and exit status 1."""
    second, first = ids(capsys)
    printed, _ = ringback(capsys, "diff", "w", code=1)
    same = [ringback(capsys, "diff", "w", old, code=1)[0] for old in ("1", "000001", first)]
    back, _ = ringback(capsys, "diff", "w", "2", first, code=1)

    assert [
        f"--- w {first}",
        f"+++ w {second}",
        "@@ -1,2 +1,2 @@",
        " - a:",
        "-    return: 1",
        "+    return: 2",
        "env var A: '1' -> '2'",
        "env var B: none -> '3'",
    ] == printed.splitlines()
    assert [printed] * 3 == same
    assert f"--- w {second}\n+++ w {first}\n" in back


@pytest.mark.usefixtures("server")
def test_diff_when_it_is_with_a_file(capsys: Captured) -> None:
    """A file is compared with the latest revision, or with the one that is named."""
    same, _ = ringback(capsys, "diff", "w", "--source", "w.yaml")
    older, _ = ringback(capsys, "diff", "w", "1", "--source", "w.yaml", code=1)

    assert "" == same
    assert ["-    return: 1", "+    return: 2"] == older.splitlines()[-2:]
    assert "w.yaml (new)" in older.splitlines()[1]


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing"], "workflows/missing was not found"),
        (["w", "7"], "w has no revision 7.\nSee which there are with: ringback list-revisions w"),
        (["w", "000001-zzz"], "workflows/w has no revision 000001-zzz.\nSee which there are"),
        (["w", "1", "2", "--source", "w.yaml"], "goes with one REVISION at most"),
        (["w", "--source", "none.yaml"], "cannot read none.yaml"),
        (["one"], "one has one revision"),
    ],
)
def test_diff_when_there_is_nothing_to_compare(
    arguments: list[str], said: str, capsys: Captured
) -> None:
    """Trouble is exit status 2, so that it is never taken for a difference."""
    run(["deploy", "one", "--source=w.yaml"])
    printed, found = ringback(capsys, "diff", *arguments, code=2)

    assert ("", True) == (printed, said in found.replace("│", "")), found


def test_rollback_when_nobody_is_asked(server: Running, capsys: Captured) -> None:
    """The revision before the latest is deployed with its variables; labels stay."""
    ringback(capsys, "deploy", "w", "--labels=team=blue")
    running_on = server.start()
    printed, said = ringback(capsys, "rollback", "w", "--format=value(revisionId)")
    described, _ = ringback(capsys, "describe", "w", "--format=json")
    result, _ = ringback(capsys, "-q", "run", "w")
    _, again = ringback(capsys, "rollback", "w", "--to-revision=1")

    assert 3 == len(ids(capsys))
    found = json.loads(described)
    assert (printed.strip(), FIRST) == (found["revisionId"], found["sourceContents"])
    assert ({"A": "1"}, {"team": "blue"}) == (found["userEnvVars"], found["labels"])
    assert "-    return: 2\n+    return: 1\nenv var A: '2' -> '1'\nenv var B: '3' -> none" in said
    assert ("1\n", "SUCCEEDED") == (result, server.ended(running_on))
    assert "nothing was deployed" in again


@pytest.mark.usefixtures("server")
def test_rollback_when_somebody_is_asked(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a terminal a person is asked, but for --yes and --quiet."""
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    _, said = ringback(capsys, "rollback", "w", code=1)
    kept = ids(capsys)
    monkeypatch.setattr(sys, "stdin", Terminal(""))
    ringback(capsys, "rollback", "w", "--yes")
    _, quiet = ringback(capsys, "rollback", "w", "--to-revision", kept[0], "--quiet")

    assert "as a new revision of w?" in said
    assert "Nothing was deployed." in said
    assert (2, 4, "") == (len(kept), len(ids(capsys)), quiet)


@pytest.mark.usefixtures("server")
def test_rollback_when_there_is_no_such_revision(capsys: Captured) -> None:
    """A revision that is not there changes nothing, and leads to those that are."""
    _, said = ringback(capsys, "rollback", "w", "--to-revision=000009-abc", code=1)
    _, numbered = ringback(capsys, "rollback", "w", "--to-revision=9", code=2)

    assert "workflows/w has no revision 000009-abc." in said
    assert "ringback list-revisions WORKFLOW" in said
    assert "ringback list-revisions w" in numbered
    assert 2 == len(ids(capsys))
