"""What loops run over: closures that evaluate it, and refuse what will not do (SPEC 1.7)."""

from __future__ import annotations

import math
from collections.abc import Callable

from ringback_server.lang.errors import type_error, value_error
from ringback_server.lang.evaluator import is_number
from ringback_server.lang.expressions import Position
from ringback_server.lang.host import Slots
from ringback_server.lang.memory import store
from ringback_server.lang.program import Count, Evaluate
from ringback_server.lang.values import INT64_MAX, List, Value, type_name

#: evaluates what several variables begin with
Begin = Callable[[Slots], tuple[Value, ...]]

_ENDS = 2


def items(evaluate: Evaluate, position: Position) -> Begin:
    """Return a closure for the list that a loop visits."""

    def run(slots: Slots) -> tuple[Value, ...]:
        value = evaluate(slots)
        if not isinstance(value, List):
            message = f"a loop runs over a list, not {type_name(value)}"
            raise type_error(message).locate(position)
        return (value,)

    return run


def ends(first: Evaluate, last: Evaluate, position: Position) -> Begin:
    """Return a closure for the first and the last number of a range."""
    return lambda slots: _range(first(slots), last(slots), position)


def ends_in(evaluate: Evaluate, position: Position) -> Begin:
    """Return a closure for the ends of a range that one expression yields as a list."""

    def run(slots: Slots) -> tuple[Value, ...]:
        value = evaluate(slots)
        if not isinstance(value, List):
            message = f"a range must be a list of two numbers, not {type_name(value)}"
            raise type_error(message).locate(position)
        if len(value) != _ENDS:
            message = f"a range takes two numbers, the first and the last, not {len(value)}"
            raise value_error(message).locate(position)
        return _range(value[0], value[1], position)

    return run


def limit(evaluate: Evaluate | None, position: Position) -> Begin:
    """Return a closure for a concurrency limit, null if there is none."""

    def run(slots: Slots) -> tuple[Value, ...]:
        value = None if evaluate is None else evaluate(slots)
        if evaluate is not None and (isinstance(value, bool) or not isinstance(value, int)):
            message = f"concurrency_limit must be an integer, not {type_name(value)}"
            raise type_error(message).locate(position)
        if isinstance(value, int) and value < 1:
            raise value_error("concurrency_limit must be positive").locate(position)
        return (value,)

    return run


def constants(*values: Value) -> Begin:
    """Return a closure for variables that always begin with the same values."""
    return lambda _: values


def together(*begins: Begin) -> Begin:
    """Return a closure for all variables of several ones."""
    return lambda slots: tuple(value for begin in begins for value in begin(slots))


def next_item(value: int, index: int, at: int, items: int) -> Evaluate:
    """Return a condition that takes the next item of a list, and is false if there is none.

    Parameters are slots: of the value, of the index or 0, of how many iterations began, and of
    the list.
    """

    def run(slots: Slots) -> Value:
        count, visited = slots[at], slots[items]
        if count >= len(visited):
            return False
        slots[at] = count + 1
        item = visited[count]
        if type(item) is int and type(slots[value]) is int:
            slots[value] = item
        else:
            store(slots, value, item)
        if index:
            store(slots, index, count)
        return True

    return run


def next_number(value: int, index: int, at: int, first: int, last: int) -> Evaluate:
    """Return a condition that takes the next number of a range, like `next_item`."""

    def run(slots: Slots) -> Value:
        count = slots[at]
        number = slots[first] + count
        if number > slots[last]:
            return False
        slots[at] = count + 1
        if type(slots[value]) is type(number):
            slots[value] = number
        else:
            store(slots, value, number)
        if index:
            store(slots, index, count)
        return True

    return run


def iterations(*source: int) -> Count:
    """Return what counts the iterations of a loop, by the slots of its list or of its range."""

    def count(_: int, slots: Slots) -> int:
        if len(source) == 1:
            visited: List = slots[source[0]]
            return len(visited)
        first, last = slots[source[0]], slots[source[1]]
        return max(0, int(last - first) + 1) if first <= last else 0

    return count


def _range(first: Value, last: Value, position: Position) -> tuple[Value, ...]:
    for end in (first, last):
        if not is_number(end):
            message = f"an end of a range must be a number, not {type_name(end)}"
            raise type_error(message).locate(position)
        if not math.isfinite(end):
            raise value_error("an end of a range must be finite").locate(position)
    if isinstance(first, int) and isinstance(last, float):
        # numbers of a range that begins with an integer are integers, and end with them
        return first, min(math.floor(last), INT64_MAX)
    return first, last
