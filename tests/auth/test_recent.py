"""The bounded memory of verified tokens and parsed keys."""

from __future__ import annotations

import pytest

from ringback_server.auth.recent import Recent


def test_recent_keeps_what_is_used() -> None:
    """An entry that is asked for outlives any number of others."""
    recent: Recent[int, str] = Recent(4)
    recent.put(-1, "used")
    for number in range(100):
        recent.put(number, "other")
        assert recent.get(-1) == "used"

    assert recent.get(99) == "other"
    assert recent.get(3) is None


@pytest.mark.parametrize("count", [3, 4, 5, 8, 9, 1000])
def test_recent_is_bounded(count: int) -> None:
    """Between its size and twice its size are kept."""
    recent: Recent[int, int] = Recent(4)
    for number in range(count):
        recent.put(number, number + 1)

    kept = sum(recent.get(number) is not None for number in range(count))
    assert min(count, 4) <= kept <= 8
    young, old = (int(word) for word in repr(recent).split() if word.isdigit())
    assert young + old <= 8
