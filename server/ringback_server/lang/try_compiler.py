"""Compiles `try`: the body, the decision to run it again, the handler (SPEC 1.8)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from ringback_server.lang.assembly import Target
from ringback_server.lang.draft import Block, Draft
from ringback_server.lang.expressions import Expression, Literal, Position
from ringback_server.lang.host import Slots
from ringback_server.lang.program import Op, Policy
from ringback_server.lang.retrying import policy_in, predicate_in
from ringback_server.lang.scopes import Scope
from ringback_server.lang.steps import Body, Handler, RetryPolicy, Step, Try
from ringback_server.lang.values import Reference, Value
from ringback_server.model.steps import ProgressType, StepType

#: compiles what stands in a try; parameters, because bodies hold tries and tries hold bodies
CompileBody = Callable[[Body], None]
CompileSteps = Callable[[tuple[Step, ...]], None]

# Steps that a try counts beside its body, without and with retry (SPEC 1.14).
_TRY = 2
_TRY_AND_RETRY = 5


def compile_try(
    draft: Draft, body: Try, compile_body: CompileBody, compile_steps: CompileSteps
) -> None:
    """Write a try with its retry and its handler."""
    assembly = draft.assembly
    attempts = 0
    if body.retry is None:
        assembly.emit(Op.JUMP, body.position, cost=_TRY)
    else:
        attempts = draft.hidden("attempt")
        assembly.emit(Op.SET, body.position, attempts, _zero, cost=_TRY_AND_RETRY)
    again, done = Target(), Target()
    assembly.mark(again)
    start, opened, depth = assembly.here, len(draft.block_slots), draft.depth
    with _attempt(draft, StepType.STEP_TRY, body.position, attempts):
        compile_body(body.body)
    end, left = assembly.here, tuple(draft.block_slots[opened:])
    assembly.emit(Op.JUMP, body.position, next_=done)
    inner, slot = draft.names.scope, 0
    if body.handler is not None:
        inner = inner.inside(body.handler, assembly.place("except"))
        slot = _slot_in(draft, inner, body.handler.name)
    if body.retry is None and body.handler is not None:
        assembly.handle(start, end, slot, left, carried=False, depth=depth)
    elif body.retry is not None:
        error = draft.hidden("error")
        assembly.handle(start, end, error, left, carried=True, depth=depth)
        with _attempt(draft, StepType.STEP_RETRY, body.retry.position, attempts):
            _retry(draft, body.retry, error, attempts, again)
        if body.handler is None:
            assembly.emit(Op.RERAISE, body.position, error)
        else:
            assembly.emit(Op.CATCH, body.position, error, slot)
    if body.handler is not None:
        _handler(draft, body.handler, inner, compile_steps)
    assembly.mark(done)


def _attempt(
    draft: Draft, kind: StepType, position: Position, attempts: int
) -> AbstractContextManager[None]:
    """Return the step entry of one of several attempts, or of what leads to the next one.

    `attempts` is the slot of how many were repeated; 0: there is but one.
    """
    if not attempts:
        return draft.entry(kind, position)
    progress = ProgressType.PROGRESS_TYPE_RETRY
    return draft.entry(
        kind, position, progress=progress, number=lambda _, slots: int(slots[attempts]) + 1
    )


def _retry(
    draft: Draft, retry: RetryPolicy | Expression, error: int, attempts: int, again: Target
) -> None:
    """Ask the predicate, and run the body again after a while or fall through."""
    assembly, position, evaluate = draft.assembly, retry.position, draft.lowering.evaluate
    policy_slot = draft.hidden("policy")
    if isinstance(retry, RetryPolicy):
        predicate = _always if retry.predicate is None else evaluate(retry.predicate)
    else:
        assembly.emit(Op.SET, position, policy_slot, evaluate(retry))
        predicate = predicate_in(policy_slot)
    label = assembly.place("predicate")
    answer = draft.hidden("answer")
    assembly.emit(Op.ASK, position, answer, predicate, error, cost=1, label=label)
    policy = _policy(draft, retry) if isinstance(retry, RetryPolicy) else policy_in(policy_slot)
    label = assembly.place("retry")
    assembly.emit(Op.RETRY, position, answer, error, attempts, policy, again, label=label)


def _policy(draft: Draft, retry: RetryPolicy) -> Policy:
    fields = (retry.max_retries, retry.initial_delay, retry.max_delay, retry.multiplier)
    absent = Literal(None, retry.position)
    retries, initial, longest, factor = draft.lowering.evaluate_all(
        [absent if value is None else value for value in fields]
    )
    return Policy(max_retries=retries, initial_delay=initial, max_delay=longest, multiplier=factor)


def _handler(draft: Draft, handler: Handler, scope: Scope, compile_steps: CompileSteps) -> None:
    own = draft.variables(scope)
    fresh = tuple(slot for slot in own if slot != _slot_in(draft, scope, handler.name))
    if fresh:
        draft.assembly.emit(Op.CLEAR, handler.position, fresh)
    with (
        draft.inside(scope, Block(own)),
        draft.entry(StepType.STEP_EXCEPT, handler.position),
    ):
        compile_steps(handler.steps)
    draft.assembly.emit(Op.CLEAR, handler.position, own)


def _slot_in(draft: Draft, scope: Scope, name: str) -> int:
    unique = scope.variable(name)
    if unique is None:
        raise ValueError(name)
    return draft.assembly.slot(unique)


def _zero(_: Slots) -> Value:
    return 0


def _always(_: Slots) -> Value:
    return Reference("retry.always")
