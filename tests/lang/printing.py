"""Prints expressions as text, to read them again, and as brackets, to see how they group."""

from __future__ import annotations

import json
from typing import assert_never

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
    Unary,
)


def printed(node: Expression) -> str:
    """Return the text of an expression, with brackets around each operation."""
    match node:
        case Literal():
            text = json.dumps(node.value)
        case Name():
            text = node.name
        case Member():
            text = f"{_operand(node.target)}.{node.key}"
        case Index():
            text = f"{_operand(node.target)}[{printed(node.key)}]"
        case Call():
            text = f"{node.function}({', '.join(map(printed, node.arguments))})"
        case Unary():
            text = f"({node.operator} {printed(node.operand)})"
        case Binary():
            text = f"({printed(node.left)} {node.operator} {printed(node.right)})"
        case ListOf():
            text = f"[{', '.join(map(printed, node.items))}]"
        case MapOf():
            text = f"{{{', '.join(f'{printed(k)}: {printed(v)}' for k, v in node.pairs)}}}"
        case _:
            assert_never(node)
    return text


def _operand(node: Expression) -> str:
    """Return the text of what a member or an index is taken of."""
    text = printed(node)
    return f"({text})" if isinstance(node, Literal) else text
