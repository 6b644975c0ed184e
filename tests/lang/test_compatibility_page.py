"""docs/compatibility.md lists every chosen behaviour."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parent.parent.parent / "docs" / "compatibility.md"
ROW = re.compile(r"^\| (\d+) \| [^|]+ \| [^|]{40,} \|$", re.MULTILINE)
CHOICES = 33


def test_page_when_choices_are_counted() -> None:
    """Each choice has one row, with a question and an answer."""
    numbers = [int(number) for number in ROW.findall(PAGE.read_text("utf-8"))]

    assert list(range(1, CHOICES + 1)) == sorted(numbers)
