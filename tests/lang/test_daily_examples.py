"""examples/daily: each definition does what its outcomes say, and there is nothing against it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from ringback_server.lang.limits import Limits
from ringback_server.lang.linter import lint
from tests.lang.playing import play

FOLDER = Path(__file__).parent.parent.parent / "examples" / "daily"
OUTCOMES = "outcomes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What becomes of a definition."""

    example: str
    about: str
    argument: object
    #: bodies in the order of the waits; "timeout" lets one expire, as do all that are missing
    callbacks: list[Any] = field(default_factory=list[Any])
    result: object = None
    error: object = None
    logs: list[str] | None = None
    seconds: float | None = None

    @property
    def source(self) -> str:
        """The definition."""
        return (FOLDER / f"{self.example}.yaml").read_text("utf-8")


EXPECTED = [Expected(**row) for row in yaml.safe_load((FOLDER / f"{OUTCOMES}.yaml").read_text())]
EXAMPLES = sorted(path.stem for path in FOLDER.glob("*.yaml") if path.stem != OUTCOMES)


@pytest.mark.parametrize("repack", [False, True], ids=["kept", "packed"])
@pytest.mark.parametrize(
    "expected", EXPECTED, ids=[f"{row.example}: {row.about}" for row in EXPECTED]
)
def test_example_when_run(expected: Expected, *, repack: bool) -> None:
    """Each example ends as it should, also when it is packed after every slice."""
    budget = 1 if repack else 1_000
    played = play(
        expected.source,
        expected.argument,
        script=expected.callbacks,
        budget=budget,
        repack=repack,
    )
    outcome = played.outcome

    if expected.error is not None:
        assert outcome.failure is not None, outcome.result
        assert expected.error == json.loads(outcome.failure.payload)
    else:
        assert outcome.failure is None
        assert expected.result == json.loads(outcome.result or "")
    if expected.logs is not None:
        assert expected.logs == [f"{log.severity} {log.text or log.json}" for log in played.logs]
    if expected.seconds is not None:
        assert expected.seconds == pytest.approx(played.seconds)


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_when_read(example: str) -> None:
    """Each example has an outcome and a row in the README, and lint has nothing against it."""
    source = (FOLDER / f"{example}.yaml").read_text("utf-8")

    assert () == lint(source, Limits())
    assert example in {row.example for row in EXPECTED}
    assert f"[{example}]({example}.yaml)" in (FOLDER / "README.md").read_text("utf-8")


def test_examples_when_counted() -> None:
    """There are ten."""
    assert len(EXAMPLES) == 10
