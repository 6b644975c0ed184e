"""`python -m benchmarks.report`: puts the figures of a run into docs/performance.md, with plots.

What stands between the two marks of the page is replaced. Plots need matplotlib, which the
environment .bench/plots has; without it the tables are made alone.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from benchmarks.figures import Check, Figure, from_json, shown

_ROOT = Path(__file__).resolve().parent.parent
_BEGIN, _END = "<!-- figures -->", "<!-- end of figures -->"
TITLES: Mapping[str, str] = MappingProxyType(
    {
        "start": "Executions, from start to end",
        "send": "Callbacks a second",
        "callback": "One callback at a time",
        "callback-loops": "One callback at a time, beside four pure loops",
        "waiting": "Executions that wait",
        "deadlines": "Deadlines in the same second",
        "fairness": "Fairness between workflows",
        "retention": "Removing, writing and reading",
        "cold-start": "Cold start",
        "language": "The language",
        "tokens": "Tokens",
    }
)


class _Axes(Protocol):
    """As much of matplotlib's axes as is used here."""

    def barh(self, y: range, width: Sequence[float], *, color: Sequence[str]) -> object:
        """Draw bars."""
        ...

    def plot(self, x: Sequence[int], y: Sequence[float], *, marker: str, label: str) -> object:
        """Draw a line."""
        ...

    def set_yticks(self, ticks: range, labels: Sequence[str], *, fontsize: int) -> object:
        """Name the bars."""
        ...

    def invert_yaxis(self) -> None:
        """Put the first at the top."""
        ...

    def set_xscale(self, value: str) -> None:
        """Choose a scale."""
        ...

    def set_yscale(self, value: str) -> None:
        """Choose a scale."""
        ...

    def set_title(self, label: str, *, fontsize: int) -> object:
        """Say what is shown."""
        ...

    def legend(self, *, fontsize: int, loc: str, bbox_to_anchor: tuple[float, float]) -> object:
        """Say which line is which."""
        ...


def main(arguments: Sequence[str]) -> int:
    """Write the page's figures anew."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report")
    parser.add_argument("results", type=Path, nargs="?", default=_ROOT / "benchmarks/results.json")
    parser.add_argument("--page", type=Path, default=_ROOT / "docs" / "performance.md")
    asked = parser.parse_args(arguments)
    page: Path = asked.page
    results: dict[str, Any] = json.loads(asked.results.read_text())
    figures = [from_json(stored) for stored in results["figures"]]
    rows = {
        row: chosen
        for row in TITLES
        if (chosen := [figure for figure in figures if figure.row == row])
    }
    plots = _plot(rows, page.with_suffix("")) if find_spec("matplotlib") else set[str]()
    parts = [_described(results)]
    for row, chosen in rows.items():
        parts += [f"### {TITLES[row]}", _table(chosen)]
        if row in plots:
            parts.append(f"![{TITLES[row]}]({page.stem}/{row}.svg)")
    before, _, rest = page.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    page.write_text("\n\n".join([before + _BEGIN, *parts, _END + after]))
    return 0


def _described(results: Mapping[str, Any]) -> str:
    machine, options = results["machine"], results["options"]
    return (
        f"Measured on {machine['date']}, on {machine['cores']} cores that clients and servers "
        f"share, with Python {machine['python']} and grpcio {machine['grpcio']}; "
        f"{options['rounds']} rounds of {options['seconds']:g} s or of {options['callbacks']} "
        "callbacks, medians."
    )


def _table(figures: Sequence[Figure]) -> str:
    growing = any(figure.waiting for figure in figures)
    if growing:
        return _growth_table(figures)
    table = ["| figure | Ringback | beside it | wanted | got | |", "|---|---|---|---|---|---|"]
    for figure in figures:
        head = [figure.what, shown(figure.value, figure.unit), _beside(figure)]
        if not figure.checks:
            table.append(_row([*head, "", "", ""]))
        for number, check in enumerate(figure.checks):
            first = head if number == 0 else ["", "", ""]
            got = "not measured" if check.got is None else shown(check.got, check.unit)
            table.append(_row([*first, f"{check.wanted} ({check.what})", got, _verdict(check)]))
    return "\n".join(table)


def _growth_table(figures: Sequence[Figure]) -> str:
    """Return a table with a column for each number that waits, the targets last."""
    counts = sorted({figure.waiting or 0 for figure in figures})
    values = {(_steady(figure.what), figure.waiting): figure for figure in figures}
    heads = [f"{count:,}" for count in counts]
    table = [_row(["figure", *heads, "wanted", ""]), _row(["---"] * (len(counts) + 3))]
    for what in dict.fromkeys(_steady(figure.what) for figure in figures):
        found = [values.get((what, count)) for count in counts]
        checks = [check for figure in found if figure for check in figure.checks]
        wanted = checks[-1].wanted if checks else ""
        verdict = _verdict(checks[-1]) if checks else ""
        cells = ["" if figure is None else shown(figure.value, figure.unit) for figure in found]
        table.append(_row([what, *cells, wanted, verdict]))
    return "\n".join(table)


def _steady(what: str) -> str:
    """Leave out how long callbacks came: that differs with how many wait."""
    before, separator, after = what.partition(" for ")
    return f"{before},{after.partition(',')[2]}" if separator else what


def _beside(figure: Figure) -> str:
    return "; ".join(
        f"{name} {value if isinstance(value, str) else shown(value, figure.unit)}"
        for name, value in figure.beside.items()
    )


def _verdict(check: Check) -> str:
    return {True: "✓", False: f"✗ {check.gap}", None: "-"}[check.met]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plot(rows: Mapping[str, Sequence[Figure]], folder: Path) -> set[str]:
    """Draw each row that has something beside it or that grows; return which were drawn."""
    matplotlib: Any = import_module("matplotlib")
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "ringback"})
    pyplot: Any = import_module("matplotlib.pyplot")
    folder.mkdir(exist_ok=True)
    drawn: set[str] = set()
    for row, figures in rows.items():
        growing = [figure for figure in figures if figure.waiting]
        compared = [figure for figure in figures if figure.beside]
        if not growing and not compared:
            continue
        panels = _by_unit(growing) if growing else [[figure] for figure in compared]
        size = (8, 1 + 1.8 * len(panels))
        plot, axes = pyplot.subplots(len(panels), figsize=size, squeeze=False, layout="constrained")
        for panel, shown_ones in zip(axes[:, 0], panels, strict=True):
            (_draw_growth if growing else _draw_bars)(panel, shown_ones)
        plot.suptitle(TITLES[row])
        plot.savefig(folder / f"{row}.svg", metadata={"Date": None})
        pyplot.close(plot)
        drawn.add(row)
    return drawn


def _by_unit(figures: Sequence[Figure]) -> list[list[Figure]]:
    units = dict.fromkeys(figure.unit for figure in figures)
    return [[figure for figure in figures if figure.unit == unit] for unit in units]


def _draw_bars(axes: _Axes, figures: Sequence[Figure]) -> None:
    """Draw a figure and what was measured beside it."""
    (figure,) = figures
    measured = {"Ringback": figure.value} | {
        name: value for name, value in figure.beside.items() if not isinstance(value, str)
    }
    places = range(len(measured))
    colours = ["tab:blue" if name == "Ringback" else "tab:gray" for name in measured]
    axes.barh(places, list(measured.values()), color=colours)
    axes.set_yticks(places, list(measured), fontsize=8)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_title(f"{figure.what} ({figure.unit})", fontsize=8)


def _draw_growth(axes: _Axes, figures: Sequence[Figure]) -> None:
    """Draw figures of one unit, a line each, over how many executions wait."""
    for what in dict.fromkeys(_steady(figure.what) for figure in figures):
        line = [figure for figure in figures if _steady(figure.what) == what]
        counts = [figure.waiting or 0 for figure in line]
        axes.plot(counts, [figure.value for figure in line], marker="o", label=what)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_title(f"{figures[0].unit}, by the number of executions that wait", fontsize=8)
    axes.legend(fontsize=6, loc="center left", bbox_to_anchor=(1.0, 0.5))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
