"""Nodes -> steps: the keys of a step and what may stand under each (SPEC 1.3 to 1.11).

It accepts a little too much on purpose where the checker can say better what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ringback_server.lang.expressions import Expression, Position
from ringback_server.lang.loop_parser import parse_for, parse_parallel
from ringback_server.lang.nodes import Entry, Mapping, Node, Scalar, Sequence
from ringback_server.lang.problems import shown
from ringback_server.lang.retry_parser import retry_policy
from ringback_server.lang.steps import (
    Assign,
    Assignment,
    Body,
    CallStep,
    Case,
    Handler,
    Nested,
    Raise,
    Return,
    Step,
    Switch,
    Try,
)
from ringback_server.lang.value_parser import (
    Context,
    fields,
    kind,
    mapping,
    sequence,
    target,
    value,
    variable,
    word,
)

#: keys that only go with the key that says what a step does
_COMPANIONS: Final = {"args": "call", "result": "call", "retry": "try", "except": "try"}

#: the entries of a step's body, or of a switch item or a try, by key
_Fields = dict[str, Entry]


def parse_steps(context: Context, node: Node) -> tuple[Step, ...]:
    """Return the steps of a list; what is wrong is noted, and left out."""
    items = sequence(context, node, "'steps'")
    if isinstance(node, Sequence) and not items:
        context.problem("'steps' needs at least one step", node)
    parsed = [_step(context, item) for item in items]
    return tuple(step for step in parsed if step is not None)


def _step(context: Context, node: Node) -> Step | None:
    entries = mapping(context, node, "a step")
    if len(entries) != 1:
        if isinstance(node, Mapping):
            context.problem(_not_one_key(entries), node)
        return None
    (entry,) = entries
    if not entry.key:
        context.problem("the name of a step must not be empty", entry.key_node)
    inner = context.inside(entry.key)
    found = fields(inner, entry.value, "a step", _STEP_KEYS)
    body = _body(inner, found)
    if not found and isinstance(entry.value, Mapping) and not entry.value.entries:
        inner.problem("the step does nothing", entry.key_node)
    jump, jump_position = _next(inner, found)
    return Step(
        name=entry.key,
        body=body,
        next=jump,
        position=context.position(entry.key_node),
        next_position=jump_position,
    )


def _not_one_key(entries: tuple[Entry, ...]) -> str:
    message = "a step is a map with one key, its name"
    keys = [entry.key for entry in entries]
    if any(key in _STEP_KEYS for key in keys[1:]):
        return f"{message}: indent '{shown(keys[1])}' and what follows more than '{shown(keys[0])}'"
    if keys:
        found = ", ".join(f"'{shown(key)}'" for key in keys[:5])
        return f"{message}; found {found}"
    return message


def _next(context: Context, found: _Fields) -> tuple[str | None, Position | None]:
    if "next" not in found:
        return None, None
    node = found["next"].value
    return word(context, node, "'next'"), context.position(node)


def _body(context: Context, found: _Fields) -> Body | None:
    """Return what a step, a switch item or a try does; None if nothing or a problem."""
    kinds = [key for key in found if key in _KINDS]
    for key in kinds[1:]:
        message = f"a step cannot have both '{kinds[0]}' and '{key}'"
        context.problem(message, found[key].key_node)
    for key, owner in _COMPANIONS.items():
        if key in found and owner not in found:
            context.problem(f"'{key}' needs '{owner}' beside it", found[key].key_node)
    return _KINDS[kinds[0]](context, found[kinds[0]], found) if kinds else None


def _assign(context: Context, entry: Entry, _found: _Fields) -> Body:
    nodes = sequence(context, entry.value, "'assign'")
    most = context.limits.assignments
    if isinstance(entry.value, Sequence) and not 1 <= len(nodes) <= most:
        message = f"'assign' takes 1 to {most} assignments, not {len(nodes)}"
        context.problem(message, entry.value)
    items = [_assignment(context, node) for node in nodes[:most]]
    return Assign(
        items=tuple(item for item in items if item is not None),
        position=context.position(entry.key_node),
    )


def _assignment(context: Context, node: Node) -> Assignment | None:
    entries = mapping(context, node, "an assignment")
    if isinstance(node, Mapping) and len(entries) != 1:
        message = f"an assignment is a map with one key, the variable; found {len(entries)} keys"
        context.problem(message, node)
    for entry in entries[:1]:
        place = target(context, entry.key_node)
        content = value(context, entry.value)
        return None if place is None else Assignment(place, content)
    return None


def _call(context: Context, entry: Entry, found: _Fields) -> Body | None:
    function = word(context, entry.value, "'call'")
    arguments = _arguments(context, found["args"].value) if "args" in found else []
    result = found["result"].value if "result" in found else None
    name = None if result is None else variable(context, result, "'result'")
    if function is None:
        return None
    return CallStep(
        function=function,
        arguments=tuple((name, value) for name, value, _ in arguments),
        result=name,
        position=context.position(entry.key_node),
        function_position=context.position(entry.value),
        argument_positions=tuple(position for _, _, position in arguments),
        result_position=None if result is None else context.position(result),
    )


def _arguments(context: Context, node: Node) -> list[tuple[str | None, Expression, Position]]:
    position = context.position
    if isinstance(node, Sequence):
        return [(None, value(context, item), position(item)) for item in node.items]
    if isinstance(node, Scalar) and node.value is None:
        return []
    if not isinstance(node, Mapping):
        context.problem(f"'args' must be a map or a list, not {kind(node)}", node)
        return []
    return [
        (entry.key, value(context, entry.value), position(entry.key_node)) for entry in node.entries
    ]


def _switch(context: Context, entry: Entry, _found: _Fields) -> Body:
    nodes = sequence(context, entry.value, "'switch'")
    most = context.limits.switch_cases
    if isinstance(entry.value, Sequence) and not 1 <= len(nodes) <= most:
        context.problem(f"'switch' takes 1 to {most} items, not {len(nodes)}", entry.value)
    cases = [_case(context, node) for node in nodes[:most]]
    return Switch(
        cases=tuple(case for case in cases if case is not None),
        position=context.position(entry.key_node),
    )


def _case(context: Context, node: Node) -> Case | None:
    known = ("condition", *_STEP_KEYS)
    found = fields(context, node, "an item of 'switch'", known, ["condition"])
    body = _body(context, found)
    jump, jump_position = _next(context, found)
    if "condition" not in found:
        return None
    condition = found["condition"]
    return Case(
        condition=value(context, condition.value),
        body=body,
        next=jump,
        position=context.position(condition.key_node),
        next_position=jump_position,
    )


def _return(context: Context, entry: Entry, _found: _Fields) -> Body:
    position = context.position(entry.key_node)
    return Return(value=value(context, entry.value), position=position)


def _raise(context: Context, entry: Entry, _found: _Fields) -> Body:
    position = context.position(entry.key_node)
    return Raise(value=value(context, entry.value), position=position)


def _nested(context: Context, entry: Entry, _found: _Fields) -> Body:
    position = context.position(entry.key_node)
    return Nested(steps=parse_steps(context, entry.value), position=position)


def _try(context: Context, entry: Entry, found: _Fields) -> Body:
    position = context.position(entry.key_node)
    retry = retry_policy(context, found["retry"]) if "retry" in found else None
    handler = _handler(context, found["except"]) if "except" in found else None
    body = _tried(context, entry) or Nested(steps=(), position=position)
    return Try(body=body, retry=retry, handler=handler, position=position)


def _tried(context: Context, entry: Entry) -> Body | None:
    found = fields(context, entry.value, "'try'", _STEP_KEYS)
    if "for" in found:
        # the words of Google's service
        context.problem("loop step name should not be empty", found["for"].key_node)
        return None
    if "next" in found:
        context.problem("'next' stands beside 'try', not in it", found["next"].key_node)
    body = _body(context, found)
    if isinstance(entry.value, Mapping) and not any(key in _KINDS for key in found):
        context.problem("'try' has nothing to do", entry.key_node)
    return body


def _handler(context: Context, entry: Entry) -> Handler | None:
    found = fields(context, entry.value, "'except'", ("as", "steps"), ("as", "steps"))
    name = variable(context, found["as"].value, "'as'") if "as" in found else None
    steps = parse_steps(context, found["steps"].value) if "steps" in found else ()
    if name is None:
        return None
    return Handler(name=name, steps=steps, position=context.position(entry.key_node))


def _for(context: Context, entry: Entry, _found: _Fields) -> Body:
    return parse_for(context, entry, parse_steps)


def _parallel(context: Context, entry: Entry, _found: _Fields) -> Body:
    return parse_parallel(context, entry, parse_steps)


#: what a step can do, by key
_KINDS: Final[dict[str, Callable[[Context, Entry, _Fields], Body | None]]] = {
    "assign": _assign,
    "call": _call,
    "switch": _switch,
    "return": _return,
    "raise": _raise,
    "steps": _nested,
    "try": _try,
    "for": _for,
    "parallel": _parallel,
}
_STEP_KEYS: Final = (*_KINDS, *_COMPANIONS, "next")
