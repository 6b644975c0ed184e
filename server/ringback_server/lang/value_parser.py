"""Nodes -> values: literals, and `${…}` anywhere in them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from ringback_server.lang.expression_parser import Place, is_word, parse_expression
from ringback_server.lang.expressions import (
    Expression,
    Index,
    ListOf,
    Literal,
    MapOf,
    Member,
    Name,
    Position,
)
from ringback_server.lang.limits import Limits
from ringback_server.lang.nodes import Entry, Mapping, Node, Scalar, Sequence, Style
from ringback_server.lang.problems import Problems, nearest, shown
from ringback_server.lang.source_text import SourceText
from ringback_server.lang.tokens import ExpressionSyntaxError

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_BEGIN: Final = "${"
_END: Final = "}"
_KINDS: Final = {Mapping: "a map", Sequence: "a list"}


@dataclass(frozen=True, slots=True)
class Context:
    """What every parser needs: the text, the limits, where problems go, and in which step."""

    source: SourceText
    limits: Limits
    problems: Problems
    step: str | None = None
    #: trees of expressions by the identity of their scalars: aliases share theirs
    trees: dict[int, Expression] = field(default_factory=dict[int, Expression])

    def inside(self, step: str) -> Context:
        """Return the context of a step."""
        return replace(self, step=step)

    def problem(self, message: str, node: Node) -> None:
        """Note what is wrong with a node."""
        self.problems.add(message, self.source.of(node), self.step)

    def position(self, node: Node) -> Position:
        """Return the position of a node."""
        return self.source.of(node)


def kind(node: Node) -> str:
    """Return what a node is, in a message's words."""
    if isinstance(node, Scalar):
        return "nothing" if node.value is None else f"'{shown(str(node.value))}'"
    return _KINDS[type(node)]


def mapping(context: Context, node: Node, what: str) -> tuple[Entry, ...]:
    """Return the entries of a map; of anything else none, and note a problem."""
    if isinstance(node, Mapping):
        return node.entries
    context.problem(f"{what} must be a map, not {kind(node)}", node)
    return ()


def sequence(context: Context, node: Node, what: str) -> tuple[Node, ...]:
    """Return the items of a list; of anything else none, and note a problem."""
    if isinstance(node, Sequence):
        return node.items
    context.problem(f"{what} must be a list, not {kind(node)}", node)
    return ()


def fields(
    context: Context, node: Node, what: str, known: Iterable[str], required: Iterable[str] = ()
) -> dict[str, Entry]:
    """Return the entries of a map by key, noting unknown keys and missing ones."""
    found = {entry.key: entry for entry in mapping(context, node, what)}
    for unknown in [key for key in found if key not in known]:
        hint = nearest(unknown, known)
        context.problem(f"unknown key '{shown(unknown)}' in {what}{hint}", found[unknown].key_node)
        del found[unknown]
    if isinstance(node, Mapping):
        for key in required:
            if key not in found:
                context.problem(f"{what} needs '{key}'", node)
    return found


def word(context: Context, node: Node, what: str) -> str | None:
    """Return a plain text, such as the name of a step; note anything else."""
    if not isinstance(node, Scalar) or not isinstance(node.value, str) or not node.value:
        context.problem(f"{what} must be a name, not {kind(node)}", node)
    elif node.value.startswith(_BEGIN):
        context.problem(f"{what} must be a name, not an expression", node)
    else:
        return node.value
    return None


def variable(context: Context, node: Node, what: str) -> str | None:
    """Return the name of a variable; note what cannot be one."""
    text = word(context, node, what)
    if text is None:
        return None
    complaint = _no_variable(text)
    if complaint is None:
        return text
    context.problem(f"{what} '{shown(text)}' is not a variable name: {complaint}", node)
    return None


def _no_variable(text: str) -> str | None:
    """Return why a text cannot be the name of a variable, None if it can."""
    if not _VARIABLE.match(text):
        return "letters, digits and '_' may stand in it, and no digit first"
    if is_word(text):
        return "it is a word of expressions"
    return None


def value(context: Context, node: Node) -> Expression:
    """Return the tree of a value, with the expressions in it."""
    match node:
        case Scalar():
            return _scalar(context, node)
        case Sequence():
            items = tuple([value(context, item) for item in node.items])
            return ListOf(items, context.position(node))
        case Mapping():
            pairs = [
                (_scalar(context, entry.key_node), value(context, entry.value))
                for entry in node.entries
            ]
            return MapOf(tuple(pairs), context.position(node))


def target(context: Context, node: Scalar) -> Name | Member | Index | None:
    """Return the target of an assignment: a variable, or a place inside one."""
    text = str(node.value)
    if text.startswith(_BEGIN):
        context.problem("the target of an assignment is written without '${' and '}'", node)
        return None
    if "." not in text and "[" not in text:
        name = variable(context, node, "the target")
        return None if name is None else Name(name, context.position(node))
    tree = _parsed(context, node, text, 0, loss=True)
    root = tree
    while isinstance(root, Member | Index):
        root = root.target
    if isinstance(root, Name) and isinstance(tree, Name | Member | Index):
        return tree
    if tree is not None:
        context.problem(f"cannot assign to '{shown(text)}': it is no place in a variable", node)
    return None


def is_expression(node: Node) -> bool:
    """Tell whether a node is a `${…}`."""
    return isinstance(node, Scalar) and expression_bounds(node) is not None


def expression_bounds(node: Scalar) -> tuple[int, int] | None:
    """Return where in a scalar's text its expression begins and ends, None if it has none."""
    text = node.value
    if not isinstance(text, str):
        return None
    begin, end = 0, len(text)
    if node.style is Style.BLOCK:
        # a block's final line break cannot be helped
        begin, end = end - len(text.lstrip()), len(text.rstrip())
    if not (text.startswith(_BEGIN, begin) and text.endswith(_END, begin + len(_BEGIN), end)):
        return None
    return begin + len(_BEGIN), end - len(_END)


def _scalar(context: Context, node: Scalar) -> Expression:
    if id(node) in context.trees:
        return context.trees[id(node)]
    bounds = expression_bounds(node)
    if bounds is None or not isinstance(node.value, str):
        return Literal(node.value, context.position(node))
    begin, end = bounds
    tree = _parsed(context, node, node.value[begin:end], begin, loss=False)
    if tree is None:
        return Literal(None, context.position(node))
    context.trees[id(node)] = tree
    return tree


def _parsed(
    context: Context, node: Scalar, text: str, offset: int, *, loss: bool
) -> Expression | None:
    """Return the tree of an expression in a scalar, None for one that has a problem."""
    place = place_in(context.source, node, offset)
    try:
        return parse_expression(text, place, context.limits)
    except ExpressionSyntaxError as error:
        position = place(error.start, error.end)
        context.problems.add(error.message, position, context.step, loss=loss)
        return None


def place_in(source: SourceText, node: Scalar, offset: int) -> Place:
    """Return what maps indexes into an expression's text to positions in the source."""
    indexes: list[int] = []

    def place(start: int, end: int) -> Position:
        if not indexes:
            indexes.extend(source.indexes(node, str(node.value)))
        first = indexes[offset + start]
        last = indexes[offset + end - 1] + 1 if end > start else first
        return source.position(first, last)

    return place
