"""Whether a test file fits its definition: the steps that it names, and how its cases begin."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ringback_server.lang.problems import nearest, shown
from ringback_server.local.cases import Suite
from ringback_server.local.definitions import Runnable
from ringback_server.local.documents import BadFileError, FieldError
from ringback_server.local.scripts import Placed
from ringback_server.local.services import is_answered
from ringback_server.local.simulation import Simulation
from ringback_server.local.stubs import Callback, Stub, Surroundings

#: so many steps are listed if none is near
_MOST_LISTED: Final = 6


@dataclass(frozen=True, slots=True)
class _Doing:
    """What a step has to do if it is named somewhere."""

    lacking: str
    is_meant: Callable[[str], bool]


_CALLS: Final = _Doing("makes no call that a stub answers", is_answered)
_OPENS: Final = _Doing("creates no endpoint", "events.create_callback_endpoint".__eq__)
_AWAITS: Final = _Doing("awaits no callback", "events.await_callback".__eq__)
_LOGS: Final = _Doing("logs nothing", "sys.log".__eq__)
_DOINGS: Final = {"step": _OPENS, "awaiting": _AWAITS}

#: where a step is named, the name, and what it must do
_Named = tuple[tuple[str | int, ...], str, _Doing]


def check_suite(suite: Suite, runnable: Runnable) -> None:
    """Raise BadFileError for all that the definition does not have, or cannot begin with."""
    found = [*_misnamed(suite, runnable), *_unbegun(suite, runnable)]
    if found:
        raise BadFileError.joined(found)


def callback_problems(callbacks: Iterable[Placed[Callback]], runnable: Runnable) -> Iterator[str]:
    """Yield what is wrong with callbacks to what no step of the definition does."""
    for callback in callbacks:
        for key, step in _steps_of(callback.record):
            problem = _problem(step, _DOINGS[key], runnable)
            if problem is not None:
                yield f"{callback.place}: {problem}"


def stub_problems(stubs: Iterable[Placed[Stub]], runnable: Runnable) -> Iterator[str]:
    """Yield what is wrong with stubs for a step of the definition that calls nothing."""
    for stub in stubs:
        step = stub.record.step
        problem = None if step is None else _problem(step, _CALLS, runnable)
        if problem is not None:
            yield f"{stub.place}: {problem}"


def _misnamed(suite: Suite, runnable: Runnable) -> Iterator[BadFileError]:
    for route, step, doing in _named(suite):
        problem = _problem(step, doing, runnable)
        if problem is not None:
            yield suite.document.refusal(problem, route)


def _unbegun(suite: Suite, runnable: Runnable) -> Iterator[BadFileError]:
    for place, case in enumerate(suite.cases):
        try:
            Simulation.begin(runnable, case.argument, case.script, case.subworkflow)
        except FieldError as error:
            yield suite.document.refusal(str(error), ("cases", place), error.key)


def _problem(step: str, doing: _Doing, runnable: Runnable) -> str | None:
    fit = runnable.steps_calling(doing.is_meant)
    if step in fit:
        return None
    routines = runnable.program.routines.values()
    is_known = any(step in routine.steps for routine in routines)
    name = f"'{shown(step)}'"
    problem = f"step {name} {doing.lacking}" if is_known else f"no step {name} does anything"
    return f"{problem} in {runnable.file}{nearest(step, fit) or _listed(fit)}"


def _listed(steps: Collection[str]) -> str:
    if not steps:
        return ", and no other step does"
    if len(steps) > _MOST_LISTED:
        return ""
    return f"; those that do: {', '.join(sorted(map(shown, steps)))}"


def _named(suite: Suite) -> Iterator[_Named]:
    yield from _in_surroundings(suite.file, ())
    for place, case in enumerate(suite.file.cases):
        yield from _in_surroundings(case, ("cases", place))
        for key, doing in (("calls", _CALLS), ("logs", _LOGS)):
            for name in (key, f"{key}_include"):
                route = ("cases", place, "expect", name)
                for number, step in _steps(getattr(case.expect, name) or ()):
                    if "*" not in step:
                        yield (*route, number, "step"), step, doing


def _in_surroundings(around: Surroundings, route: tuple[str | int, ...]) -> Iterator[_Named]:
    for number, step in _steps(around.stubs):
        yield (*route, "stubs", number, "step"), step, _CALLS
    for number, callback in enumerate(around.callbacks):
        for key, step in _steps_of(callback):
            yield (*route, "callbacks", number, key), step, _DOINGS[key]


def _steps_of(callback: Callback) -> Iterator[tuple[str, str]]:
    for key, step in (("step", callback.step), ("awaiting", callback.awaiting)):
        if step is not None:
            yield key, step


def _steps(items: Sequence[object]) -> Iterator[tuple[int, str]]:
    for number, item in enumerate(items):
        step = getattr(item, "step", None)
        if isinstance(step, str):
            yield number, step
