"""Visits steps, what they do and what they evaluate, however deep they are nested."""

from __future__ import annotations

from collections.abc import Iterator

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
from ringback_server.lang.steps import (
    Assign,
    Body,
    CallStep,
    For,
    Nested,
    Parallel,
    Raise,
    RetryPolicy,
    Return,
    Step,
    Switch,
    Try,
)


def steps_below(steps: tuple[Step, ...]) -> Iterator[Step]:
    """Yield some steps and all that are nested in them, in source order."""
    for step in steps:
        yield step
        if step.body is not None:
            for inner in blocks(step.body):
                yield from steps_below(inner)


def bodies_below(steps: tuple[Step, ...]) -> Iterator[tuple[Step, Body]]:
    """Yield what some steps and all that are nested in them do, each with its innermost step."""
    for step in steps_below(steps):
        if step.body is not None:
            for body in inline(step.body):
                yield step, body


def inline(body: Body) -> Iterator[Body]:
    """Yield a body, and those that stand in it without a step of their own."""
    yield body
    match body:
        case Switch():
            for case in body.cases:
                if case.body is not None:
                    yield from inline(case.body)
        case Try():
            yield from inline(body.body)
        case _:
            pass


def blocks(body: Body) -> Iterator[tuple[Step, ...]]:
    """Yield the lists of steps that a body holds, those of inline bodies included."""
    match body:
        case Nested() | For():
            yield body.steps
        case Parallel():
            for branch in body.branches:
                yield branch.steps
            if body.for_ is not None:
                yield body.for_.steps
        case Switch():
            for case in body.cases:
                if case.body is not None:
                    yield from blocks(case.body)
        case Try():
            yield from blocks(body.body)
            if body.handler is not None:
                yield body.handler.steps
        case _:
            pass


def expressions_of(body: Body) -> Iterator[Expression]:
    """Yield the expressions that a body evaluates itself, not those of bodies within it.

    Of the target of an assignment these are the keys below the variable.
    """
    match body:
        case Assign():
            for item in body.items:
                yield item.value
                yield from _keys(item.target)
        case CallStep():
            yield from (value for _, value in body.arguments)
        case Switch():
            yield from (case.condition for case in body.cases)
        case Return() | Raise():
            yield body.value
        case Try():
            yield from _policy(body.retry)
        case For():
            yield from _range(body)
        case Parallel():
            yield from () if body.concurrency_limit is None else (body.concurrency_limit,)
            yield from () if body.for_ is None else _range(body.for_)
        case Nested():
            pass


def _keys(target: Name | Member | Index) -> Iterator[Expression]:
    node: Expression = target
    while isinstance(node, Member | Index):
        if isinstance(node, Index):
            yield node.key
        node = node.target


def _policy(retry: RetryPolicy | Expression | None) -> Iterator[Expression]:
    if isinstance(retry, RetryPolicy):
        delays = (retry.initial_delay, retry.max_delay, retry.multiplier)
        for tree in (retry.predicate, retry.max_retries, *delays):
            if tree is not None:
                yield tree
    elif retry is not None:
        yield retry


def _range(loop: For) -> Iterator[Expression]:
    if loop.in_ is not None:
        yield loop.in_
    if isinstance(loop.range, tuple):
        yield from loop.range
    elif loop.range is not None:
        yield loop.range


def parts(tree: Expression) -> Iterator[Expression]:
    """Yield an expression and all that it is made of, in no particular order."""
    left = [tree]
    while left:
        node = left.pop()
        yield node
        match node:
            case Literal() | Name():
                pass
            case Member():
                left.append(node.target)
            case Index():
                left += node.target, node.key
            case Call():
                left += node.arguments
            case Unary():
                left.append(node.operand)
            case Binary():
                left += node.left, node.right
            case ListOf():
                left += node.items
            case MapOf():
                left += [part for pair in node.pairs for part in pair]
