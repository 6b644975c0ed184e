"""Routine calls inside expressions become instructions, and so do those of connectors' helpers.

A routine may block, so a machine must be able to stop in the middle of an expression. The rule:
operands that stand left of a routine call are kept in temporaries, the call is an instruction
whose result is another temporary, and `and` and `or` become branches around their right side.
Expressions without routine calls are left as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ringback_server.lang.assembly import Assembly, Target
from ringback_server.lang.closures import Names, compile_expression
from ringback_server.lang.connector_helpers import HELPERS
from ringback_server.lang.expressions import (
    Binary,
    Call,
    Expression,
    Index,
    ListOf,
    Literal,
    MapOf,
    Member,
    Name,
    Position,
    Unary,
)
from ringback_server.lang.program import Evaluate, Op, RoutineCode
from ringback_server.lang.stdlib.connectors import connector


class Lowering:
    """Turns expressions into instructions, where it must, and a closure over what remains."""

    def __init__(self, assembly: Assembly, names: Names, routines: dict[str, RoutineCode]) -> None:
        self._assembly = assembly
        self._names = names
        self._routines = routines
        # Which nodes call a routine, themselves or further inside. The tree outlives this object,
        # so that identities say who is who.
        self._calling: set[int] = set()

    def calls(self, node: Expression) -> bool:
        """Tell whether an expression calls a routine."""
        return self._mark(node)

    def evaluate(self, node: Expression) -> Evaluate:
        """Write what must come first, and return a closure for the value."""
        self._mark(node)
        return compile_expression(self._residual(node), self._names)

    def evaluate_all(self, nodes: Sequence[Expression]) -> list[Evaluate]:
        """Like `evaluate`, for expressions that are evaluated one after the other."""
        for node in nodes:
            self._mark(node)
        return [compile_expression(node, self._names) for node in self._operands(nodes)]

    def call(
        self,
        routine: RoutineCode,
        arguments: Sequence[tuple[int, Expression]],
        slot: int,
        position: Position,
    ) -> None:
        """Write the call of a routine; arguments come with the index of their parameter."""
        closures: list[Evaluate | None] = [None] * len(routine.parameters)
        values = self.evaluate_all([value for _, value in arguments])
        for (index, _), value in zip(arguments, values, strict=True):
            closures[index] = value
        label = self._assembly.place("call")
        self._assembly.emit(Op.CALL, position, slot, routine, tuple(closures), cost=1, label=label)

    def _residual(self, node: Expression) -> Expression:
        if id(node) not in self._calling:
            return node
        match node:
            case Call():
                return self._call(node)
            case Binary(operator="and" | "or") if id(node.right) in self._calling:
                return self._short_circuit(node)
            case Binary():
                left, right = self._operands((node.left, node.right))
                return replace(node, left=left, right=right)
            case Unary():
                return replace(node, operand=self._residual(node.operand))
            case ListOf() | MapOf():
                return self._container(node)
            case _:
                return self._access(node)

    def _access(self, node: Expression) -> Expression:
        match node:
            case Member():
                return replace(node, target=self._residual(node.target))
            case Index():
                target, key = self._operands((node.target, node.key))
                return replace(node, target=target, key=key)
            case _:
                return node

    def _container(self, node: ListOf | MapOf) -> Expression:
        if isinstance(node, ListOf):
            return replace(node, items=self._operands(node.items))
        flat = self._operands([part for pair in node.pairs for part in pair])
        return replace(node, pairs=tuple(zip(flat[::2], flat[1::2], strict=True)))

    def _operands(self, nodes: Sequence[Expression]) -> tuple[Expression, ...]:
        """Lower operands from left to right; all before the last routine call are spilled."""
        calling = [place for place, node in enumerate(nodes) if id(node) in self._calling]
        last = calling[-1] if calling else 0
        operands: list[Expression] = []
        for place, node in enumerate(nodes):
            # not a comprehension, for trees may be deep: it would take a frame of its own
            operands.append(self._spilled(node) if place < last else self._residual(node))
        return tuple(operands)

    def _spilled(self, node: Expression) -> Expression:
        # Each operand counts, constants and results of calls too: names must not depend on
        # what this compiler finds worth keeping.
        place = self._assembly.place("spill")
        rest = self._residual(node)
        if isinstance(rest, Literal) or (isinstance(rest, Name) and rest.name.startswith("%")):
            return rest
        name = self._assembly.temporary(place)
        value = compile_expression(rest, self._names)
        self._assembly.emit(Op.SET, node.position, self._assembly.slot(name), value)
        return Name(name, node.position)

    def _call(self, node: Call) -> Expression:
        if node.function not in self._routines and node.function not in HELPERS:
            return replace(node, arguments=self._operands(node.arguments))
        name = self._assembly.temporary(self._assembly.place("result"))
        slot = self._assembly.slot(name)
        routine = self._routines.get(node.function)
        if routine is None:
            self._invoke(node, slot)
        else:
            self.call(routine, list(enumerate(node.arguments)), slot, node.position)
        return Name(name, node.position)

    def _invoke(self, node: Call, slot: int) -> None:
        """Write the call of a helper (SPEC 4, connectors)."""
        values = self.evaluate_all(node.arguments)
        function = connector(node.function, [*HELPERS[node.function].arguments][: len(values)])
        label = self._assembly.place("call")
        self._assembly.emit(
            Op.INVOKE, node.position, slot, function, tuple(values), cost=1, label=label
        )

    def _short_circuit(self, node: Binary) -> Expression:
        """Evaluate the right side only if the left side does not decide."""
        assembly = self._assembly
        name = assembly.temporary(assembly.place("logic"))
        slot = assembly.slot(name)
        neutral = Literal(node.operator == "and", node.position)
        left = replace(node, left=self._residual(node.left), right=neutral)
        assembly.emit(Op.SET, node.position, slot, compile_expression(left, self._names))
        right_side, done = Target(), Target()
        if node.operator == "and":
            assembly.emit(Op.BRANCH, node.position, slot, done, next_=right_side)
        else:
            assembly.emit(Op.BRANCH, node.position, slot, right_side, next_=done)
        assembly.mark(right_side)
        right = replace(node, left=neutral, right=self._residual(node.right))
        assembly.emit(Op.SET, node.position, slot, compile_expression(right, self._names))
        assembly.mark(done)
        return Name(name, node.position)

    def _mark(self, node: Expression) -> bool:
        """Remember which parts of an expression call routines; return whether any does."""
        inside = [self._mark(part) for part in _parts(node)]
        called = isinstance(node, Call) and (
            node.function in self._routines or node.function in HELPERS
        )
        if called or any(inside):
            self._calling.add(id(node))
            return True
        return False


def _parts(node: Expression) -> Sequence[Expression]:
    match node:
        case Literal() | Name():
            return ()
        case Member():
            return (node.target,)
        case Index():
            return (node.target, node.key)
        case Call():
            return node.arguments
        case Unary():
            return (node.operand,)
        case Binary():
            return (node.left, node.right)
        case ListOf():
            return node.items
        case MapOf():
            return [part for pair in node.pairs for part in pair]
