"""How large definitions and executions may be; the defaults are Google's (SPEC 7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

_KIB = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a definition may hold; beyond it, it is not deployed."""

    #: in bytes of UTF-8
    source_bytes: int = 128 * _KIB
    #: maps and lists within one another, steps included
    nesting: int = 100
    #: between `${` and `}`; the depth of an expression's tree grows with it
    expression_characters: int = 400
    #: parentheses, brackets, calls and prefix operators within one another
    expression_nesting: int = 50
    assignments: int = 50
    switch_cases: int = 50
    #: of one parallel step
    branches: int = 10
    #: of one routine, nested ones included
    steps: int = 100_000
    main_parameters: int = 1
    parameters: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLimits:
    """What an execution may use; beyond it, it fails."""

    steps: int = 100_000
    #: as SPEC 1.13 counts
    memory_bytes: int = 512 * _KIB
    string_bytes: int = 256 * _KIB
    call_depth: int = 20
    #: parallel steps within one another, called ones included
    parallel_depth: int = 2
    #: branches and iterations that run at the same time; those that wait for their own do not count
    branches: int = 20
    #: that the error of a parallel step lists
    branch_errors: int = 100
    #: of the JSON text
    result_bytes: int = 2 * _KIB * _KIB
    argument_bytes: int = 32 * _KIB
    #: callback endpoints created
    endpoints: int = 10_000
    #: of log entries, counted as variables with their texts would be
    log_bytes: int = 64 * _KIB * _KIB
    #: entries of its history; the steps after so many are only counted
    history_entries: int = 10_000
    #: of variables in its history
    history_bytes: int = 8 * _KIB * _KIB
    #: executions that one call creates
    children: int = 1_000
    #: executions that wait for one another
    child_depth: int = 20


#: in front of the name of a limit of definitions, where both kinds are named
_DEFINITION = "definition."


def chosen_limits(pairs: Iterable[tuple[str, int]]) -> tuple[Limits, RunLimits]:
    """Return Google's limits with some replaced, by name: `steps`, `definition.assignments`.

    Raises ValueError for a name that is none.
    """
    definition, run = asdict(Limits()), asdict(RunLimits())
    for name, value in pairs:
        limits = definition if name.startswith(_DEFINITION) else run
        plain = name.removeprefix(_DEFINITION)
        if plain not in limits:
            known = ", ".join([*run, *(_DEFINITION + other for other in definition)])
            raise ValueError(f"there is no limit {name!r}; there are {known}")
        limits[plain] = value
    return Limits(**definition), RunLimits(**run)
