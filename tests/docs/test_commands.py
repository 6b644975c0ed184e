"""Whatever the documents tell to type works, and prints what they show."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.terminal import Terminal
from tests.docs.transcripts import Command, blocks, documents, matched, steps

ROOT = Path(__file__).parents[2]
WITH_STEPS = [path for path in documents(ROOT) if list(steps(path.read_text()))]

#: commands that make the environment in which everything else here runs
SET_UP = {"pip install .", "make setup", "make run", "make demo", ". .venv/bin/activate"}
#: commands that need what is not everywhere; tests/e2e/test_container.py does what they lead to
ENGINE = "docker "
SHELLS = {"sh", "bash", "shell", "shell-session"}


def shown_as(path: Path) -> str:
    """Return how a document is called in the names of tests."""
    return "/".join(path.relative_to(ROOT).with_suffix("").parts)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("document", WITH_STEPS, ids=shown_as)
def test_document_when_its_commands_are_typed(document: Path, tmp_path: Path) -> None:
    """The commands of a document, in order, do what it says."""
    with Terminal(tmp_path, ROOT) as terminal:
        for step in steps(document.read_text()):
            terminal.do(step)


@pytest.mark.parametrize("document", documents(ROOT), ids=shown_as)
def test_document_when_it_shows_commands_otherwise(document: Path) -> None:
    """Commands are in `console` blocks, which are run; others only make the environment."""
    lines = [
        line
        for block in blocks(document.read_text())
        if block.info and block.info[0] in SHELLS
        for line in block.text.splitlines()
        if not line.startswith(ENGINE)
    ]

    assert [] == [line for line in lines if line.partition("  #")[0].strip() not in SET_UP]


def test_steps_when_a_command_is_continued() -> None:
    """A command may have several lines, and its output ends at the next."""
    text = "```console\n$ a \\\n> b\nout\n\n$ c\n```\n"

    found = [(s.text, s.output) for s in steps(text) if isinstance(s, Command)]

    assert found == [("a \\\nb", "out\n"), ("c", "")]


def test_output_when_it_has_ports_and_gaps() -> None:
    """`…` stands for anything, columns may be wider, and a port is one of this run throughout."""
    shown = "… on 127.0.0.1:8787 and 8780\n…\nNAME  …\nend 8787"

    assert matched(shown, "x on 127.0.0.1:1 and 2\n\nb\nNAME    y\nend 1\n") == {
        "8787": "1",
        "8780": "2",
    }
    assert matched(shown, "x on 127.0.0.1:1 and 2\nNAME y\nend 2\n") is None
    assert matched("a", "a\nb") is None
    assert matched("a", "a\nb", whole=False) == {}
