"""The page of figures, made of a run's JSON."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.asking import ROOT
from benchmarks.figures import Check, Figure, as_json
from benchmarks.report import TITLES, main
from benchmarks.rows.table import ROWS

_MACHINE = {"date": "2026-01-02", "cores": 2, "python": "3.11.7", "grpcio": "1.85.1"}
_OPTIONS = {"rounds": 5, "seconds": 5.0, "callbacks": 200}
_MISSED = Check(what="database", got=950.0, bound=900.0, unit="B")


def test_page_when_figures_are_replaced(tmp_path: Path) -> None:
    """What stands between the marks is replaced, as often as one likes; the rest stays."""
    figures = [
        Figure(row="start", what="no-op", value=2_000.0, unit="/s", beside={"echo": 4_000.0}),
        Figure(row="waiting", what="database", value=600.0, unit="B", waiting=1_000),
        Figure(row="waiting", what="database", value=950.0, unit="B", waiting=10, checks=[_MISSED]),
    ]
    results = tmp_path / "results.json"
    stored = [as_json(figure) for figure in figures]
    results.write_text(json.dumps({"machine": _MACHINE, "options": _OPTIONS, "figures": stored}))
    page = tmp_path / "page.md"
    page.write_text("before\n\n<!-- figures -->\n\nold\n\n<!-- end of figures -->\n\nafter\n")

    arguments = [str(results), "--page", str(page)]
    texts = [(main(arguments), page.read_text())[1] for _ in range(2)]

    assert texts[0] == texts[1]
    assert texts[0].startswith("before\n\n<!-- figures -->\n\nMeasured on 2026-01-02, on 2 cores")
    assert texts[0].endswith("<!-- end of figures -->\n\nafter\n")
    assert "old" not in texts[0]
    assert "| no-op | 2,000 /s | echo 4,000 /s |  |  |  |" in texts[0]
    assert "| figure | 10 | 1,000 | wanted |  |" in texts[0]
    assert "| database | 950 B | 600 B | <= 900 B | ✗ 1.06 x off |" in texts[0]


def test_rows_when_described() -> None:
    """Each row has a title of its own in the report, and the page says what it is."""
    page = (ROOT / "docs" / "performance.md").read_text()

    assert list(ROWS) == list(TITLES)
    assert [] == [row for row in ROWS if f"\n| `{row}` | " not in page]
