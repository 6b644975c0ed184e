"""Warnings about how a definition is written: quotes, comments, aliases."""

from __future__ import annotations

from collections.abc import Iterator

from ringback_server.lang.findings import ALIAS, NO_EXPRESSION, SINGLE_QUOTES, Finding
from ringback_server.lang.nodes import Entry, Mapping, Node, Scalar, Sequence, Style
from ringback_server.lang.source_text import SourceText
from ringback_server.lang.tokens import ExpressionSyntaxError, Kind, tokens
from ringback_server.lang.value_parser import expression_bounds, place_in

_BEGIN = "${"


def node_warnings(source: SourceText, root: Node) -> Iterator[Finding]:
    """Yield what there is to say of the nodes of a document."""
    known: set[int] = set()
    left = [root]
    while left:
        node = left.pop()
        if id(node) in known:
            # an alias is the same node again
            message = (
                "Google's documentation knows no YAML anchors; write this out where it is used"
            )
            yield Finding(rule=ALIAS, message=message, position=source.of(node))
            continue
        known.add(id(node))
        match node:
            case Scalar():
                yield from _in_text(source, node)
            case Sequence():
                left.extend(node.items)
            case Mapping():
                for entry in node.entries:
                    yield from _in_targets(source, entry)
                    left += entry.key_node, entry.value


def _in_text(source: SourceText, node: Scalar) -> Iterator[Finding]:
    bounds = expression_bounds(node)
    if bounds is not None:
        yield from _single_quotes(source, node, *bounds)
    elif isinstance(node.value, str) and _BEGIN in node.value:
        yield Finding(rule=NO_EXPRESSION, message=_why_text(source, node), position=source.of(node))


def _why_text(source: SourceText, node: Scalar) -> str:
    if not str(node.value).lstrip().startswith(_BEGIN):
        return "'${' within a text means nothing: write ${\"text\" + expression}"
    if node.style is Style.PLAIN and source.text[node.end :].lstrip(" \t").startswith("#"):
        return "'#' begins a comment, so the expression has no '}': put quotes around it"
    return "the text begins with '${' but does not end with '}', so it is no expression"


def _in_targets(source: SourceText, entry: Entry) -> Iterator[Finding]:
    """Look at what an `assign` assigns to: it is an expression without `${` and `}`."""
    if entry.key != "assign" or not isinstance(entry.value, Sequence):
        return
    for item in entry.value.items:
        for target in item.entries if isinstance(item, Mapping) else ():
            if "[" in target.key and _BEGIN not in target.key:
                yield from _single_quotes(source, target.key_node, 0, len(target.key))


def _single_quotes(source: SourceText, node: Scalar, begin: int, end: int) -> Iterator[Finding]:
    place = place_in(source, node, begin)
    try:
        for token in tokens(str(node.value)[begin:end]):
            if token.kind is Kind.STRING and token.text.startswith("'"):
                yield Finding(
                    rule=SINGLE_QUOTES,
                    message=f'write "{token.text[1:-1]}" with double quotes',
                    position=place(token.start, token.end),
                )
    except ExpressionSyntaxError:
        # it has been said already, or the text is no expression in the place where it stands
        return
