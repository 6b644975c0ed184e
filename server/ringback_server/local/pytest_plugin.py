"""The pytest plugin: the fixture `run_workflow`, and test files as items.

Every run of pytest loads it where Ringback is installed, so what it does is loaded by name, once
there is use for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatch
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ringback_server.local.runs import RunWorkflow

_FILES = "ringback_files"
_ITEMS = "ringback_server.local.pytest_items"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the setting that says which files are collected; none unless it is set."""
    parser.addini(
        _FILES, "patterns of Ringback test files to collect, such as *.test.yaml", type="args"
    )


def pytest_collect_file(parent: pytest.Collector, file_path: Path) -> pytest.Collector | None:
    """Collect a test file if the settings ask for it."""
    patterns: Iterable[str] = parent.config.getini(_FILES)
    if not any(fnmatch(file_path.name, pattern) for pattern in patterns):
        return None
    collected: Callable[[pytest.Collector, Path], pytest.Collector]
    collected = import_module(_ITEMS).collected
    return collected(parent, file_path)


@pytest.fixture
def run_workflow(request: pytest.FixtureRequest) -> RunWorkflow:
    """Return a function that runs a definition with stubs.

    Names of files are relative to the test's, or else to pytest's root directory.
    """
    bound: Callable[[pytest.FixtureRequest], RunWorkflow] = import_module(_ITEMS).bound
    return bound(request)
