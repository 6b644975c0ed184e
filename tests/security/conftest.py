"""One server for all cells of the matrix."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.auth.instances import AccountKeys, Instance
from tests.auth.oauth.desk import Desk, desk_in
from tests.security.attacked import Attacked, attacked
from tests.security.callers import Callers
from tests.security.stage import Stage, staged


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Run a server."""
    with staged(tmp_path_factory.mktemp("stage")) as started:
        yield started


@pytest.fixture(scope="session")
def callers(stage: Stage) -> Callers:
    """Make its callers."""
    return Callers(stage)


@pytest.fixture(scope="session")
def account_keys() -> AccountKeys:
    """Return two registered account keys."""
    return AccountKeys.new()


@pytest.fixture
def instance(account_keys: AccountKeys) -> Instance:
    """Return a fresh auth layer at a standing clock."""
    return Instance(account_keys)


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    """Run a server process to attack; each attack leaves it as it was."""
    with attacked(tmp_path_factory.mktemp("target")) as started:
        yield started


@pytest.fixture
def desk(account_keys: AccountKeys, tmp_path: Path) -> Iterator[Desk]:
    """Return a fresh authorization server at a standing clock."""
    with desk_in(tmp_path / "desk", account_keys) as made:
        yield made
