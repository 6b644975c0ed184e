"""What the pytest plugin does: definitions run from tests, and test files as items."""

from __future__ import annotations

from collections.abc import Iterator
from operator import methodcaller
from pathlib import Path
from typing import TypeVar

import pytest

from ringback_server.local.cases import Trial, read_suite
from ringback_server.local.definitions import Runnable, read_runnable
from ringback_server.local.documents import BadFileError
from ringback_server.local.fitting import check_suite
from ringback_server.local.judging import judge
from ringback_server.local.reports import explanation
from ringback_server.local.runs import RunWorkflow


def collected(parent: pytest.Collector, path: Path) -> pytest.Collector:
    """Return what collects the cases of a test file."""
    return _child(_File, parent, path=path)


def bound(request: pytest.FixtureRequest) -> RunWorkflow:
    """Return what the fixture `run_workflow` is for a test."""

    def found(name: Path) -> Path:
        beside = request.path.parent / name
        return beside if beside.exists() else request.config.rootpath / name

    return RunWorkflow(found)


class _File(pytest.File):
    def collect(self) -> Iterator[pytest.Item]:
        try:
            suite = read_suite(self.path)
            runnable = read_runnable(suite.definition)
            check_suite(suite, runnable)
        except BadFileError as error:
            raise self.CollectError(str(error)) from None
        for case in suite.cases:
            item = _child(_Item, self, name=case.name)
            item.case, item.runnable = case, runnable
            yield item


class _Item(pytest.Item):
    case: Trial
    runnable: Runnable

    def runtest(self) -> None:
        verdict = judge(self.runnable, self.case)
        if not verdict.passed:
            pytest.fail(explanation(verdict), pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.case.line - 1, self.name


_Node = TypeVar("_Node", bound=pytest.File | pytest.Item)


def _child(kind: type[_Node], parent: pytest.Collector, **given: object) -> _Node:
    """Return a node as pytest makes them; its own signature has no types."""
    node: _Node = methodcaller("from_parent", parent, **given)(kind)
    return node
