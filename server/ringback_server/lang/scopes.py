"""Which variable a name means: scopes and the names they declare (SPEC 1.12).

A routine has one scope; an `except` block opens another inside it. A name belongs to the
outermost scope around it that assigns it anywhere, before or after.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ringback_server.lang.expressions import Index, Member, Name
from ringback_server.lang.steps import (
    Assign,
    Body,
    CallStep,
    Handler,
    Nested,
    Routine,
    Step,
    Switch,
    Try,
)


@dataclass(frozen=True, slots=True)
class Scope:
    """The names declared here; `label` tells scopes of one routine apart, "" for its own."""

    label: str
    names: frozenset[str]
    outer: Scope | None = None

    @classmethod
    def of(cls, routine: Routine) -> Scope:
        """Return the scope of a routine: its parameters and what its steps assign."""
        parameters = {parameter.name for parameter in routine.parameters}
        return cls("", frozenset(parameters | set(_declared(routine.steps))))

    def inside(self, handler: Handler, label: str) -> Scope:
        """Return the scope of an `except` block of the step called `label`.

        The error's name is always its own; other names only if no scope outside has them.
        """
        new = {name for name in _declared(handler.steps) if self.variable(name) is None}
        return Scope(label, frozenset(new | {handler.name}), self)

    def variable(self, name: str) -> str | None:
        """Return the routine-wide unique name of a variable, None if no scope declares it.

        It is made of source places only, so that packed states may refer to it.
        """
        if name in self.names:
            return f"{name}@{self.label}" if self.label else name
        return None if self.outer is None else self.outer.variable(name)


def target_root(target: Name | Member | Index) -> Name:
    """Return the variable at the root of an assignment's target."""
    node = target
    while not isinstance(node, Name):
        inner = node.target
        if not isinstance(inner, Name | Member | Index):
            raise TypeError(inner)
        node = inner
    return node


def _declared(steps: tuple[Step, ...]) -> Iterator[str]:
    for step in steps:
        if step.body is not None:
            yield from _declared_in(step.body)


def _declared_in(body: Body) -> Iterator[str]:
    match body:
        case Assign():
            yield from (target_root(item.target).name for item in body.items)
        case CallStep(result=str(name)):
            yield name
        case Nested():
            yield from _declared(body.steps)
        case Switch():
            for case in body.cases:
                if case.body is not None:
                    yield from _declared_in(case.body)
        case Try():
            yield from _declared_in(body.body)
        case _:
            pass
