"""Closures for operators between two operands.

Almost every operator that runs in a loop has integers beside it, and a variable or a constant on
either side: those have a closure of their own, and anything else takes the general way.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass

from ringback_server.lang.errors import WorkflowError
from ringback_server.lang.evaluator import OPERATORS, Operator, boolean, contains
from ringback_server.lang.expressions import Position
from ringback_server.lang.host import Host, Slots
from ringback_server.lang.memory import check_string
from ringback_server.lang.program import Evaluate
from ringback_server.lang.values import INT64_MAX, INT64_MIN, List, Map, Value

#: accounted bytes that count like one step when an operator has to look at them
_BYTES_PER_STEP = 256
#: the same for containers, whose items are looked at one by one
_ITEM_BYTES_PER_STEP = 32


@dataclass(frozen=True, slots=True)
class Operand:
    """How to evaluate an expression, and the variable or the constant that it is, if it is one."""

    evaluate: Evaluate
    slot: int | None = None
    constant: tuple[Value] | None = None

    @property
    def integer(self) -> int | None:
        """The integer that it is, if it is one."""
        value = None if self.constant is None else self.constant[0]
        return value if isinstance(value, int) and not isinstance(value, bool) else None


@dataclass(frozen=True, slots=True)
class General:
    """An operator between any values, at one place of the source."""

    operation: Operator
    position: Position

    def __call__(self, left: Value, right: Value, host: Host) -> Value:
        """Apply the operator, count long work and check the size of a new string."""
        try:
            result = self.operation(left, right)
        except WorkflowError as error:
            error.locate(self.position)
            raise
        if isinstance(right, List) or (isinstance(right, Map) and self.operation is not contains):
            host.charge(right.size // _ITEM_BYTES_PER_STEP)
        elif isinstance(result, str):
            host.charge(len(result) // _BYTES_PER_STEP)
            check_string(host, result)
        return result


_ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}

_COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compile_binary(spelling: str, left: Operand, right: Operand, position: Position) -> Evaluate:
    """Return the closure of `left spelling right`."""
    if spelling == "and":
        return _and(left.evaluate, right.evaluate, position)
    if spelling == "or":
        return _or(left.evaluate, right.evaluate, position)
    general = General(OPERATORS[spelling], position)
    if spelling in _ARITHMETIC:
        return _arithmetic(_ARITHMETIC[spelling], left, right, general)
    if spelling in _COMPARISONS:
        return _comparison(_COMPARISONS[spelling], left, right, general)
    first, second = left.evaluate, right.evaluate
    return lambda slots: general(first(slots), second(slots), slots[0])


def _arithmetic(
    fast: Callable[[int, int], int], left: Operand, right: Operand, general: General
) -> Evaluate:
    if left.slot is not None and right.integer is not None:
        return _arithmetic_constant(fast, left.slot, right.integer, general)
    if left.slot is not None and right.slot is not None:
        return _arithmetic_variables(fast, left.slot, right.slot, general)
    first, second = left.evaluate, right.evaluate

    def run(slots: Slots) -> Value:
        a, b = first(slots), second(slots)
        if type(a) is int and type(b) is int:
            result = fast(a, b)
            if INT64_MIN <= result <= INT64_MAX:
                return result
        return general(a, b, slots[0])

    return run


def _arithmetic_constant(
    fast: Callable[[int, int], int], slot: int, constant: int, general: General
) -> Evaluate:
    def run(slots: Slots) -> Value:
        value = slots[slot]
        if type(value) is int:
            result = fast(value, constant)
            if INT64_MIN <= result <= INT64_MAX:
                return result
        return general(value, constant, slots[0])

    return run


def _arithmetic_variables(
    fast: Callable[[int, int], int], one: int, other: int, general: General
) -> Evaluate:
    def run(slots: Slots) -> Value:
        a, b = slots[one], slots[other]
        if type(a) is int and type(b) is int:
            result = fast(a, b)
            if INT64_MIN <= result <= INT64_MAX:
                return result
        return general(a, b, slots[0])

    return run


def _comparison(
    fast: Callable[[int, int], bool], left: Operand, right: Operand, general: General
) -> Evaluate:
    if left.slot is not None and right.integer is not None:
        return _comparison_constant(fast, left.slot, right.integer, general)
    first, second = left.evaluate, right.evaluate

    def run(slots: Slots) -> Value:
        a, b = first(slots), second(slots)
        if type(a) is int and type(b) is int:
            return fast(a, b)
        return general(a, b, slots[0])

    return run


def _comparison_constant(
    fast: Callable[[int, int], bool], slot: int, constant: int, general: General
) -> Evaluate:
    def run(slots: Slots) -> Value:
        value = slots[slot]
        if type(value) is int:
            return fast(value, constant)
        return general(value, constant, slots[0])

    return run


def _and(left: Evaluate, right: Evaluate, position: Position) -> Evaluate:
    def run(slots: Slots) -> Value:
        return _is_true("and", left(slots), position) and _is_true("and", right(slots), position)

    return run


def _or(left: Evaluate, right: Evaluate, position: Position) -> Evaluate:
    def run(slots: Slots) -> Value:
        return _is_true("or", left(slots), position) or _is_true("or", right(slots), position)

    return run


def _is_true(spelling: str, value: Value, position: Position) -> bool:
    if value is True or value is False:
        return value
    try:
        return boolean(spelling, value)
    except WorkflowError as error:
        error.locate(position)
        raise
