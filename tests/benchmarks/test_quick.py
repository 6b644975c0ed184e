"""Which figures count as slower than they were."""

from __future__ import annotations

from benchmarks.quick import slower


def test_slower_when_some_lost_more_than_the_tolerance() -> None:
    """A ratio may lose 30 %; one that is not measured any more counts, a new one does not."""
    stored = {"kept": 1.0, "a little": 1.0, "much": 1.0, "gone": 1.0}
    measured = {"kept": 1.2, "a little": 0.71, "much": 0.69, "new": 0.1}

    assert ["much", "gone"] == slower(stored, measured)
