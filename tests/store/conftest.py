"""What tests of the store start from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ringback_server.store import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Open a new store; it is closed after the test."""
    opened = open_store(tmp_path / "data")
    yield opened
    opened.close()
