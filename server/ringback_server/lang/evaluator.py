"""What operators do with values (SPEC 2.4, 2.5, 10.1 to 10.5)."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import TypeGuard

from ringback_server.lang.errors import (
    WorkflowError,
    index_error,
    key_error,
    tagged,
    type_error,
    value_error,
    zero_division_error,
)
from ringback_server.lang.values import (
    INT64_MAX,
    INT64_MIN,
    List,
    Map,
    Value,
    text_of,
    type_name,
)

Operator = Callable[[Value, Value], Value]

_SCALARS = frozenset({int, float, str, bool})


def int64(result: int) -> int:
    """Return an integer result, or raise a ValueError if 64 bits cannot hold it."""
    if INT64_MIN <= result <= INT64_MAX:
        return result
    raise value_error("integer overflow: the result does not fit in 64 bits")


def add(left: Value, right: Value) -> Value:
    """Add numbers, or join texts; beside a string, numbers and booleans become text."""
    if isinstance(left, str) or isinstance(right, str):
        before, after = _as_text(left), _as_text(right)
        if before is not None and after is not None:
            return before + after
    elif is_number(left) and is_number(right):
        return _checked(left + right)
    raise _unsupported("+", left, right)


def subtract(left: Value, right: Value) -> Value:
    """Subtract numbers."""
    if is_number(left) and is_number(right):
        return _checked(left - right)
    raise _unsupported("-", left, right)


def multiply(left: Value, right: Value) -> Value:
    """Multiply numbers."""
    if is_number(left) and is_number(right):
        return _checked(left * right)
    raise _unsupported("*", left, right)


def divide(left: Value, right: Value) -> Value:
    """Divide numbers; the result is a double even when the division is exact."""
    if is_number(left) and is_number(right):
        if right == 0:
            raise zero_division_error()
        return left / right
    raise _unsupported("/", left, right)


def floor_divide(left: Value, right: Value) -> Value:
    """Divide and round towards minus infinity; the result is an integer for any numbers."""
    if is_number(left) and is_number(right):
        if right == 0:
            raise zero_division_error()
        quotient = left // right
        if not math.isfinite(quotient):
            raise value_error(f"{text_of(left)} // {text_of(right)} is not an integer")
        return int64(int(quotient))
    raise _unsupported("//", left, right)


def modulo(left: Value, right: Value) -> Value:
    """Return the remainder, which has the sign of the divisor."""
    if is_number(left) and is_number(right):
        if right == 0:
            raise zero_division_error()
        return left % right
    raise _unsupported("%", left, right)


def equal(left: Value, right: Value) -> bool:
    """Compare deeply; numbers by value, other values of different types are unequal."""
    if isinstance(left, Map):
        if not isinstance(right, Map) or left.keys() != right.keys():
            return False
        return _all_equal(left.values(), [right[key] for key in left])
    if isinstance(left, List):
        return isinstance(right, List) and len(left) == len(right) and _all_equal(left, right)
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def _all_equal(left: Collection[Value], right: Collection[Value]) -> bool:
    for one, other in zip(left, right, strict=True):
        # written out for what large values consist of
        if type(one) is type(other) and type(one) in _SCALARS:
            if one != other:
                return False
        elif not equal(one, other):
            return False
    return True


def unequal(left: Value, right: Value) -> bool:
    """Tell whether two values differ."""
    return not equal(left, right)


def less(left: Value, right: Value) -> bool:
    """Order numbers by value and strings by code point."""
    if is_number(left) and is_number(right):
        return left < right
    if isinstance(left, str) and isinstance(right, str):
        return left < right
    raise _unsupported("<", left, right)


def less_or_equal(left: Value, right: Value) -> bool:
    """Order numbers by value and strings by code point."""
    if is_number(left) and is_number(right):
        return left <= right
    if isinstance(left, str) and isinstance(right, str):
        return left <= right
    raise _unsupported("<=", left, right)


def greater(left: Value, right: Value) -> bool:
    """Order numbers by value and strings by code point."""
    if is_number(left) and is_number(right):
        return left > right
    if isinstance(left, str) and isinstance(right, str):
        return left > right
    raise _unsupported(">", left, right)


def greater_or_equal(left: Value, right: Value) -> bool:
    """Order numbers by value and strings by code point."""
    if is_number(left) and is_number(right):
        return left >= right
    if isinstance(left, str) and isinstance(right, str):
        return left >= right
    raise _unsupported(">=", left, right)


def contains(left: Value, right: Value) -> bool:
    """Tell whether `left` is an item of a list or a key of a map."""
    if isinstance(right, Map):
        return isinstance(left, str) and left in right
    if isinstance(right, List):
        return left in right if isinstance(left, str) else any(equal(left, item) for item in right)
    got = type_name(right)
    raise tagged(f"The argument of 'in' must be a dict or an array; got: {got}", "TypeError")


def both(left: Value, right: Value) -> bool:
    """Tell whether both are true; what is evaluated at all must be boolean."""
    return boolean("and", left) and boolean("and", right)


def either(left: Value, right: Value) -> bool:
    """Tell whether one is true; what is evaluated at all must be boolean."""
    return boolean("or", left) or boolean("or", right)


def negate(operand: Value) -> Value:
    """Return the negative of a number."""
    if is_number(operand):
        return _checked(-operand)
    raise type_error(f"unsupported operand type for -: {type_name(operand)}")


def invert(operand: Value) -> bool:
    """Return the opposite of a boolean."""
    return not boolean("not", operand)


#: binary operators; keys are those that the expression parser knows
OPERATORS: dict[str, Operator] = {
    "or": either,
    "and": both,
    "==": equal,
    "!=": unequal,
    "<": less,
    "<=": less_or_equal,
    ">": greater,
    ">=": greater_or_equal,
    "in": contains,
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "//": floor_divide,
    "%": modulo,
}

#: prefix operators
PREFIX_OPERATORS: dict[str, Callable[[Value], Value]] = {"not": invert, "-": negate}


def lookup(target: Value, key: Value) -> Value:
    """Return a map's value or a list's item; raises KeyError, IndexError or TypeError."""
    if isinstance(target, Map):
        if not isinstance(key, str):
            raise type_error(f"the key of a map must be a string, not {type_name(key)}")
        if key not in target:
            raise key_error(key)
        return target[key]
    if isinstance(target, List):
        return target[list_index(target, key)]
    raise type_error(f"{type_name(target)} has no members or items")


def list_index(target: List, key: Value) -> int:
    """Return `key` if it is an index of the list; raises IndexError or TypeError."""
    if isinstance(key, bool) or not isinstance(key, int):
        raise type_error(f"the index of a list must be an integer, not {type_name(key)}")
    if 0 <= key < len(target):
        return key
    raise index_error(key, len(target))


def boolean(operator: str, operand: Value) -> bool:
    """Return an operand of `and`, `or` and `not`, which must be boolean."""
    if isinstance(operand, bool):
        return operand
    raise type_error(f"operands of '{operator}' must be boolean, not {type_name(operand)}")


def is_number(value: Value) -> TypeGuard[int | float]:
    """Tell whether a value is an integer or a double."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _checked(result: float) -> int | float:
    return int64(result) if isinstance(result, int) else result


def _as_text(value: Value) -> str | None:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return text_of(value)
        case _:
            return None


def _unsupported(operator: str, left: Value, right: Value) -> WorkflowError:
    kinds = f"{type_name(left)} and {type_name(right)}"
    return type_error(f"unsupported operand types for {operator}: {kinds}")
