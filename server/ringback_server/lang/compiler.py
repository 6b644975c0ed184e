"""From the tree of a definition to a program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from ringback_server.lang.assembly import Assembly, Target
from ringback_server.lang.closures import compile_expression
from ringback_server.lang.expressions import Expression, Index, Literal, Member, Name, Position
from ringback_server.lang.host import Slots
from ringback_server.lang.lowering import Lowering
from ringback_server.lang.program import Evaluate, Op, Parameter, Policy, Program, RoutineCode
from ringback_server.lang.retrying import policy_in, predicate_in
from ringback_server.lang.scopes import Scope
from ringback_server.lang.stdlib import CONSTANTS, FUNCTIONS
from ringback_server.lang.stdlib.registry import Function
from ringback_server.lang.steps import (
    END,
    Assign,
    Assignment,
    Body,
    CallStep,
    Definition,
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
from ringback_server.lang.values import Reference, Value

# Steps that a try counts beside its body, without and with retry (SPEC 1.14).
_TRY = 2
_TRY_AND_RETRY = 5


def compile_definition(definition: Definition) -> Program:
    """Compile a definition that the checker has passed."""
    routines = {name: RoutineCode(name=name) for name in definition.routines}
    compilers = {
        name: _RoutineCompiler(routine, routines[name], routines)
        for name, routine in definition.routines.items()
    }
    for compiler in compilers.values():
        compiler.declare()
    for compiler in compilers.values():
        compiler.compile()
    return Program(routines)


class _ScopedNames:
    """What names mean inside one routine; `scope` changes as blocks open and close."""

    def __init__(
        self, scope: Scope, assembly: Assembly, routines: Mapping[str, RoutineCode]
    ) -> None:
        self.scope = scope
        self._assembly = assembly
        self._routines = routines

    def slot(self, name: str) -> int | None:
        if self._assembly.is_temporary(name):
            return self._assembly.slot(name)
        unique = self.scope.variable(name)
        return None if unique is None else self._assembly.slot(unique)

    def temporary(self, name: str) -> bool:
        return self._assembly.is_temporary(name)

    def constant(self, name: str) -> tuple[Value] | None:
        if name in CONSTANTS:
            return (CONSTANTS[name],)
        known = name in self._routines or name in FUNCTIONS
        return (Reference(name),) if known else None


class _RoutineCompiler:
    def __init__(
        self, routine: Routine, code: RoutineCode, routines: dict[str, RoutineCode]
    ) -> None:
        self._routine = routine
        self._code = code
        self._routines = routines
        self._assembly = Assembly(code)
        self._names = _ScopedNames(Scope.of(routine), self._assembly, routines)
        self._lowering = Lowering(self._assembly, self._names, routines)
        self._targets: dict[str, Target] = {}

    def declare(self) -> None:
        """Give the parameters their slots, so that callers can be compiled."""
        self._code.parameters = tuple(
            Parameter(
                name=parameter.name,
                slot=self._variable(parameter.name),
                required=parameter.default is None,
                default=compile_expression(
                    parameter.default or Literal(None, parameter.position), self._names
                ),
            )
            for parameter in self._routine.parameters
        )

    def compile(self) -> None:
        self._steps(self._routine.steps)
        last = self._routine.steps[-1]
        with self._assembly.inside(last.name):
            self._assembly.emit(Op.RETURN, last.position, _null)
        self._assembly.link()

    def _variable(self, name: str) -> int:
        slot = self._names.slot(name)
        if slot is None:
            raise ValueError(name)
        return slot

    def _hidden(self, kind: str) -> int:
        """Return the slot of a variable that workflows do not see."""
        return self._assembly.slot(f"%{self._assembly.place(kind)}")

    def _target(self, step: str) -> Target:
        return self._targets.setdefault(step, Target())

    def _steps(self, steps: tuple[Step, ...]) -> None:
        for step in steps:
            with self._assembly.inside(step.name):
                self._assembly.mark(self._target(step.name))
                if step.body is not None:
                    self._body(step.body)
                if step.next is not None:
                    self._next(step.next, step.next_position or step.position)

    def _next(self, step: str, position: Position) -> None:
        label = self._assembly.place("jump")
        if step == END:
            self._assembly.emit(Op.RETURN, position, _null, cost=1)
        else:
            target = self._target(step)
            self._assembly.emit(Op.JUMP, position, cost=1, next_=target, label=label)

    def _body(self, body: Body) -> None:
        match body:
            case Assign():
                for place, item in enumerate(body.items):
                    self._assign(item, cost=1 if place == 0 else 0)
            case CallStep():
                self._call(body)
            case Switch():
                self._switch(body)
            case Return():
                value = self._lowering.evaluate(body.value)
                self._assembly.emit(Op.RETURN, body.position, value, cost=1)
            case Raise():
                value = self._lowering.evaluate(body.value)
                self._assembly.emit(Op.RAISE, body.position, value, cost=1)
            case Nested():
                self._steps(body.steps)
            case Try():
                self._try(body)
            case For() | Parallel():
                # read_definition refuses them
                raise ValueError(body.position)
            case _:
                assert_never(body)

    def _assign(self, item: Assignment, *, cost: int) -> None:
        keys: list[Expression] = []
        target = item.target
        while not isinstance(target, Name):
            keys.append(_key(target))
            inner = target.target
            if not isinstance(inner, Name | Member | Index):
                raise TypeError(inner)
            target = inner
        slot = self._variable(target.name)
        value, *path = self._lowering.evaluate_all([item.value, *reversed(keys)])
        if path:
            position = item.target.position
            self._assembly.emit(Op.PUT, position, slot, tuple(path), value, cost=cost)
        else:
            self._assembly.emit(Op.SET, item.value.position, slot, value, cost=cost)

    def _call(self, body: CallStep) -> None:
        slot = 0 if body.result is None else self._variable(body.result)
        routine = self._routines.get(body.function)
        names = _parameter_names(FUNCTIONS[body.function] if routine is None else routine)
        indexes = {name: place for place, name in enumerate(names)}
        arguments = [
            (place if name is None else indexes[name], value)
            for place, (name, value) in enumerate(body.arguments)
        ]
        if routine is not None:
            self._lowering.call(routine, arguments, slot, body.position)
            return
        closures: list[Evaluate | None] = [None] * len(names)
        values = self._lowering.evaluate_all([value for _, value in arguments])
        for (index, _), value in zip(arguments, values, strict=True):
            closures[index] = value
        label = self._assembly.place("call")
        self._assembly.emit(
            Op.INVOKE,
            body.position,
            slot,
            FUNCTIONS[body.function],
            tuple(closures),
            cost=1,
            label=label,
        )

    def _switch(self, body: Switch) -> None:
        done = Target()
        for place, case in enumerate(body.cases):
            otherwise = Target()
            condition = self._lowering.evaluate(case.condition)
            cost = 1 if place == 0 else 0
            label = self._assembly.place("cond")
            position = case.condition.position
            self._assembly.emit(
                Op.TEST, position, condition, cost, otherwise, cost=cost, label=label
            )
            if case.body is not None:
                self._body(case.body)
            if case.next is not None:
                self._next(case.next, case.next_position or case.position)
            else:
                self._assembly.emit(Op.JUMP, case.position, next_=done)
            self._assembly.mark(otherwise)
        self._assembly.mark(done)

    def _try(self, body: Try) -> None:
        assembly = self._assembly
        attempts = 0
        if body.retry is None:
            assembly.emit(Op.JUMP, body.position, cost=_TRY)
        else:
            attempts = self._hidden("attempt")
            assembly.emit(Op.SET, body.position, attempts, _zero, cost=_TRY_AND_RETRY)
        again, done = Target(), Target()
        assembly.mark(again)
        start = assembly.here
        self._body(body.body)
        end = assembly.here
        assembly.emit(Op.JUMP, body.position, next_=done)
        scope = self._names.scope
        inner, slot = scope, 0
        if body.handler is not None:
            inner = scope.inside(body.handler, assembly.place("except"))
            slot = self._slot_in(inner, body.handler.name)
        if body.retry is None and body.handler is not None:
            assembly.handle(start, end, slot, carried=False)
        elif body.retry is not None:
            error = self._hidden("error")
            assembly.handle(start, end, error, carried=True)
            self._retry(body.retry, error, attempts, again)
            if body.handler is None:
                assembly.emit(Op.RERAISE, body.position, error)
            else:
                assembly.emit(Op.CATCH, body.position, error, slot)
        if body.handler is not None:
            self._names.scope = inner
            self._handler(body.handler, inner)
            self._names.scope = scope
        assembly.mark(done)

    def _retry(
        self, retry: RetryPolicy | Expression, error: int, attempts: int, again: Target
    ) -> None:
        """Ask the predicate, and run the body again after a while or fall through."""
        assembly, position = self._assembly, retry.position
        evaluate = self._lowering.evaluate
        policy_slot = self._hidden("policy")
        if isinstance(retry, RetryPolicy):
            predicate = _always if retry.predicate is None else evaluate(retry.predicate)
        else:
            assembly.emit(Op.SET, position, policy_slot, evaluate(retry))
            predicate = predicate_in(policy_slot)
        label = assembly.place("predicate")
        answer = self._hidden("answer")
        assembly.emit(Op.ASK, position, answer, predicate, error, cost=1, label=label)
        policy = self._policy(retry) if isinstance(retry, RetryPolicy) else policy_in(policy_slot)
        label = assembly.place("retry")
        assembly.emit(Op.RETRY, position, answer, error, attempts, policy, again, label=label)

    def _policy(self, retry: RetryPolicy) -> Policy:
        fields = (retry.max_retries, retry.initial_delay, retry.max_delay, retry.multiplier)
        absent = Literal(None, retry.position)
        retries, initial, longest, factor = self._lowering.evaluate_all(
            [absent if value is None else value for value in fields]
        )
        return Policy(
            max_retries=retries, initial_delay=initial, max_delay=longest, multiplier=factor
        )

    def _handler(self, handler: Handler, scope: Scope) -> None:
        bound = self._variable(handler.name)
        own = {self._variable(name) for name in scope.names}
        fresh = tuple(sorted(own - {bound}))
        if fresh:
            self._assembly.emit(Op.CLEAR, handler.position, fresh)
        self._steps(handler.steps)
        self._assembly.emit(Op.CLEAR, handler.position, tuple(sorted(own)))

    def _slot_in(self, scope: Scope, name: str) -> int:
        unique = scope.variable(name)
        if unique is None:
            raise ValueError(name)
        return self._assembly.slot(unique)


def _parameter_names(callee: Function | RoutineCode) -> list[str]:
    return [parameter.name for parameter in callee.parameters]


def _null(_: Slots) -> Value:
    return None


def _zero(_: Slots) -> Value:
    return 0


def _always(_: Slots) -> Value:
    return Reference("retry.always")


def _key(target: Member | Index) -> Expression:
    if isinstance(target, Member):
        return Literal(target.key, target.position)
    return target.key
