"""Nodes -> loops and parallel steps (SPEC 1.7 and 1.11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ringback_server.lang.expressions import Expression, Name
from ringback_server.lang.nodes import Entry, Mapping, Node, Scalar, Sequence
from ringback_server.lang.problems import shown
from ringback_server.lang.steps import Branch, For, Parallel, Step
from ringback_server.lang.value_parser import (
    Context,
    fields,
    is_expression,
    kind,
    mapping,
    sequence,
    value,
    variable,
    word,
)

_FOR: Final = ("value", "index", "in", "range", "steps")
_PARALLEL: Final = ("shared", "concurrency_limit", "exception_policy", "branches", "for")
#: the one policy that Google's service has
_POLICY: Final = "continueAll"
_FEWEST_BRANCHES: Final = 2
_ENDS_OF_RANGE: Final = 2

#: reads a list of steps; a parameter, because steps hold loops and loops hold steps
ParseSteps = Callable[[Context, Node], tuple[Step, ...]]


def parse_for(context: Context, entry: Entry, parse_steps: ParseSteps) -> For:
    """Return the loop under `for`; what is wrong is noted, and left out."""
    found = fields(context, entry.value, "'for'", _FOR, ("value", "steps"))
    if isinstance(entry.value, Mapping):
        _check_one_of(context, found, ("in", "range"), entry)
    name = variable(context, found["value"].value, "'value'") if "value" in found else None
    index = variable(context, found["index"].value, "'index'") if "index" in found else None
    if name is not None and index == name:
        context.problem("'index' must have another name than 'value'", found["index"].value)
    return For(
        value=name or "",
        index=index,
        in_=value(context, found["in"].value) if "in" in found else None,
        range=_range(context, found["range"].value) if "range" in found else None,
        steps=parse_steps(context, found["steps"].value) if "steps" in found else (),
        position=context.position(entry.key_node),
    )


def parse_parallel(context: Context, entry: Entry, parse_steps: ParseSteps) -> Parallel:
    """Return the branches or the loop under `parallel`; what is wrong is noted, and left out."""
    found = fields(context, entry.value, "'parallel'", _PARALLEL)
    if isinstance(entry.value, Mapping):
        _check_one_of(context, found, ("branches", "for"), entry)
    if "exception_policy" in found:
        _check_policy(context, found["exception_policy"].value)
    limit = found.get("concurrency_limit")
    branches: tuple[Branch, ...] = ()
    if "branches" in found:
        branches = _branches(context, found["branches"].value, parse_steps)
    return Parallel(
        shared=_shared(context, found["shared"].value) if "shared" in found else (),
        concurrency_limit=None if limit is None else _limit(context, limit.value),
        branches=branches,
        for_=parse_for(context, found["for"], parse_steps) if "for" in found else None,
        position=context.position(entry.key_node),
    )


def _check_one_of(
    context: Context, found: dict[str, Entry], pair: tuple[str, str], owner: Entry
) -> None:
    first, second = pair
    if first in found and second in found:
        message = f"'{owner.key}' takes '{first}' or '{second}', not both"
        later = max(found[first].key_node, found[second].key_node, key=lambda node: node.start)
        context.problem(message, later)
    elif first not in found and second not in found:
        context.problem(f"'{owner.key}' needs '{first}' or '{second}'", owner.key_node)


def _range(context: Context, node: Node) -> tuple[Expression, Expression] | Expression | None:
    if is_expression(node):
        return value(context, node)
    if not isinstance(node, Sequence):
        message = f"'range' must be a list of two numbers or an expression, not {kind(node)}"
        context.problem(message, node)
        return None
    if len(node.items) != _ENDS_OF_RANGE:
        message = f"'range' takes two numbers, the first and the last, not {len(node.items)}"
        context.problem(message, node)
        return None
    for item in node.items:
        number = isinstance(item, Scalar) and type(item.value) in {int, float}
        if not number and not is_expression(item):
            message = f"an end of 'range' must be a number or an expression, not {kind(item)}"
            context.problem(message, item)
    first, last = (value(context, item) for item in node.items)
    return first, last


def _check_policy(context: Context, node: Node) -> None:
    policy = word(context, node, "'exception_policy'")
    if policy is not None and policy != _POLICY:
        message = f"'exception_policy' must be '{_POLICY}', not '{shown(policy)}'"
        context.problem(message, node)


def _limit(context: Context, node: Node) -> Expression:
    positive = isinstance(node, Scalar) and type(node.value) is int and node.value > 0
    if not positive and not is_expression(node):
        message = (
            f"'concurrency_limit' must be a positive integer or an expression, not {kind(node)}"
        )
        context.problem(message, node)
    return value(context, node)


def _shared(context: Context, node: Node) -> tuple[Name, ...]:
    if isinstance(node, Scalar) and node.value is None:
        return ()
    names: dict[str, Name] = {}
    for item in sequence(context, node, "'shared'"):
        name = variable(context, item, "a name in 'shared'")
        if name in names:
            context.problem(f"duplicate name '{name}' in 'shared'", item)
        elif name is not None:
            names[name] = Name(name, context.position(item))
    return tuple(names.values())


def _branches(context: Context, node: Node, parse_steps: ParseSteps) -> tuple[Branch, ...]:
    nodes = sequence(context, node, "'branches'")
    most = context.limits.branches
    if isinstance(node, Sequence) and not _FEWEST_BRANCHES <= len(nodes) <= most:
        message = f"'branches' takes {_FEWEST_BRANCHES} to {most} branches, not {len(nodes)}"
        context.problem(message, node)
    branches: dict[str, Branch] = {}
    for item in nodes[:most]:
        branch = _branch(context, item, parse_steps)
        if branch is not None and branch.name in branches:
            context.problem(f"duplicate branch '{shown(branch.name)}'", item)
        elif branch is not None:
            branches[branch.name] = branch
    return tuple(branches.values())


def _branch(context: Context, node: Node, parse_steps: ParseSteps) -> Branch | None:
    entries = mapping(context, node, "a branch")
    if isinstance(node, Mapping) and len(entries) != 1:
        message = f"a branch is a map with one key, its name; found {len(entries)} keys"
        context.problem(message, node)
    for entry in entries[:1]:
        if not entry.key:
            context.problem("the name of a branch must not be empty", entry.key_node)
        found = fields(context, entry.value, "a branch", ("steps",), ("steps",))
        return Branch(
            name=entry.key,
            steps=parse_steps(context, found["steps"].value) if "steps" in found else (),
            position=context.position(entry.key_node),
        )
    return None
