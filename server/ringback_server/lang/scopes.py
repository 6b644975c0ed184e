"""Which variable a name means: scopes and the names they declare (SPEC 1.12).

A routine has one scope; an `except` block, a loop and a branch of a parallel step each open
another inside it. A name belongs to the outermost scope around it that assigns it anywhere,
before or after.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ringback_server.lang.expressions import Index, Member, Name
from ringback_server.lang.steps import (
    Assign,
    Body,
    Branch,
    CallStep,
    For,
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
    #: what a branch of a parallel step may write of the scopes around it; None if it is no branch
    shared: frozenset[str] | None = None

    @classmethod
    def of(cls, routine: Routine) -> Scope:
        """Return the scope of a routine: its parameters and what its steps assign."""
        parameters = {parameter.name for parameter in routine.parameters}
        return cls("", frozenset(parameters | set(_declared(routine.steps))))

    def inside(
        self, block: Handler | For | Branch, label: str, shared: frozenset[str] | None = None
    ) -> Scope:
        """Return the scope of a block in the step called `label`.

        The error's name, or the loop's value and index, are always its own; other names only if
        no scope outside has them. `shared` is given for branches and iterations of a parallel
        step: the names of outside that they may write.
        """
        new = {name for name in _declared(block.steps) if self.variable(name) is None}
        return Scope(label, frozenset(new | _own(block)), self, shared)

    def variable(self, name: str) -> str | None:
        """Return the routine-wide unique name of a variable, None if no scope declares it.

        It is made of source places only, so that packed states may refer to it.
        """
        if name in self.names:
            return f"{name}@{self.label}" if self.label else name
        return None if self.outer is None else self.outer.variable(name)

    def writable(self, name: str) -> bool:
        """Tell whether a variable may be assigned here: all branches around must share it."""
        scope: Scope | None = self
        while scope is not None and name not in scope.names:
            if scope.shared is not None and name not in scope.shared:
                return False
            scope = scope.outer
        return True


def target_root(target: Name | Member | Index) -> Name:
    """Return the variable at the root of an assignment's target."""
    node = target
    while not isinstance(node, Name):
        inner = node.target
        if not isinstance(inner, Name | Member | Index):
            raise TypeError(inner)
        node = inner
    return node


def _own(block: Handler | For | Branch) -> set[str]:
    match block:
        case Handler():
            return {block.name}
        case For(index=None):
            return {block.value}
        case For(index=str(index)):
            return {block.value, index}
        case _:
            return set()


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
