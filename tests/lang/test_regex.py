"""Regular expressions: matches that do not overlap, and patterns made to take for ever."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringback_server.lang import regex
from ringback_server.lang.errors import WorkflowError, headline

LONG = 256 * 1024


def refusal(pattern: str, text: str) -> str:
    """Return the message of the error that finding all matches raises."""
    with pytest.raises(WorkflowError) as caught:
        list(regex.spans(pattern, text))
    return headline(caught.value.value)


#: without alternatives, for which longest and first match differ
patterns = st.lists(st.sampled_from(["a", "é", "a*", "[ab]+", "b?", ".", "$", r"\b", "😀{1,2}"]))


@given(patterns, st.text("abé😀 \n"))
def test_spans_when_compared_with_python(parts: list[str], text: str) -> None:
    """Greedy patterns match where Python's do, but for an empty match right behind a match."""
    pattern = "".join(parts).replace("$", r"\z")
    python = re.compile(pattern.replace(r"\z", r"\Z"), re.ASCII)
    expected: list[tuple[int, int]] = []
    for found in python.finditer(text):
        if not expected or found.end() > expected[-1][1]:
            expected.append(found.span())

    assert expected == list(regex.spans(pattern, text))


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(a+)+$", "a" * LONG + "b"),
        ("(a|a)+$", "a" * LONG + "b"),
        ("(a*)*b", "a" * LONG),
        ("^(.*?,){11}P", "1,2,3,4,5,6,7,8,9,10,11," * 10_000),
        ("a?" * 100 + "a" * 100, "a" * 100),
        ("[ab]*a[ab]{20}c", "ab" * 10_000),
        (r"\s+$", " " * LONG + "x"),
    ],
)
def test_matches_when_a_pattern_would_backtrack(pattern: str, text: str) -> None:
    """What keeps a backtracking matcher busy for years ends at once."""
    assert regex.matches(pattern, text) is (pattern.startswith("a?"))


@pytest.mark.parametrize("pattern", ["(((a{100}){100}){100})", "a{1001}", "((a{900}){900})"])
def test_pattern_when_its_program_is_too_large(pattern: str) -> None:
    """A pattern whose program would not fit is a ValueError."""
    assert refusal(pattern, "").startswith("ValueError: invalid regular expression")


def test_pattern_when_too_long() -> None:
    """A pattern has a bound of its own."""
    assert refusal("a" * (regex.MAX_PATTERN + 1), "") == (
        "ValueError: a regular expression may have 4096 characters at most"
    )


def test_pattern_when_too_large_for_the_text() -> None:
    """A large program is refused for a long text only."""
    pattern = "[ab]*a[ab]{900}[cd]{900}[ef]{900}"

    assert [] == list(regex.spans(pattern, "ab"))
    assert refusal(pattern, "a" * LONG).startswith("ResourceLimitError")


def test_spans_when_every_search_runs_to_the_end() -> None:
    """A search for something far away, from everywhere, is given up."""
    assert refusal("(?s)a.*b|a", "a" * LONG).startswith("ResourceLimitError")


@pytest.mark.parametrize("pattern", [r"\s+", "x", "[^x]{2}", r"\bx"])
def test_spans_when_there_are_many(pattern: str) -> None:
    """Ordinary patterns may match all over the longest text."""
    text = "x " * (LONG // 2)

    assert len(list(regex.spans(pattern, text))) >= LONG // 4 or pattern == "[^x]{2}"
