"""Waiting for what can be observed, in tests with real threads and processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

#: real seconds after which a test that waits for something fails
PATIENCE = 20.0
#: between two looks, so that what is waited for has the processor
_PAUSE = 0.002

Found = TypeVar("Found")


def until(probe: Callable[[], Found | None]) -> Found:
    """Return the first true answer of a probe; fail when none comes within PATIENCE seconds."""
    deadline = time.monotonic() + PATIENCE
    while not (found := probe()):
        if time.monotonic() > deadline:
            raise TimeoutError(probe)
        time.sleep(_PAUSE)
    return found
