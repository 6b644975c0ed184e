"""Nodes -> a definition: routines, their parameters and steps (SPEC 1.1 and 1.2)."""

from __future__ import annotations

from typing import Final

from ringback_server.lang.expressions import Expression
from ringback_server.lang.limits import Limits
from ringback_server.lang.nodes import Entry, Mapping, Node, Scalar, Sequence
from ringback_server.lang.problems import Problems, shown
from ringback_server.lang.source_text import SourceText
from ringback_server.lang.step_parser import parse_steps
from ringback_server.lang.steps import Definition, Parameter, Routine, Step
from ringback_server.lang.traversal import steps_below
from ringback_server.lang.value_parser import (
    Context,
    fields,
    kind,
    mapping,
    sequence,
    value,
    variable,
)

MAIN: Final = "main"
_ROUTINE_KEYS: Final = ("params", "steps")


def parse(source: SourceText, root: Node | None, limits: Limits, problems: Problems) -> Definition:
    """Return the definition that a document holds; without what has problems."""
    context = Context(source, limits, problems)
    if root is None or (isinstance(root, Scalar) and root.value is None):
        problems.add("the definition is empty", source.position(0, 0))
        return Definition(routines={})
    if isinstance(root, Sequence):
        steps = _steps(context, root)
        main = Routine(
            name=MAIN,
            parameters=(),
            steps=steps,
            position=context.position(root),
            complete=not problems.losses,
        )
        return Definition(routines={MAIN: main})
    if not isinstance(root, Mapping):
        message = f"a definition is a list of steps, or a map with '{MAIN}', not {kind(root)}"
        context.problem(message, root)
        return Definition(routines={})
    if MAIN not in {entry.key for entry in root.entries}:
        context.problem(f"the definition has no '{MAIN}'", root)
    whole = not problems.losses
    routines = [_routine(context, entry, whole=whole) for entry in root.entries]
    return Definition(routines={routine.name: routine for routine in routines})


def _routine(context: Context, entry: Entry, *, whole: bool) -> Routine:
    before = context.problems.losses
    what = f"'{shown(entry.key)}'"
    if not entry.key:
        context.problem("the name of a subworkflow must not be empty", entry.key_node)
    found = fields(context, entry.value, what, _ROUTINE_KEYS, ["steps"])
    most = context.limits.main_parameters if entry.key == MAIN else context.limits.parameters
    parameters = _parameters(context, found["params"].value, most) if "params" in found else ()
    steps = _steps(context, found["steps"].value) if "steps" in found else ()
    return Routine(
        name=entry.key,
        parameters=parameters,
        steps=steps,
        position=context.position(entry.key_node),
        complete=whole and context.problems.losses == before,
    )


def _steps(context: Context, node: Node) -> tuple[Step, ...]:
    steps = parse_steps(context, node)
    count, most = sum(1 for _ in steps_below(steps)), context.limits.steps
    if count > most:
        context.problem(f"there are {count} steps, more than {most}", node)
    return steps


def _parameters(context: Context, node: Node, most: int) -> tuple[Parameter, ...]:
    if isinstance(node, Scalar) and node.value is None:
        return ()
    parameters: dict[str, Parameter] = {}
    nodes = sequence(context, node, "'params'")
    if len(nodes) > most:
        context.problem(f"'params' takes at most {most}, not {len(nodes)}", node)
    for item in nodes[:most]:
        parameter = _parameter(context, item)
        if parameter is not None and parameter.name in parameters:
            context.problem(f"duplicate parameter '{parameter.name}'", item)
        elif parameter is not None:
            parameters[parameter.name] = parameter
    return tuple(parameters.values())


def _parameter(context: Context, node: Node) -> Parameter | None:
    """Read `name`, or `name: default`."""
    if isinstance(node, Scalar):
        return _named(context, node, None)
    entries = mapping(context, node, "a parameter with a default")
    if isinstance(node, Mapping) and len(entries) != 1:
        context.problem(f"a parameter is a map with one key, its name; found {len(entries)}", node)
    for entry in entries[:1]:
        return _named(context, entry.key_node, value(context, entry.value))
    return None


def _named(context: Context, node: Scalar, default: Expression | None) -> Parameter | None:
    name = variable(context, node, "a parameter")
    if name is None:
        return None
    return Parameter(name=name, default=default, position=context.position(node))
