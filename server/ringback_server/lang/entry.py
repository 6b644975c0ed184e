"""Programs that begin with a subworkflow instead of main: for trying out one by itself."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from operator import itemgetter
from typing import Any, Final

from ringback_server.lang.expressions import Position
from ringback_server.lang.problems import nearest
from ringback_server.lang.program import Evaluate, Op, Parameter, Program, RoutineCode
from ringback_server.lang.values import Value

#: the step that calls the subworkflow; no step of a definition has an empty name
ENTRY: Final = ""

_ARGUMENTS: Final = 1
_RESULT: Final = 2


def beginning_with(program: Program, name: str, given: Collection[str]) -> Program:
    """Return a program that calls a subworkflow; its argument is a map of those `given`, by name.

    Such a program is not for states that outlast it. Raises ValueError for a subworkflow that is
    not there, and for arguments that it does not take or misses.
    """
    routine = program.routines.get(name)
    if routine is None:
        raise ValueError(f"there is no subworkflow {name!r}{nearest(name, program.routines)}")
    _check(routine, given)
    arguments: list[Evaluate | None] = [
        _argument(parameter.name) if parameter.name in given else None
        for parameter in routine.parameters
    ]
    main = _main(program.main.name, routine, arguments)
    return Program({**program.routines, main.name: main})


def _check(routine: RoutineCode, given: Collection[str]) -> None:
    names = [parameter.name for parameter in routine.parameters]
    for name in given:
        if name not in names:
            raise ValueError(f"{routine.name} has no parameter {name!r}{nearest(name, names)}")
    for parameter in routine.parameters:
        if parameter.required and parameter.name not in given:
            raise ValueError(f"{routine.name} misses an argument for {parameter.name!r}")


def _main(name: str, routine: RoutineCode, arguments: Sequence[Evaluate | None]) -> RoutineCode:
    start = Position(routine.positions[0].line, 1, 0)
    return RoutineCode(
        name=name,
        parameters=(Parameter(name="given", slot=_ARGUMENTS, required=False, default=_null),),
        code=[
            (Op.CALL, 0, 1, _RESULT, routine, tuple(arguments)),
            (Op.RETURN, 0, 1, itemgetter(_RESULT)),
        ],
        steps=[ENTRY, ENTRY],
        positions=[start, start],
        slots={"given": _ARGUMENTS, "result": _RESULT},
    )


def _argument(name: str) -> Evaluate:
    def evaluate(slots: list[Any]) -> Value:
        found: Value = slots[_ARGUMENTS][name]
        return found

    return evaluate


def _null(_slots: list[Any]) -> Value:
    return None
