"""Steps that a test file names, beside those that its definition has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ringback_server.lang.problems import nearest, shown
from ringback_server.local.cases import CaseFile, Suite
from ringback_server.local.definitions import Runnable
from ringback_server.local.schema import record_of
from ringback_server.local.stubs import Surroundings

#: where a step is named, and the name
_Named = tuple[tuple[str | int, ...], str]


def check_steps(suite: Suite, runnable: Runnable) -> None:
    """Raise BadFileError for a step that the definition does not have."""
    routines = runnable.program.routines.values()
    known = {step for routine in routines for step in routine.steps}
    for route, step in _named(record_of(suite.document, CaseFile)):
        if step not in known and "*" not in step:
            file = suite.definition.name
            problem = f"no step '{shown(step)}' does anything in {file}{nearest(step, known)}"
            raise suite.document.refusal(problem, route)


def _named(file: CaseFile) -> Iterator[_Named]:
    yield from _in_surroundings(file, ())
    for place, case in enumerate(file.cases):
        route = ("cases", place)
        yield from _in_surroundings(case, route)
        for key in ("calls", "calls_include", "logs", "logs_include"):
            yield from _steps(getattr(case.expect, key) or (), (*route, "expect", key), "step")


def _in_surroundings(around: Surroundings, route: tuple[str | int, ...]) -> Iterator[_Named]:
    yield from _steps(around.stubs, (*route, "stubs"), "step")
    for key in ("step", "awaiting"):
        yield from _steps(around.callbacks, (*route, "callbacks"), key)


def _steps(items: Sequence[object], route: tuple[str | int, ...], key: str) -> Iterator[_Named]:
    for place, item in enumerate(items):
        step = getattr(item, key, None)
        if isinstance(step, str):
            yield (*route, place, key), step
