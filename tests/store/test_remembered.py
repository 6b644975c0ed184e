"""What is kept in memory of what was read."""

from __future__ import annotations

import pytest

from ringback_server.store.remembered import Remembered


def test_get_when_it_was_read_before() -> None:
    """A value is read once."""
    remembered = Remembered[str, int](2)
    values = iter((1, 2))

    assert [1, 1] == [remembered.get("a", values.__next__) for _ in range(2)]


def test_get_when_something_was_written() -> None:
    """A value is read again once something was written."""
    remembered = Remembered[str, int](2)
    values = iter((1, 2))
    remembered.get("a", values.__next__)
    remembered.forget()

    assert 2 == remembered.get("a", values.__next__)


def test_get_when_something_is_written_meanwhile() -> None:
    """What was read before a write is not remembered after it."""
    remembered = Remembered[str, int](2)

    def overtaken() -> int:
        remembered.forget()
        return 1

    remembered.get("a", overtaken)

    assert 2 == remembered.get("a", lambda: 2)


def test_get_when_there_are_many() -> None:
    """No more is remembered than the limit says."""
    remembered = Remembered[int, int](2)
    for key in range(3):
        remembered.get(key, lambda: 1)

    assert [2, 2, 2] == [remembered.get(key, lambda: 2) for key in range(3)]


def test_get_when_the_reading_fails() -> None:
    """A failure is not remembered."""
    remembered = Remembered[str, int](2)
    with pytest.raises(StopIteration):
        remembered.get("a", iter(()).__next__)

    assert 1 == remembered.get("a", lambda: 1)
