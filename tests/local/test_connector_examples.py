"""examples/connectors: each definition does what its tests say, all of it, and lint is content."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringback_server.connectors.catalog import Catalog
from ringback_server.connectors.routes import Routes
from ringback_server.lang.connector_helpers import HELPERS
from ringback_server.lang.linter import lint
from ringback_server.lang.program import Op
from ringback_server.lang.stdlib import FUNCTIONS
from ringback_server.local.cases import read_suite
from ringback_server.local.coverage import Coverage
from ringback_server.local.definitions import read_runnable
from ringback_server.local.judging import judge
from ringback_server.local.reports import explanation
from ringback_server.local.test_command import run

FOLDER = Path(__file__).parents[2] / "examples" / "connectors"
TESTS = sorted(FOLDER.glob("*.test.yaml"))
EXAMPLES = sorted(set(FOLDER.glob("*.yaml")) - set(TESTS))


def named(path: Path) -> str:
    """Return what an example is called."""
    return path.name.partition(".")[0]


@pytest.mark.parametrize("tests", TESTS, ids=named)
def test_example_when_it_is_tested(tests: Path) -> None:
    """All cases pass, one of them a failure, and together they reach every step."""
    suite = read_suite(tests)
    runnable = read_runnable(suite.definition)
    coverage = Coverage(runnable.program)
    verdicts = [judge(runnable, case) for case in suite.cases]

    assert [] == [explanation(verdict) for verdict in verdicts if not verdict.passed]
    assert [] == coverage.unreached()
    assert {True, False} == {case.expect.error is None for case in suite.cases}


@pytest.mark.parametrize("example", EXAMPLES, ids=named)
def test_example_when_it_is_read(example: Path) -> None:
    """Lint has nothing against it, and it has tests and a row in the README."""
    readme = (FOLDER / "README.md").read_text("utf-8")

    assert () == lint(example.read_text("utf-8"))
    assert FOLDER / f"{named(example)}.test.yaml" in TESTS
    assert f"[{named(example)}]({example.name})" in readme
    assert f"[tests]({named(example)}.test.yaml)" in readme


@pytest.mark.parametrize("example", EXAMPLES, ids=named)
def test_example_when_its_connectors_are_looked_up(example: Path) -> None:
    """Google's services have what it calls, and take the arguments that it gives."""
    catalog = Catalog(Routes((), own=(), google=True))
    program = read_runnable(example).program
    called = {
        instruction[4]
        for routine in program.routines.values()
        for instruction in routine.code
        if instruction[0] == Op.INVOKE and instruction[4].name not in FUNCTIONS
    }

    for function in called:
        method = catalog.method(function.name)
        given = {parameter.name for parameter in function.parameters}
        required = {name for name, one in method.resource.arguments.items() if one.required}
        assert function.name in HELPERS or required <= given


def test_examples_when_they_are_tested_together() -> None:
    """`ringback test` finds all of them."""
    assert 10 <= len(EXAMPLES) == len(TESTS)
    assert 0 == run([str(FOLDER)])
