"""Programs that documents show are those that `make interop` runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.transcripts import blocks

ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / "tests" / "interop" / "generated"
SHORTEST = {
    "python": "python/shortest.py",
    "go": "go/shortest/main.go",
    "java": "java/src/main/java/example/Shortest.java",
    "typescript": "node/src/shortest.ts",
    "rust": "rust/src/bin/shortest.rs",
    "yaml": "hello.yaml",
}
INCLUDED = re.compile(r"^```\{literalinclude\} (\S+)$", re.MULTILINE)


@pytest.mark.parametrize("language", SHORTEST)
def test_readme_when_it_shows_the_shortest_program(language: str) -> None:
    """README.md shows each as it is run."""
    shown = [
        block.text + "\n"
        for block in blocks((ROOT / "README.md").read_text())
        if block.info == (language,)
    ]

    assert [(PROGRAMS / SHORTEST[language]).read_text()] == shown


def test_pages_when_they_show_programs() -> None:
    """Each program, and how it is built, is on a page: what is run is what is read."""
    pages = ROOT / "docs" / "clients"
    included = {
        (pages / name).resolve()
        for page in pages.glob("*.md")
        for name in INCLUDED.findall(page.read_text())
    }
    kinds = ("build.sh", "*.go", "*.java", "*.rs", "python/*.py", "node/src/*.ts")
    programs = {path for kind in kinds for path in PROGRAMS.rglob(kind)}
    shown = programs - {PROGRAMS / name for name in SHORTEST.values()}

    assert set() == shown - included
