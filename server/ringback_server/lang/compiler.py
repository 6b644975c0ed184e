"""From the tree of a definition to a program."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, assert_never

from ringback_server.lang.assembly import Target
from ringback_server.lang.closures import compile_expression, null
from ringback_server.lang.connector_helpers import HELPERS
from ringback_server.lang.draft import Draft
from ringback_server.lang.expressions import Call, Expression, Index, Literal, Member, Name
from ringback_server.lang.loop_compiler import compile_for, compile_parallel
from ringback_server.lang.program import Count, Evaluate, Op, Parameter, Program, RoutineCode
from ringback_server.lang.stdlib import FUNCTIONS
from ringback_server.lang.stdlib.connectors import connector
from ringback_server.lang.stdlib.registry import Function
from ringback_server.lang.steps import (
    Assign,
    Assignment,
    Body,
    CallStep,
    Definition,
    For,
    Nested,
    Parallel,
    Raise,
    Return,
    Routine,
    Step,
    Switch,
    Try,
)
from ringback_server.lang.traversal import expressions_of, parts
from ringback_server.lang.try_compiler import compile_try
from ringback_server.model.steps import ProgressType, StepType

_CONCAT: Final = "list.concat"

_STEP_TYPES: Final[Mapping[type[Body], StepType]] = MappingProxyType(
    {
        Assign: StepType.STEP_ASSIGN,
        Switch: StepType.STEP_SWITCH,
        Return: StepType.STEP_RETURN,
        Raise: StepType.STEP_RAISE,
        Try: StepType.STEP_TRY_RETRY_EXCEPT,
        For: StepType.STEP_FOR,
        Parallel: StepType.STEP_PARALLEL_BRANCH,
    }
)

# How much of expressions takes as long as a step, and what is worth an instruction.
_NODES_PER_STEP: Final = 5
_LONG: Final = 15


def compile_definition(definition: Definition, *, recording: bool = False) -> Program:
    """Compile a definition that the checker has passed; `recording` for executions with history."""
    routines = {name: RoutineCode(name=name) for name in definition.routines}
    compilers = {
        name: _RoutineCompiler(routine, routines[name], routines, recording=recording)
        for name, routine in definition.routines.items()
    }
    for compiler in compilers.values():
        compiler.declare()
    for compiler in compilers.values():
        compiler.compile()
    return Program(routines)


class _RoutineCompiler:
    def __init__(
        self,
        routine: Routine,
        code: RoutineCode,
        routines: dict[str, RoutineCode],
        *,
        recording: bool,
    ) -> None:
        self._routine = routine
        self._code = code
        self._routines = routines
        self._draft = Draft(routine, code, routines, recording=recording)
        self._assembly = self._draft.assembly
        self._lowering = self._draft.lowering

    def declare(self) -> None:
        """Give the parameters their slots, so that callers can be compiled."""
        names = self._draft.names
        self._code.parameters = tuple(
            Parameter(
                name=parameter.name,
                slot=self._draft.variable(parameter.name),
                required=parameter.default is None,
                default=compile_expression(
                    parameter.default or Literal(None, parameter.position), names
                ),
            )
            for parameter in self._routine.parameters
        )
        self._draft.variables(names.scope)

    def compile(self) -> None:
        self._steps(self._routine.steps)
        last = self._routine.steps[-1]
        with self._assembly.inside(last.name):
            self._assembly.emit(Op.RETURN, last.position, null)
        self._assembly.link()

    def _steps(self, steps: tuple[Step, ...]) -> None:
        self._draft.entered(steps)
        for step in steps:
            with self._assembly.inside(step.name):
                self._assembly.mark(self._draft.target(step.name))
                if step.body is not None:
                    self._charge(step.body)
                    self._recorded(step.body)
                elif step.next is not None:
                    with self._draft.entry(StepType.STEP_GOTO, step.position):
                        pass
                if step.next is not None:
                    self._draft.jump(step.next, step.next_position or step.position)

    def _recorded(self, body: Body) -> None:
        """Compile a body with its entry; steps in a block have theirs, and the block has none."""
        kind = _step_type(body, self._routines)
        if kind is None:
            self._body(body)
            return
        with self._draft.entry(kind, body.position):
            self._body(body)

    def _charge(self, body: Body) -> None:
        """Have long expressions count as work, so that no slice takes much longer than others."""
        nodes = sum(1 for tree in expressions_of(body) for _ in parts(tree))
        if nodes >= _LONG:
            self._assembly.emit(Op.CHARGE, body.position, nodes // _NODES_PER_STEP)

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
            case Nested() | Try() | For() | Parallel():
                self._blocks(body)
            case _:
                assert_never(body)

    def _blocks(self, body: Nested | Try | For | Parallel) -> None:
        match body:
            case Nested():
                self._steps(body.steps)
            case Try():
                compile_try(self._draft, body, self._recorded, self._steps)
            case For():
                compile_for(self._draft, body, self._steps)
            case Parallel():
                compile_parallel(self._draft, body, self._steps)

    def _assign(self, item: Assignment, *, cost: int) -> None:
        keys: list[Expression] = []
        target = item.target
        while not isinstance(target, Name):
            keys.append(_key(target))
            inner = target.target
            if not isinstance(inner, Name | Member | Index):
                raise TypeError(inner)
            target = inner
        slot = self._draft.variable(target.name)
        if not keys and self._append(target.name, slot, item.value, cost):
            return
        value, *path = self._lowering.evaluate_all([item.value, *reversed(keys)])
        if path:
            position = item.target.position
            self._assembly.emit(Op.PUT, position, slot, tuple(path), value, cost=cost)
        else:
            self._assembly.emit(Op.SET, item.value.position, slot, value, cost=cost)

    def _append(self, name: str, slot: int, value: Expression, cost: int) -> bool:
        """Write `x: ${list.concat(x, item)}` as an instruction of its own, if it is that."""
        match value:
            case Call(function, (Name(source), item), position):
                if function != _CONCAT or source != name or self._lowering.calls(item):
                    return False
                evaluate, concat = self._lowering.evaluate(item), FUNCTIONS[_CONCAT].value
                self._assembly.emit(Op.APPEND, position, slot, evaluate, concat, cost=cost)
                return True
            case _:
                return False

    def _call(self, body: CallStep) -> None:
        slot = 0 if body.result is None else self._draft.variable(body.result)
        routine = self._routines.get(body.function)
        function = _function(body)
        names = _parameter_names(function if routine is None else routine)
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
            function,
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
            with self._draft.entry(
                StepType.STEP_CONDITION,
                case.position,
                progress=ProgressType.PROGRESS_TYPE_SWITCH,
                number=_constant(place + 1),
                expected=_constant(len(body.cases)),
            ):
                if case.body is not None:
                    self._recorded(case.body)
                if case.next is not None:
                    self._draft.jump(case.next, case.next_position or case.position)
            if case.next is None:
                self._assembly.emit(Op.JUMP, case.position, next_=done)
            self._assembly.mark(otherwise)
        self._assembly.mark(done)


def _constant(number: int) -> Count:
    return lambda _, __: number


def _step_type(body: Body, routines: Mapping[str, RoutineCode]) -> StepType | None:
    """Return what the entry of a body is; None for a block of steps, which has none."""
    if isinstance(body, CallStep):
        if body.function in routines:
            return StepType.STEP_SUBWORKFLOW_CALL
        library = body.function in FUNCTIONS or body.function in HELPERS
        return StepType.STEP_STD_LIB_CALL if library else StepType.STEP_CONNECTOR_CALL
    if isinstance(body, Parallel) and body.for_ is not None:
        return StepType.STEP_PARALLEL_FOR
    return _STEP_TYPES.get(type(body))


def _function(body: CallStep) -> Function:
    """Return the library function that a step calls, if it calls any."""
    function = FUNCTIONS.get(body.function)
    if function is not None:
        return function
    names = [name for name, _ in body.arguments if name]
    if not names and body.function in HELPERS:
        names = [*HELPERS[body.function].arguments][: len(body.arguments)]
    return connector(body.function, names)


def _parameter_names(callee: Function | RoutineCode) -> list[str]:
    return [parameter.name for parameter in callee.parameters]


def _key(target: Member | Index) -> Expression:
    if isinstance(target, Member):
        return Literal(target.key, target.position)
    return target.key
