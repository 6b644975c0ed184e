"""Keys made once, and an instance for each test."""

from __future__ import annotations

import pytest

from tests.auth.instances import AccountKeys, Instance


@pytest.fixture(scope="session")
def account_keys() -> AccountKeys:
    """Return two registered account keys."""
    return AccountKeys.new()


@pytest.fixture
def instance(account_keys: AccountKeys) -> Instance:
    """Return a fresh auth layer at a standing clock."""
    return Instance(account_keys)
