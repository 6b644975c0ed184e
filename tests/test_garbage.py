"""Garbage is looked for among what comes after the start."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from ringback_server import garbage


class Ring:
    """Refers to itself, so that only a collection can free it."""

    def __init__(self) -> None:
        self.own = self


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)
    gc.enable()


def test_settle_sets_aside_what_there_is() -> None:
    """A collection looks through little of what there was before, and nothing is off after."""
    garbage.ignore()
    assert not gc.isenabled()

    garbage.settle()

    assert gc.isenabled()
    assert gc.get_freeze_count() > 10 * len(gc.get_objects())


def test_settle_when_garbage_comes_later() -> None:
    """What comes after the start is still found, without anybody asking."""
    garbage.settle()

    for _ in range(20_000):
        Ring()

    assert sum(isinstance(each, Ring) for each in gc.get_objects()) < 10_000
