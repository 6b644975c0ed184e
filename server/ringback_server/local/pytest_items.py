"""What the pytest plugin does: definitions run from tests, and test files as items."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from operator import methodcaller
from pathlib import Path
from typing import TypeVar

import pytest

from ringback_server.local.cases import Case, read_suite
from ringback_server.local.definitions import Runnable, read_runnable
from ringback_server.local.documents import BadFileError
from ringback_server.local.judging import judge
from ringback_server.local.reports import explanation
from ringback_server.local.results import Result
from ringback_server.local.runs import CallbackLike, RunWorkflow, StubLike, run_definition
from ringback_server.local.step_names import check_steps


def collected(parent: pytest.Collector, path: Path) -> pytest.Collector:
    """Return what collects the cases of a test file."""
    return _child(_File, parent, path=path)


def bound(request: pytest.FixtureRequest) -> RunWorkflow:
    """Return what the fixture `run_workflow` is for a test."""

    def run(
        definition: str | Path,
        argument: object = None,
        *,
        stubs: str | Path | Iterable[StubLike] = (),
        callbacks: Iterable[CallbackLike] = (),
        env: Mapping[str, str] | None = None,
        now: float | str | None = None,
        subworkflow: str | None = None,
    ) -> Result:
        return run_definition(
            _found(request, definition),
            argument,
            stubs=_found(request, stubs) if isinstance(stubs, (str, Path)) else stubs,
            callbacks=callbacks,
            env=env,
            now=now,
            subworkflow=subworkflow,
        )

    return run


def _found(request: pytest.FixtureRequest, name: str | Path) -> str | Path:
    if isinstance(name, str) and "\n" in name:
        return name
    beside = request.path.parent / name
    return beside if beside.exists() else request.config.rootpath / name


class _File(pytest.File):
    def collect(self) -> Iterator[pytest.Item]:
        try:
            suite = read_suite(self.path)
            runnable = read_runnable(suite.definition)
            check_steps(suite, runnable)
        except BadFileError as error:
            raise self.CollectError(str(error)) from None
        for case, line in zip(suite.cases, suite.lines, strict=True):
            item = _child(_Item, self, name=case.name)
            item.case, item.runnable, item.line = case, runnable, line
            yield item


class _Item(pytest.Item):
    case: Case
    runnable: Runnable
    #: from 1
    line: int

    def runtest(self) -> None:
        verdict = judge(self.runnable, self.case)
        if not verdict.passed:
            pytest.fail(explanation(verdict), pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.line - 1, self.name


_Node = TypeVar("_Node", bound=pytest.File | pytest.Item)


def _child(kind: type[_Node], parent: pytest.Collector, **given: object) -> _Node:
    """Return a node as pytest makes them; its own signature has no types."""
    node: _Node = methodcaller("from_parent", parent, **given)(kind)
    return node
