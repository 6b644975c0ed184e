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

    def constant(self, name: str) -> tuple[Value] | None:
        """Return what a routine or dotted library name stands for as a value, if anything."""
        ...


def compile_expression(node: Expression, names: Names) -> Evaluate:
    """Return a closure that evaluates an expression without routine calls."""
    match node:
        case Literal():
            return _constant(node.value)
        case Name():
            return _name(node, names)
        case Member() | Index():
            return _access(node, names)
        case Call():
            arguments = [compile_expression(argument, names) for argument in node.arguments]
            return _call(FUNCTIONS[node.function], arguments, node.position)
        case Unary() | Binary():
            return _operation(node, names)
        case ListOf() | MapOf():
            known = constant_value(node)
            return _container(node, names) if known is None else _constant(known[0])


def constant_value(node: Expression) -> tuple[Value] | None:
    """Return the value of a node that is made of literals only.

    One value serves all evaluations: no machine ever writes in place what it did not copy.
    """
    match node:
        case Literal():
            return (node.value,)
        case ListOf():
            items = [constant_value(item) for item in node.items]
            known = [item[0] for item in items if item is not None]
            return (List.of(known),) if len(known) == len(items) else None
        case MapOf():
            pairs = [(constant_value(key), constant_value(value)) for key, value in node.pairs]
            found = [(key[0], value[0]) for key, value in pairs if key and value]
            texts = [(key, value) for key, value in found if isinstance(key, str)]
            return (Map.of(texts),) if len(texts) == len(pairs) else None
        case _:
            return None


def _access(node: Member | Index, names: Names) -> Evaluate:
    if isinstance(node, Index):
        key = compile_expression(node.key, names)
    else:
        named = _dotted(node)
        if named is not None and names.slot(named[0]) is None:
            meant = names.constant(named[1])
            if meant is not None:
                return _constant(meant[0])
        key = _constant(node.key)
    return _item(compile_expression(node.target, names), key, node.position)


def _operation(node: Unary | Binary, names: Names) -> Evaluate:
    if isinstance(node, Unary):
        operand = compile_expression(node.operand, names)
        return _prefix(node.operator, operand, node.position)
    left, right = _operand(node.left, names), _operand(node.right, names)
    return compile_binary(node.operator, left, right, node.position)


def _container(node: ListOf | MapOf, names: Names) -> Evaluate:
    if isinstance(node, ListOf):
        return _list([compile_expression(item, names) for item in node.items])
    pairs = [
        (compile_expression(key, names), compile_expression(value, names))
        for key, value in node.pairs
    ]
    return _map(pairs, node.position)


def _operand(node: Expression, names: Names) -> Operand:
    evaluate = compile_expression(node, names)
    if isinstance(node, Name) and not names.temporary(node.name):
        return Operand(evaluate=evaluate, slot=names.slot(node.name))
    if isinstance(node, Literal) and type(node.value) is int:
        return Operand(evaluate=evaluate, integer=node.value)
    return Operand(evaluate=evaluate)


def _constant(value: Value) -> Evaluate:
    return lambda _: value


def _name(node: Name, names: Names) -> Evaluate:
    slot = names.slot(node.name)
    if slot is None:
        meant = names.constant(node.name)
        if meant is None:
            raise ValueError(node.name)
        return _constant(meant[0])
    return _take(slot) if names.temporary(node.name) else itemgetter(slot)


def _take(slot: int) -> Evaluate:
    def run(slots: Slots) -> Value:
        value: Value = slots[slot]
        slots[slot] = None
        slots[0].memory -= size_of(value)
        return value

    return run


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
                error = type_error(f"the key of a map must be a string, not {type_name(key)}")
                error.locate(position)
                raise error
            share(host, value)
            size += size_of(key) + element_size(value)
            if size > limit:
                raise memory_limit_error()
            pairs.append((key, value))
        return Map.of(pairs)

    return run
