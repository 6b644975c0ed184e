"""Workflows as test cases: `tests/cases/*.yaml` holds programs and what must come of them.

A case fails at the line of its source that ends in `# error: TEXT`, and TEXT begins the context.
Each runs three times: at once, in slices of one step, and packed after every such slice.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from ringback_server.lang.limits import RunLimits
from tests.lang.playing import Played, play

CASES = Path(__file__).parent.parent / "cases"
#: few steps, for cases that use them all
LIMITS = RunLimits(steps=5_000)
MARK = "# error: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A workflow, what happens to it, and what must come of it."""

    id: str
    about: str
    source: str
    argument: object = None
    #: callback bodies in the order of the awaits; "timeout" lets one expire
    script: list[Any] = field(default_factory=list[Any])
    env: dict[str, str] = field(default_factory=dict[str, str])
    result: object = None
    #: the error value, if it fails
    payload: object = None
    #: routine and step of each frame, innermost first, if it fails
    stack: list[str] | None = None
    #: `SEVERITY text` of each entry
    logs: list[str] | None = None
    #: seconds that it must wait altogether
    seconds: float | None = None
    steps: int | None = None


def cases() -> list[Any]:
    """Return the cases of all files."""
    found: list[Any] = []
    for path in sorted(CASES.glob("*.yaml")):
        for row in yaml.safe_load(path.read_text("utf-8")):
            case = Case(**row)
            found.append(pytest.param(case, id=f"{path.stem}:{case.id}"))
    return found


@pytest.mark.parametrize(
    ("budget", "repack"), [(4_000, False), (1, False), (1, True)], ids=["whole", "sliced", "packed"]
)
@pytest.mark.parametrize("case", cases())
def test_case(case: Case, budget: int, *, repack: bool) -> None:
    """A workflow gives the result that its case says."""
    played = play(
        case.source,
        case.argument,
        script=case.script,
        environment=case.env,
        budget=budget,
        repack=repack,
        limits=LIMITS,
    )

    if MARK in case.source:
        _check_failure(case, played)
    else:
        assert played.outcome.failure is None
        assert case.result == json.loads(played.outcome.result or "")
    if case.logs is not None:
        assert case.logs == [f"{log.severity} {log.text or log.json}" for log in played.logs]
    if case.seconds is not None:
        assert case.seconds == pytest.approx(played.seconds)
    if case.steps is not None:
        assert case.steps == played.steps


def _check_failure(case: Case, played: Played) -> None:
    failure = played.outcome.failure
    assert failure is not None, played.outcome.result
    lines = case.source.splitlines()
    (line,) = [number for number, text in enumerate(lines, 1) if MARK in text]
    assert line == failure.stack[0].line
    assert failure.context.startswith(lines[line - 1].partition(MARK)[2])
    if case.payload is not None:
        assert case.payload == json.loads(failure.payload)
    if case.stack is not None:
        assert case.stack == [f"{frame.routine}.{frame.step}" for frame in failure.stack]
