"""Figures, their targets, and how they are written."""

from __future__ import annotations

import json

import pytest

from benchmarks.asking import Sample
from benchmarks.figures import Check, Figure, as_json, from_json, lines, share, shown

_SLOW = Check(what="p50", got=4.0, bound=2.0, unit="ms")
_FAST = Check(what="of the echo rate", got=0.5, bound=0.45, unit="%", at_least=True)
_SKIPPED = Check(what="times DBOS", got=None, bound=3.0, unit="x", at_least=True)
_FIGURE = Figure(
    row="start",
    what="no-op",
    value=2_000.0,
    unit="/s",
    beside={"echo": 4_000.0, "DBOS": "skipped, it is not there"},
    checks=(_SLOW, _FAST, _SKIPPED),
    waiting=1_000,
)


@pytest.mark.parametrize(
    ("check", "met", "gap"), [(_SLOW, False, "2.00 x off"), (_FAST, True, ""), (_SKIPPED, None, "")]
)
def test_check_when_reached_missed_or_skipped(check: Check, *, met: bool | None, gap: str) -> None:
    """A check knows whether its target was reached, and how far it is when not."""
    assert (met, gap) == (check.met, check.gap)


def test_figure_when_stored_and_read() -> None:
    """JSON gives back what was stored."""
    assert _FIGURE == from_json(json.loads(json.dumps(as_json(_FIGURE))))


def test_lines_when_peers_were_skipped() -> None:
    """A figure is a line, with what was beside it, and each of its targets another."""
    head, slow, fast, skipped = lines(_FIGURE)

    assert "1,000 waiting" in head
    assert head.endswith("2,000 /s   echo 4,000 /s, DBOS skipped, it is not there")
    assert slow.endswith("✗ 2.00 x off")
    assert fast.endswith("✓")
    assert "not measured" in skipped


def test_share_when_a_round_was_disturbed() -> None:
    """One bad round changes nothing."""
    assert 0.5 == share([50.0, 1.0, 60.0], [100.0, 100.0, 120.0])


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.456, "%", "46 %"),
        (1234.4, "/s", "1,234 /s"),
        (0.004, "ms", "0.004 ms"),
        (250, "ms", "250 ms"),
    ],
)
def test_shown_when_of_some_unit(value: float, unit: str, text: str) -> None:
    """Numbers are written as people read them."""
    assert text == shown(value, unit)


def test_sample_when_joined() -> None:
    """Rounds become one: quantiles over all, and the rate of all."""
    joined = Sample.joined(
        [Sample(seconds=1.0, took=[1.0, 2.0, 9.0]), Sample(seconds=2.0, took=[3.0, 4.0, 5.0])]
    )

    assert 2.0 == joined.rate
    assert (4.0, 9.0, 1.0) == (joined.quantile(0.5), joined.quantile(0.99), joined.quantile(0.0))
