"""What a deployer is told."""

from __future__ import annotations

import pytest

from ringback_server.lang.expressions import Position
from ringback_server.lang.problems import (
    MAX_PROBLEMS,
    DefinitionError,
    Problem,
    Problems,
    nearest,
    shown,
)


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (
            Problem("this is wrong", "step1", 3, 7),
            "failed to build: error in step step1: this is wrong (line 3, column 7)",
        ),
        (
            Problem("this is wrong", None, 1, 1),
            "failed to build: this is wrong (line 1, column 1)",
        ),
        (
            Problem("x", "a\nb", 1, 1),
            "failed to build: error in step a\ufffdb: x (line 1, column 1)",
        ),
    ],
)
def test_text_of_a_problem_when_shown(problem: Problem, expected: str) -> None:
    """A problem's text has Google's form, and ends with the place."""
    assert expected == str(problem)


def test_error_when_there_are_several_problems() -> None:
    """The error carries every problem in the order of the source, one to a line."""
    problems = Problems()
    problems.add("late", Position(2, 1, 1))
    problems.add("early", Position(1, 5, 1), "s")
    problems.add("late", Position(2, 1, 1))

    with pytest.raises(DefinitionError) as caught:
        problems.raise_any()

    assert ["early", "late"] == [problem.message for problem in caught.value.problems]
    assert str(caught.value).splitlines() == [str(problem) for problem in caught.value.problems]


def test_problems_when_there_are_as_many_as_are_reported() -> None:
    """Nobody looks for more than fifty."""
    problems = Problems()
    for line in range(1, MAX_PROBLEMS):
        problems.add("wrong", Position(line, 1, 1))

    with pytest.raises(DefinitionError) as caught:
        problems.add("wrong", Position(MAX_PROBLEMS, 1, 1))

    assert MAX_PROBLEMS == len(caught.value.problems)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("assgin", "; did you mean 'assign'?"),
        ("x", ""),
        ("assign" * 1000, ""),
    ],
)
def test_hint_when_a_word_is_unknown(word: str, expected: str) -> None:
    """Only a known word that is near is named."""
    assert expected == nearest(word, ["assign", "call", "return"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", "a"),
        ("a\nb", "a\ufffdb"),
        ("x" * 60, "x" * 60),
        ("x" * 50 + "y" * 50, "x" * 30 + "…" + "y" * 29),
    ],
)
def test_word_of_the_source_when_shown(text: str, expected: str) -> None:
    """A message stays on its line, and short; how a long word ends is not lost."""
    assert expected == shown(text)
