"""Expressions as closures over a frame's slots.

Errors are located where they arise: the innermost closure that fails names its source place.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Protocol

from ringback_server.lang.binary import Operand, compile_binary
from ringback_server.lang.errors import WorkflowError, memory_limit_error, type_error
from ringback_server.lang.evaluator import PREFIX_OPERATORS, lookup
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
from ringback_server.lang.host import Host, Slots
from ringback_server.lang.memory import share
from ringback_server.lang.program import Evaluate
from ringback_server.lang.stdlib import FUNCTIONS
from ringback_server.lang.stdlib.registry import Function
from ringback_server.lang.values import (
    CELL,
    List,
    Map,
    Value,
    element_size,
    size_of,
    type_name,
)


class Names(Protocol):
    """What names mean where an expression stands."""

    def slot(self, name: str) -> int | None:
        """Return the slot of a variable, None if the name is no variable."""
        ...

    def temporary(self, name: str) -> bool:
        """Tell whether the variable is read only once, and is null from then on."""
        ...

    def shared(self, slot: int) -> bool:
        """Tell whether a slot holds a cell, through which branches share a variable."""
        ...

    def constant(self, name: str) -> tuple[Value] | None:
        """Return what a routine or dotted library name stands for as a value, if anything."""
        ...


def compile_expression(node: Expression, names: Names) -> Evaluate:
    """Return a closure that evaluates an expression without routine calls."""
    return _compile(node, names).evaluate


def _compile(node: Expression, names: Names) -> Operand:
    match node:
        case Literal():
            return _constant(node.value)
        case Name():
            return _name(node, names)
        case Member() | Index():
            return _access(node, names)
        case Call():
            arguments = [compile_expression(argument, names) for argument in node.arguments]
            return Operand(_call(FUNCTIONS[node.function], arguments, node.position))
        case Unary():
            operand = compile_expression(node.operand, names)
            return Operand(_prefix(node.operator, operand, node.position))
        case Binary():
            left, right = _compile(node.left, names), _compile(node.right, names)
            return Operand(compile_binary(node.operator, left, right, node.position))
        case ListOf():
            return _list_of(node, names)
        case MapOf():
            return _map_of(node, names)


def _access(node: Member | Index, names: Names) -> Operand:
    if isinstance(node, Index):
        key = compile_expression(node.key, names)
    else:
        named = _dotted(node)
        if named is not None and names.slot(named[0]) is None:
            meant = names.constant(named[1])
            if meant is not None:
                return _constant(meant[0])
        key = _constant(node.key).evaluate
    return Operand(_item(compile_expression(node.target, names), key, node.position))


# A container of constants is a constant, and one value serves all evaluations: no machine ever
# writes in place what it did not copy.


def _list_of(node: ListOf, names: Names) -> Operand:
    items = [_compile(item, names) for item in node.items]
    known = [item.constant[0] for item in items if item.constant is not None]
    if len(known) == len(items):
        return _constant(List.of(known))
    return Operand(_list([item.evaluate for item in items]))


def _map_of(node: MapOf, names: Names) -> Operand:
    pairs = [(_compile(key, names), _compile(value, names)) for key, value in node.pairs]
    known: list[tuple[str, Value]] = []
    for key, value in pairs:
        if key.constant is not None and value.constant is not None:
            name = key.constant[0]
            if isinstance(name, str):
                known.append((name, value.constant[0]))
    if len(known) == len(pairs):
        return _constant(Map.of(known))
    return Operand(_map([(key.evaluate, value.evaluate) for key, value in pairs], node.position))


def _constant(value: Value) -> Operand:
    return Operand(lambda _: value, constant=(value,))


def _name(node: Name, names: Names) -> Operand:
    slot = names.slot(node.name)
    if slot is None:
        meant = names.constant(node.name)
        if meant is None:
            raise ValueError(node.name)
        return _constant(meant[0])
    if names.temporary(node.name):
        return Operand(_take(slot))
    if names.shared(slot):
        return Operand(_held(slot))
    return Operand(itemgetter(slot), slot=slot)


def _take(slot: int) -> Evaluate:
    def run(slots: Slots) -> Value:
        value: Value = slots[slot]
        slots[slot] = None
        slots[0].memory -= size_of(value)
        return value

    return run


def _held(slot: int) -> Evaluate:
    def run(slots: Slots) -> Value:
        value: Value = slots[slot].value
        return value

    return run


def null(_: Slots) -> Value:
    """Evaluate to null."""
    return None


def _dotted(node: Member) -> tuple[str, str] | None:
    """Return the root and the whole of a chain of members on a name."""
    target = node.target
    if isinstance(target, Name):
        return target.name, f"{target.name}.{node.key}"
    inner = _dotted(target) if isinstance(target, Member) else None
    return None if inner is None else (inner[0], f"{inner[1]}.{node.key}")


def _item(target: Evaluate, key: Evaluate, position: Position) -> Evaluate:
    def run(slots: Slots) -> Value:
        container = target(slots)
        index = key(slots)
        if type(container) is Map and type(index) is str and index in container:
            return container[index]
        try:
            return lookup(container, index)
        except WorkflowError as error:
            error.locate(position)
            raise

    return run


def _call(function: Function, arguments: Sequence[Evaluate], position: Position) -> Evaluate:
    def run(slots: Slots) -> Value:
        values = [argument(slots) for argument in arguments]
        try:
            return function.value(slots[0], values)
        except WorkflowError as error:
            error.locate(position)
            raise

    return run


def _prefix(operator: str, operand: Evaluate, position: Position) -> Evaluate:
    apply = PREFIX_OPERATORS[operator]

    def run(slots: Slots) -> Value:
        value = operand(slots)
        try:
            return apply(value)
        except WorkflowError as error:
            error.locate(position)
            raise

    return run


def _list(parts: Sequence[Evaluate]) -> Evaluate:
    def run(slots: Slots) -> Value:
        host: Host = slots[0]
        size, limit = CELL, host.limits.memory_bytes
        values: list[Value] = []
        for part in parts:
            value = part(slots)
            share(host, value)
            size += element_size(value)
            if size > limit:
                raise memory_limit_error()
            values.append(value)
        return List.of(values)

    return run


def _map(parts: Sequence[tuple[Evaluate, Evaluate]], position: Position) -> Evaluate:
    def run(slots: Slots) -> Value:
        host: Host = slots[0]
        size, limit = CELL, host.limits.memory_bytes
        pairs: list[tuple[str, Value]] = []
        for part, content in parts:
            key, value = part(slots), content(slots)
            if not isinstance(key, str):
                message = f"the key of a map must be a string, not {type_name(key)}"
                raise type_error(message).locate(position)
            share(host, value)
            size += size_of(key) + element_size(value)
            if size > limit:
                raise memory_limit_error()
            pairs.append((key, value))
        return Map.of(pairs)

    return run
