"""The tree of a definition: routines, steps and their bodies.

Nodes are inert. `Body.position` is that of the body's key (`call`, `assign`, …), which is where
stack traces point.
"""

from __future__ import annotations

from dataclasses import dataclass

from ringback_server.lang.expressions import Expression, Index, Member, Name, Position

#: targets of `next` that are not step names
END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter of a routine; without a default it must be given."""

    name: str
    default: Expression | None
    position: Position


@dataclass(frozen=True, slots=True)
class Assignment:
    """`target: value`; a target is a name, or members and indexes below one."""

    target: Name | Member | Index
    value: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign:
    """Assigns in order."""

    items: tuple[Assignment, ...]
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStep:
    """Calls a function or subworkflow, with named arguments or with positional ones."""

    function: str
    #: `(name, value)` pairs; a name is None for a positional argument, then all are
    arguments: tuple[tuple[str | None, Expression], ...]
    result: str | None
    position: Position
    #: of the function's name
    function_position: Position
    #: of the arguments' names, or of the positional arguments themselves
    argument_positions: tuple[Position, ...]
    #: of the result's name
    result_position: Position | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An item of a switch: a condition, perhaps a body, perhaps a jump."""

    condition: Expression
    body: Body | None
    next: str | None
    position: Position
    #: of the name that `next` gives
    next_position: Position | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """Runs the first item whose condition is true."""

    cases: tuple[Case, ...]
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """Leaves the routine with a value."""

    value: Expression
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Raise:
    """Raises a string or a map."""

    value: Expression
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Nested:
    """`steps:` inside a step, a switch item or a try."""

    steps: tuple[Step, ...]
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """A retry map; a field left out is None (SPEC 10.11 has the defaults)."""

    predicate: Expression | None
    max_retries: Expression | None
    initial_delay: Expression | None
    max_delay: Expression | None
    multiplier: Expression | None
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """`except`: the error's name and the steps that handle it; opens a scope."""

    name: str
    steps: tuple[Step, ...]
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """Runs a body again by its policy, then hands the last error to the handler."""

    body: Body
    #: a policy map, or an expression that yields one (`${http.default_retry}`)
    retry: RetryPolicy | Expression | None
    handler: Handler | None
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class For:
    """Runs its steps for each item of a list, or each number of a range; opens a scope.

    Of `in_` and `range`, one is given.
    """

    value: str
    index: str | None
    in_: Expression | None
    #: the first and the last number, or one expression that yields both as a list
    range: tuple[Expression, Expression] | Expression | None
    steps: tuple[Step, ...]
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A branch of a parallel step; opens a scope."""

    name: str
    steps: tuple[Step, ...]
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Parallel:
    """Runs branches, or the iterations of a loop, side by side; one of both is given."""

    #: variables of outside that the branches may write
    shared: tuple[Name, ...]
    concurrency_limit: Expression | None
    branches: tuple[Branch, ...]
    for_: For | None
    position: Position


Body = Assign | CallStep | Switch | Return | Raise | Nested | Try | For | Parallel


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A named step; without a body it only jumps."""

    name: str
    body: Body | None
    next: str | None
    position: Position
    #: of the name that `next` gives
    next_position: Position | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Routine:
    """`main` or a subworkflow."""

    name: str
    parameters: tuple[Parameter, ...]
    steps: tuple[Step, ...]
    position: Position
    #: false when a part of it could not be read, so that it may hold more than is seen here
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A whole definition, `main` included, by routine name in source order."""

    routines: dict[str, Routine]
