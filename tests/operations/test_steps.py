"""What an execution did, on the command line, against a whole server."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringback_client.cli.app import run
from tests.operations.running import Running, running

SOURCE = """
main:
  params: [n]
  steps:
    - first: {assign: [sum: 0]}
    - loop:
        for:
          value: v
          range: [1, '${n}']
          steps:
            - add: {call: twice, args: {x: '${v}'}, result: sum}
    - choose:
        switch:
          - condition: ${n > 100000}
            next: end
          - condition: true
            steps:
              - both:
                  parallel:
                    branches:
                      - left: {steps: [{a: {call: sys.log, args: {text: hello}}}]}
                      - right: {steps: [{b: {assign: [y: 1]}}]}
    - tried:
        try: {raise: {code: 7, message: too much}}
        retry: {predicate: '${again}', max_retries: 1, backoff: {initial_delay: 0}}
        except:
          as: e
          steps:
            - stop: {raise: '${e}'}
twice:
  params: [x]
  steps:
    - double: {return: '${x * 2}'}
again:
  params: [e]
  steps:
    - yes: {return: true}
"""

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """Return a server with the workflow `w`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("RINGBACK_")]:
        monkeypatch.delenv(name)
    with running(tmp_path / "ringback-data", monkeypatch) as started:
        Path("w.yaml").write_text(SOURCE)
        assert run(["-q", "deploy", "w", "--source=w.yaml"]) == 0
        yield started


def ringback(capsys: Captured, *arguments: str, code: int = 0) -> tuple[str, str]:
    """Run a command that ends as expected; return what it printed and what it said."""
    capsys.readouterr()
    found = run(arguments)
    output = capsys.readouterr()
    assert code == found, output.err
    return output.out, output.err


def executed(capsys: Captured, n: int, level: str = "execution-history-basic") -> str:
    """Execute the workflow until it has failed; return the execution's name."""
    given = ["--data", str(n), f"--execution-history-level={level}"]
    ringback(capsys, "run", "w", *given, code=1)
    printed, _ = ringback(capsys, "executions", "describe-last", "--format=value(name)")
    return printed.strip()


@pytest.mark.usefixtures("server")
def test_steps_as_a_tree(capsys: Captured) -> None:
    """Each step stands below the one it is inside of; loops are counted, errors told once."""
    name = executed(capsys, 2, "execution-history-detailed")
    printed, said = ringback(capsys, "executions", "steps", name)
    heading, *lines = printed.splitlines()

    assert ["STEP", "TYPE", "DURATION", "STATE"] == heading.split()
    assert "recorded" not in said
    assert "\x1b" not in printed
    at = heading.index("DURATION")
    assert [
        "first  assign",
        "loop  for (2)",
        "  [iteration 1 of 2]  iteration",
        "    add  subworkflow",
        "      double  return",
        "  [iteration 2 of 2]  iteration",
        "    add  subworkflow",
        "      double  return",
        "choose  switch",
        "  [condition 2 of 2]  condition",
        "    both  parallel (2)",
        "      left  branch",
        "        a  call",
        "      right  branch",
        "        b  assign",
        "tried  try",
        "  [attempt 1]  attempt",
        "    tried  raise",
        "  [retry 1]  retry",
        "    yes  return",
        "  [attempt 2]  attempt",
        "    tried  raise",
        "  [retry 2]  retry",
        "    yes  return",
        "  [except]  except",
        "    stop  raise",
    ] == [re.sub(r"(?<=\S) {2,}", "  ", line[:at].rstrip()) for line in lines]
    assert 3 == printed.count("FAILED too much")
    assert all(" ms" in line or " s" in line for line in lines)


@pytest.mark.usefixtures("server")
def test_steps_when_a_loop_is_long(capsys: Captured) -> None:
    """Its first iterations are shown, and all of them on demand."""
    name = executed(capsys, 40)
    short, _ = ringback(capsys, "executions", "steps", name)
    whole, _ = ringback(capsys, "executions", "steps", name, "--all")

    assert ["  … 35 more iterations"] == [line for line in short.splitlines() if "…" in line]
    assert (5, 40) == (short.count("[iteration"), whole.count("[iteration"))
    assert "for (40)" in short


@pytest.mark.usefixtures("server")
def test_steps_when_there_are_too_many(capsys: Captured) -> None:
    """It is said how many steps have no entry."""
    _, said = ringback(capsys, "executions", "steps", executed(capsys, 4_000))

    assert "2020 later steps were not recorded: there were too many." in said


@pytest.mark.usefixtures("server")
def test_steps_as_json(capsys: Captured) -> None:
    """Other forms have all that the API has."""
    name = executed(capsys, 2)
    printed, _ = ringback(capsys, "executions", "steps", name, "--format=json")
    values, _ = ringback(capsys, "executions", "steps", name, "--format=value(step,stepType)")

    assert "STEP_FOR" == json.loads(printed)[1]["stepType"]
    assert "first\tSTEP_ASSIGN" == values.splitlines()[0]


@pytest.mark.usefixtures("server")
def test_steps_when_none_were_recorded(capsys: Captured) -> None:
    """It is said how they are."""
    printed, said = ringback(capsys, "executions", "steps", executed(capsys, 2, "none"))

    assert "" == printed
    assert "--execution-history-level=execution-history-basic" in said


@pytest.mark.usefixtures("server")
def test_steps_on_a_terminal(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """There are colours on a terminal, and none with NO_COLOR."""
    name = executed(capsys, 2)
    monkeypatch.setenv("CLICOLOR_FORCE", "1")
    coloured, _ = ringback(capsys, "executions", "steps", name)
    monkeypatch.setenv("NO_COLOR", "1")
    plain, _ = ringback(capsys, "executions", "steps", name)

    assert "\x1b[31m" in coloured
    assert "\x1b" not in plain


@pytest.mark.usefixtures("server")
def test_export(capsys: Captured) -> None:
    """All that is stored about an execution is one document."""
    name = executed(capsys, 2)
    printed, _ = ringback(capsys, "executions", "export", name)
    document = json.loads(printed)

    assert name == document["execution"]["name"]
    assert ["hello"] == [entry["textPayload"] for entry in document["logEntries"]]
    assert "first" == document["stepEntries"][0]["step"]
