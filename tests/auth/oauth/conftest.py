"""An authorization server for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.auth.instances import AccountKeys
from tests.auth.oauth.desk import Desk, desk_in


@pytest.fixture
def desk(account_keys: AccountKeys, tmp_path: Path) -> Iterator[Desk]:
    """Return a fresh server."""
    with desk_in(tmp_path / "data", account_keys) as made:
        yield made
