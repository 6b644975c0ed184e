"""Warnings about steps: what Google's service refuses, what is never reached, what is hidden."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ringback_server.lang.expressions import Literal
from ringback_server.lang.findings import (
    HIDDEN,
    PARALLEL_IN_TRY,
    RESERVED,
    RETRY_DEFAULTS,
    UNREACHABLE,
    Finding,
)
from ringback_server.lang.problems import shown
from ringback_server.lang.scopes import Scope
from ringback_server.lang.steps import (
    END,
    Body,
    Branch,
    For,
    Handler,
    Nested,
    Parallel,
    Raise,
    RetryPolicy,
    Return,
    Routine,
    Step,
    Switch,
    Try,
)
from ringback_server.lang.traversal import blocks, bodies_below, inline, steps_below

#: what `next` understands as something else than the name of a step
_RESERVED: Final = (END, "break", "continue")
#: what a retry map means by leaving out a field
_DEFAULTS: Final = {
    "max_retries": "5",
    "initial_delay": "1 second",
    "max_delay": "60 seconds",
    "multiplier": "1.25",
}


def step_warnings(routine: Routine) -> Iterator[Finding]:
    """Yield what there is to say of the steps of a routine that can be deployed."""
    targets: set[str] = set()
    for step in steps_below(routine.steps):
        if step.name in _RESERVED:
            message = f"'next: {step.name}' does not lead to the step of this name"
            yield Finding(rule=RESERVED, message=message, position=step.position, step=step.name)
        targets.update(_targets(step))
    for step, body in bodies_below(routine.steps):
        if isinstance(body, Try):
            yield from _in_try(body, step.name)
    yield from _unreachable(routine.steps, targets.difference(_RESERVED))
    yield from _hidden(routine.steps, Scope.of(routine))


def _targets(step: Step) -> Iterator[str]:
    if step.next is not None:
        yield step.next
    for body in () if step.body is None else inline(step.body):
        if isinstance(body, Switch):
            yield from (case.next for case in body.cases if case.next is not None)


def _in_try(body: Try, step: str) -> Iterator[Finding]:
    if isinstance(body.body, Parallel):
        message = "Google's service refuses 'parallel' directly under 'try'; put it in 'steps'"
        position = body.body.position
        yield Finding(rule=PARALLEL_IN_TRY, message=message, position=position, step=step)
    if isinstance(body.retry, RetryPolicy):
        missing = [name for name in _DEFAULTS if getattr(body.retry, name) is None]
        means = [f"{name} is {_DEFAULTS[name]}" for name in missing]
        if body.retry.predicate is None:
            means.insert(0, "every error is retried")
        if means:
            message = (
                f"fields are left out, which Google's documentation asks for: {', '.join(means)}"
            )
            position = body.retry.position
            yield Finding(rule=RETRY_DEFAULTS, message=message, position=position, step=step)


def _unreachable(steps: tuple[Step, ...], targets: set[str]) -> Iterator[Finding]:
    reached = True
    for before, step in zip((None, *steps), steps, strict=False):
        was_reached = reached
        reached = step.name in targets or (reached and (before is None or _falls(before)))
        if reached and step.body is not None:
            for block in blocks(step.body):
                yield from _unreachable(block, targets)
        elif was_reached and not reached:
            # those behind it go without saying
            message = "no step leads here: the one before never ends here, and no 'next' does"
            yield Finding(rule=UNREACHABLE, message=message, position=step.position, step=step.name)


def _falls(step: Step) -> bool:
    """Tell whether the step behind this one may follow it."""
    return step.next is None and (step.body is None or _ends(step.body))


def _ends(body: Body) -> bool:
    """Tell whether a body may come to its end, rather than always jump, return or raise."""
    match body:
        case Return() | Raise():
            return False
        case Nested():
            return _falls(body.steps[-1])
        case Try():
            handled = body.handler is not None and _falls(body.handler.steps[-1])
            return handled or _ends(body.body)
        case Switch():
            return _switch_ends(body)
        case _:
            return True


def _switch_ends(body: Switch) -> bool:
    for case in body.cases:
        if case.next is None and (case.body is None or _ends(case.body)):
            return True
        if isinstance(case.condition, Literal) and case.condition.value is True:
            return False
    return True


def _hidden(steps: tuple[Step, ...], scope: Scope) -> Iterator[Finding]:
    for step in steps:
        for body in () if step.body is None else inline(step.body):
            if isinstance(body, Nested):
                yield from _hidden(body.steps, scope)
            for block in _scopes(body):
                yield from _hidden_by(block, step, scope)
                yield from _hidden(block.steps, scope.inside(block, step.name))


def _scopes(body: Body) -> Iterator[Handler | For | Branch]:
    match body:
        case For():
            yield body
        case Parallel():
            yield from body.branches
            if body.for_ is not None:
                yield body.for_
        case Try(handler=Handler() as handler):
            yield handler
        case _:
            pass


def _hidden_by(block: Handler | For | Branch, step: Step, scope: Scope) -> Iterator[Finding]:
    match block:
        case Handler():
            own = [block.name]
        case For():
            own = [name for name in (block.value, block.index) if name is not None]
        case Branch():
            own = []
    for name in own:
        if scope.variable(name) is not None:
            message = f"'{shown(name)}' hides the variable of this name outside"
            yield Finding(rule=HIDDEN, message=message, position=block.position, step=step.name)
