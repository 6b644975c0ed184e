"""Compiles loops and parallel steps (SPEC 1.7 and 1.11).

What an iteration has to know stays in hidden variables: how many began, and the list or the ends
of the range. A branch is a stretch of the routine's own code, run by a strand of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from ringback_server.lang import loops
from ringback_server.lang.assembly import Target
from ringback_server.lang.draft import Block, Draft
from ringback_server.lang.program import BranchCode, Fork, Iterations, Op
from ringback_server.lang.steps import Branch, For, Parallel, Step
from ringback_server.lang.values import List
from ringback_server.model.steps import ProgressType, StepType

#: compiles a list of steps; a parameter, because steps hold loops and loops hold steps
CompileSteps = Callable[[tuple[Step, ...]], None]


def compile_for(draft: Draft, loop: For, compile_steps: CompileSteps) -> None:
    """Write a loop whose iterations follow one another."""
    assembly = draft.assembly
    scope = draft.names.scope.inside(loop, assembly.place("for"))
    begin, source = _source(draft, loop)
    at = draft.hidden("at")
    slots = (*source, at)
    begin = loops.together(begin, loops.constants(0))
    assembly.emit(Op.BEGIN, loop.position, slots, begin, cost=1)
    own = draft.variables(scope)
    again, done = Target(), Target()
    with draft.inside(scope, Block((*slots, *own), again, done, draft.depth)):
        value = draft.variable(loop.value)
        index = 0 if loop.index is None else draft.variable(loop.index)
        assembly.mark(again)
        following = loops.next_item if len(source) == 1 else loops.next_number
        more = following(value, index, at, *source)
        label = assembly.place("iteration")
        assembly.emit(Op.TEST, loop.position, more, 0, done, cost=1, label=label)
        with draft.entry(
            StepType.STEP_FOR_ITERATION,
            loop.position,
            progress=ProgressType.PROGRESS_TYPE_FOR,
            number=lambda _, slots: int(slots[at]),
            expected=loops.iterations(*source),
        ):
            compile_steps(loop.steps)
        assembly.emit(Op.JUMP, loop.position, next_=again)
        assembly.mark(done)
    assembly.emit(Op.CLEAR, loop.position, (*slots, *own))


def compile_parallel(draft: Draft, body: Parallel, compile_steps: CompileSteps) -> None:
    """Write a parallel step: the instruction that starts branches and waits, then their code."""
    assembly = draft.assembly
    limit = body.concurrency_limit
    evaluate = None if limit is None else draft.lowering.evaluate(limit)
    begins = [loops.limit(evaluate, body.position if limit is None else limit.position)]
    slots = draft.hidden("limit"), draft.hidden("at"), draft.hidden("errors")
    begins.append(loops.constants(0, List.of(())))
    source: tuple[int, ...] = ()
    if body.for_ is not None:
        begin, source = _source(draft, body.for_)
        begins.append(begin)
    cost = 0 if body.for_ is None else 1
    hidden = (*slots, *source)
    assembly.emit(Op.BEGIN, body.position, hidden, loops.together(*begins), cost=cost)
    outer = draft.names.cells
    shared = frozenset(draft.variable(name.name) for name in body.shared)
    fork = Fork(slots=slots, source=source, cells=tuple(sorted(shared - outer)))
    done = Target()
    label = assembly.place("fork")
    assembly.emit(Op.FORK, body.position, fork, next_=done, label=label)
    draft.block_slots += hidden
    draft.names.cells = outer | shared
    for branch in body.branches:
        _branch(draft, fork, branch, compile_steps)
    if body.for_ is not None:
        _branch(draft, fork, body.for_, compile_steps)
    draft.names.cells = outer
    assembly.mark(done)


def _branch(draft: Draft, fork: Fork, body: Branch | For, compile_steps: CompileSteps) -> None:
    """Write the code of one branch, or of all iterations of a parallel loop."""
    assembly = draft.assembly
    place = assembly.place("branch")
    scope = draft.names.scope.inside(body, place)
    first, start = assembly.last_slot + 1, assembly.here
    # an instruction of its own, so that a branch which has not begun is at a place of its own
    assembly.emit(Op.JUMP, body.position, label=place)
    draft.variables(scope)
    end = Target()
    depth = draft.depth
    with draft.inside(scope, Block((), again=end, depth=depth)):
        if isinstance(body, For):
            value = draft.variable(body.value)
            index = 0 if body.index is None else draft.variable(body.index)
            fork.iterations = Iterations(value=value, index=index)
        with _branch_entry(draft, fork, body):
            compile_steps(body.steps)
    assembly.mark(end)
    assembly.emit(Op.JOIN, body.position)
    name = body.name if isinstance(body, Branch) else ""
    own = range(first, assembly.last_slot + 1)
    fork.branches.append(BranchCode(name=name, start=start, own=own, depth=depth))


def _branch_entry(draft: Draft, fork: Fork, body: Branch | For) -> AbstractContextManager[None]:
    """Return the step entry of a branch or an iteration."""
    if isinstance(body, For):
        return draft.entry(
            StepType.STEP_FOR_ITERATION,
            body.position,
            progress=ProgressType.PROGRESS_TYPE_PARALLEL_FOR,
            number=lambda number, _: number + 1,
            expected=loops.iterations(*fork.source),
        )
    return draft.entry(
        StepType.STEP_PARALLEL_BRANCH_ENTRY,
        body.position,
        name=body.name,
        progress=ProgressType.PROGRESS_TYPE_PARALLEL_BRANCH,
        number=lambda number, _: number + 1,
        expected=lambda _, __: len(fork.branches),
    )


def _source(draft: Draft, loop: For) -> tuple[loops.Begin, tuple[int, ...]]:
    """Return what evaluates the list or range of a loop, and the slots that keep it."""
    if loop.in_ is not None:
        begin = loops.items(draft.lowering.evaluate(loop.in_), loop.in_.position)
        return begin, (draft.hidden("items"),)
    if isinstance(loop.range, tuple):
        first, last = draft.lowering.evaluate_all(loop.range)
        begin = loops.ends(first, last, loop.range[0].position)
    elif loop.range is not None:
        begin = loops.ends_in(draft.lowering.evaluate(loop.range), loop.range.position)
    else:
        raise ValueError(loop.position)
    return begin, (draft.hidden("first"), draft.hidden("last"))
