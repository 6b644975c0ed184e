"""Nodes -> the policy of `retry` (SPEC 1.8)."""

from __future__ import annotations

from typing import Final

from ringback_server.lang.expressions import Expression, Literal, Member
from ringback_server.lang.nodes import Entry, Node, Scalar
from ringback_server.lang.steps import RetryPolicy
from ringback_server.lang.value_parser import Context, fields, is_expression, kind, value

_POLICY: Final = ("predicate", "max_retries", "backoff")
_BACKOFF: Final = ("initial_delay", "max_delay", "multiplier")


def retry_policy(context: Context, entry: Entry) -> RetryPolicy | Expression | None:
    """Return the policy under `retry`: a map, or an expression that yields one."""
    node = entry.value
    if is_expression(node):
        return value(context, node)
    if isinstance(node, Scalar):
        message = f"'retry' must be a map or an expression, not {kind(node)}"
        context.problem(message, node)
        return None
    found = fields(context, node, "'retry'", _POLICY)
    backoff = _backoff(context, found["backoff"].value) if "backoff" in found else {}
    return RetryPolicy(
        predicate=_predicate(context, found["predicate"].value) if "predicate" in found else None,
        max_retries=value(context, found["max_retries"].value) if "max_retries" in found else None,
        initial_delay=backoff.get("initial_delay"),
        max_delay=backoff.get("max_delay"),
        multiplier=backoff.get("multiplier"),
        position=context.position(entry.key_node),
    )


def _predicate(context: Context, node: Node) -> Expression:
    tree = value(context, node)
    if not is_expression(node):
        name = tree.value if isinstance(tree, Literal) and isinstance(tree.value, str) else "name"
        message = f"'predicate' must be an expression such as ${{{name}}}, not {kind(node)}"
        context.problem(message, node)
    return tree


def _backoff(context: Context, node: Node) -> dict[str, Expression]:
    """Return the fields of a back-off; those of `${retry.default_backoff}` are its members."""
    if is_expression(node):
        whole = value(context, node)
        return {name: Member(whole, name, whole.position) for name in _BACKOFF}
    found = fields(context, node, "'backoff'", _BACKOFF)
    return {name: value(context, entry.value) for name, entry in found.items()}
