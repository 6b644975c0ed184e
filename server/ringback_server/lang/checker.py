"""Refuses what could not run: the deploy errors that need the whole tree (SPEC 1.15)."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from ringback_server.lang.expression_checker import Checker
from ringback_server.lang.expressions import Call, Expression, Name
from ringback_server.lang.jump_checker import check_jumps
from ringback_server.lang.problems import Problems, shown
from ringback_server.lang.scopes import Scope, target_root
from ringback_server.lang.steps import (
    Assign,
    Body,
    CallStep,
    Definition,
    For,
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
from ringback_server.lang.symbols import Library, Symbols
from ringback_server.lang.traversal import parts

#: how Google's service begins what is wrong in `return`
_IN_RETURN = "error evaluating return value: "


def check(definition: Definition, library: Library, problems: Problems) -> None:
    """Add what is wrong with a definition to the problems that parsing it has found."""
    symbols = Symbols(definition.routines, library)
    checker = Checker(symbols, problems)
    for routine in definition.routines.values():
        if routine.name in library.functions:
            message = f"'{shown(routine.name)}' is the name of a library function"
            problems.add(message, routine.position)
        check_jumps(routine, problems)
        _check_routine(checker, routine)


def _check_routine(checker: Checker, routine: Routine) -> None:
    checker = replace(checker, variables_known=routine.complete)
    # a default is evaluated before the routine has variables
    defaults = [parameter.default for parameter in routine.parameters]
    checker.expressions(defaults)
    for tree in defaults:
        _check_default(checker, tree)
    _check_steps(checker, Scope.of(routine), routine.steps)


def _check_default(checker: Checker, tree: Expression | None) -> None:
    for node in () if tree is None else parts(tree):
        if isinstance(node, Call) and node.function in checker.symbols.routines:
            message = (
                f"a default cannot call a subworkflow, as '{shown(node.function)}' is; "
                "call it in a step"
            )
            checker.problem(message, node.position)


def _check_steps(checker: Checker, scope: Scope, steps: tuple[Step, ...]) -> None:
    for step in steps:
        if step.body is not None:
            _check_body(checker.inside(scope, step.name), step.body, step.name)


def _check_body(checker: Checker, body: Body, step: str) -> None:
    match body:
        case Assign():
            for item in body.items:
                # the root is declared by being assigned; keys below it are expressions
                checker.expressions((item.value, item.target))
                root = target_root(item.target)
                checker.written(root.name, root.position)
        case CallStep():
            _check_call(checker, body)
        case Switch():
            _check_switch(checker, body, step)
        case Return():
            checker.expressions((body.value,), _IN_RETURN)
        case Raise():
            checker.expressions((body.value,))
        case Nested():
            _check_steps(checker, checker.scope, body.steps)
        case Try() | For() | Parallel():
            _check_scopes(checker, body, step)
        case _:
            assert_never(body)


def _check_scopes(checker: Checker, body: Try | For | Parallel, step: str) -> None:
    """Check a body that opens scopes."""
    match body:
        case Try():
            _check_try(checker, body, step)
        case For():
            _check_for(checker, body, step)
        case Parallel():
            _check_parallel(checker, body, step)


def _check_call(checker: Checker, body: CallStep) -> None:
    named = [
        (name, position)
        for (name, _), position in zip(body.arguments, body.argument_positions, strict=True)
        if name is not None
    ]
    if len(named) == len(body.arguments):
        checker.named_call(body.function, named, body.function_position)
    else:
        checker.positional_call(body.function, body.argument_positions, body.function_position)
    checker.expressions(value for _, value in body.arguments)
    if body.result is not None and body.result_position is not None:
        checker.written(body.result, body.result_position)


def _check_switch(checker: Checker, body: Switch, step: str) -> None:
    for case in body.cases:
        checker.expressions((case.condition,))
        if case.body is not None:
            _check_body(checker, case.body, step)


def _check_try(checker: Checker, body: Try, step: str) -> None:
    _check_body(checker, body.body, step)
    if isinstance(body.retry, RetryPolicy):
        _check_policy(checker, body.retry)
    else:
        checker.expressions((body.retry,))
    if body.handler is not None:
        scope = checker.scope.inside(body.handler, step)
        _check_steps(checker, scope, body.handler.steps)


def _check_for(
    checker: Checker, body: For, step: str, shared: frozenset[str] | None = None
) -> None:
    checker.expressions((body.in_, *_ends(body)))
    _check_steps(checker, checker.scope.inside(body, step, shared), body.steps)


def _ends(body: For) -> tuple[Expression | None, ...]:
    return body.range if isinstance(body.range, tuple) else (body.range,)


def _check_parallel(checker: Checker, body: Parallel, step: str) -> None:
    checker.expressions((body.concurrency_limit,))
    for name in body.shared:
        checker.shared(name)
    shared = frozenset(name.name for name in body.shared)
    for branch in body.branches:
        _check_steps(checker, checker.scope.inside(branch, step, shared), branch.steps)
    if body.for_ is not None:
        _check_for(checker, body.for_, step, shared)


def _check_policy(checker: Checker, policy: RetryPolicy) -> None:
    delays = (policy.initial_delay, policy.max_delay, policy.multiplier)
    checker.expressions((policy.predicate, policy.max_retries, *delays))
    predicate = policy.predicate
    if not isinstance(predicate, Name) or checker.scope.variable(predicate.name) is not None:
        return
    routine = checker.symbols.routines.get(predicate.name)
    if routine is not None and len(routine.parameters) != 1:
        message = (
            f"a predicate takes one parameter, the error; '{shown(routine.name)}' takes "
            f"{len(routine.parameters)}"
        )
        checker.problem(message, predicate.position)
