"""Visits what a definition's steps do, however deep they are nested."""

from __future__ import annotations

from collections.abc import Iterator

from ringback_server.lang.steps import Body, For, Nested, Parallel, Step, Switch, Try


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
