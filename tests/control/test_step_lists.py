"""How the filter of step entries compares texts with patterns."""

from __future__ import annotations

import re
import time

from hypothesis import given
from hypothesis import strategies as st

from ringback_server.control.step_lists import matches

_PARTS = st.lists(st.text("ab", max_size=3), min_size=2, max_size=4)


@given(parts=_PARTS, text=st.text("ab", max_size=8))
def test_matches_when_compared_with_expressions(parts: list[str], text: str) -> None:
    """A pattern holds where an expression with anything between its parts does."""
    expression = ".*".join(map(re.escape, parts))

    assert matches(parts, text, anywhere=False) is (re.fullmatch(expression, text) is not None)
    assert matches(parts, text, anywhere=True) is (re.search(expression, text) is not None)


def test_matches_when_a_pattern_is_made_to_take_long() -> None:
    """Hundreds of wildcards against a long name take no time."""
    begun = time.process_time()

    assert not matches(["", *["a"] * 900, "b"], "a" * 10_000, anywhere=False)
    assert time.process_time() - begun < 1.0
