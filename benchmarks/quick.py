"""`python -m benchmarks.quick`: finds what has become much slower than it was.

A ratio is a figure as a share of what the echo server, or plain Python, does in the rounds next to
it, so that it says little about the machine. The echo server keeps to one core, as Ringback does,
so that it says nothing about their number either. Those of benchmarks/ratios.json are compared;
with `--store` they are replaced by the lowest of as many measurements as a comparison may take.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.asking import ROOT
from benchmarks.bench import Bench, Options
from benchmarks.rows.table import ROWS

_RATIOS = ROOT / "benchmarks" / "ratios.json"
_ROWS = ("start", "send", "callback", "callback-loops", "cold-start", "language")
#: many short rounds: whoever else uses the machine comes and goes, and medians forget them
_OPTIONS = Options(seconds=0.8, rounds=7, callbacks=25, peers=(), echo_cores=1)
#: how much of its ratio a figure may lose
_TOLERANCE = 0.3
#: how often a row that seems slower is measured again before it counts, if that begins in time
_DOUBTS = 2
_DOUBT_SECONDS = 180.0


def main(arguments: Sequence[str]) -> int:
    """Compare; 1 if a ratio fell by more than the tolerance each time it was measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quick")
    parser.add_argument("--store", action="store_true", help="write down the ratios measured")
    if parser.parse_args(arguments).store:
        lowest = _lowest([_measured(_ROWS) for _ in range(1 + _DOUBTS)])
        _RATIOS.write_text(json.dumps(lowest, indent=1, sort_keys=True) + "\n")
        return 0
    stored: dict[str, float] = json.loads(_RATIOS.read_text())
    best: dict[str, float] = {}
    rows: Sequence[str] = _ROWS
    begun = time.monotonic()
    for _ in range(1 + _DOUBTS):
        for name, ratio in _measured(rows).items():
            best[name] = max(ratio, best.get(name, 0.0))
        rows = _slower_rows(stored, best)
        if not rows or time.monotonic() - begun > _DOUBT_SECONDS:
            break
    _print(stored, best)
    return 1 if slower(stored, best) else 0


def _measured(rows: Sequence[str]) -> dict[str, float]:
    """Measure rows and return the ratios of their figures."""
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        bench = Bench(home=Path(home), options=_OPTIONS)
        return {
            f"{figure.row}: {figure.what}": round(figure.ratio, 4)
            for row in rows
            for figure in ROWS[row](bench)
            if figure.ratio is not None
        }


def _lowest(measurements: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the lowest ratio of each figure: what a comparison takes the best of may reach."""
    return {name: min(one[name] for one in measurements) for name in measurements[0]}


def slower(stored: Mapping[str, float], measured: Mapping[str, float]) -> list[str]:
    """Return the figures that have lost too much, or are gone."""
    return [
        name for name, was in stored.items() if measured.get(name, 0.0) < was * (1 - _TOLERANCE)
    ]


def _slower_rows(stored: Mapping[str, float], measured: Mapping[str, float]) -> list[str]:
    return sorted({name.partition(":")[0] for name in slower(stored, measured)})


def _print(stored: Mapping[str, float], measured: Mapping[str, float]) -> None:
    lost = slower(stored, measured)
    print(f"{'share of the yardstick':72} {'stored':>8} {'now':>8} {'change':>8}")
    for name, now in measured.items():
        was = stored.get(name)
        if was is None:
            print(f"{name:72} {'new':>8} {now:8.3f}")
            continue
        verdict = f"✗ more than {_TOLERANCE:.0%} slower" if name in lost else "✓"
        print(f"{name:72} {was:8.3f} {now:8.3f} {now / was - 1:+8.0%} {verdict}")
    for name in lost:
        if name not in measured:
            print(f"{name:72} {stored[name]:8.3f} {'-':>8}          ✗ not measured any more")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
