"""Random programs: packing changes nothing, and values behave as if every assignment copied."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ringback_server.lang.effects import Status
from ringback_server.lang.machine import Machine
from tests.lang.playing import context, inputs, play, program_of

VARIABLES = "abc"
KEYS = "xy"
#: values that double and double again would end at the memory limit
LONGEST = 20_000

Plain = dict[str, "Plain"] | list["Plain"] | int | str
Place = tuple[str, list[str]]
Statement = tuple[str, Place, int | str | Place]

#: a variable, and a path below it
places = st.tuples(st.sampled_from(VARIABLES), st.lists(st.sampled_from(KEYS), max_size=3))
statements = st.one_of(
    st.tuples(st.just("number"), places, st.integers(0, 9)),
    st.tuples(st.just("copy"), places, st.sampled_from(VARIABLES)),
    st.tuples(st.just("read"), places, places),
    st.tuples(st.just("list"), places, st.sampled_from(VARIABLES)),
    st.tuples(st.just("map"), places, st.sampled_from(VARIABLES)),
    st.tuples(st.just("call"), places, st.sampled_from(VARIABLES)),
    st.tuples(st.just("merge"), places, st.sampled_from(VARIABLES)),
    st.tuples(st.just("raise"), places, st.sampled_from(VARIABLES)),
)
programs = st.lists(statements, max_size=25)


@settings(deadline=None)
@given(programs)
def test_assignments_when_values_are_shared(program: list[Statement]) -> None:
    """Nested assignments, copies, literals, calls and errors do what full copies would do."""
    expected = simulate(program)
    played = play(source_of(program))

    assert played.outcome.failure is None, played.outcome.failure
    assert expected == json.loads(played.outcome.result or "")


@settings(deadline=None)
@given(programs)
def test_packing_when_done_after_every_step(program: list[Statement]) -> None:
    """A machine packed after every slice runs as if it had never been."""
    simulate(program)
    source = source_of(program)
    whole, packed = play(source), play(source, budget=1, repack=True)

    assert whole.outcome == packed.outcome
    assert whole.steps == packed.steps


@settings(deadline=None)
@given(programs)
def test_memory_when_counted_step_by_step(program: list[Statement]) -> None:
    """What is counted while values change is what the variables add up to in the end."""
    simulate(program)
    source = source_of(program)
    compiled = program_of(source)
    machine = Machine.start(compiled, None, context())
    events = inputs(budget=1)
    while machine.advance(events).status is Status.RUNNABLE:
        counted = machine.memory
        again = Machine.unpack(compiled, machine.pack(), context())

        assert counted == again.memory


def source_of(program: list[Statement]) -> str:
    """Write a program; each statement is a step behind a condition, where machines may stop."""
    steps: list[Any] = [{"init": {"assign": [{name: {"x": {}, "y": {}}} for name in VARIABLES]}}]
    for number, (kind, place, operand) in enumerate(program):
        condition = {"condition": True, **_body(kind, _target(place), operand, number)}
        steps.append(
            {
                f"s{number}": {
                    "try": {"steps": [{f"t{number}": {"switch": [condition]}}]},
                    "except": {"as": "e", "steps": [{f"e{number}": {"next": f"after{number}"}}]},
                }
            }
        )
        steps.append({f"after{number}": {"assign": [{"done": number}]}})
    steps.append({"finish": {"return": [f"${{{name}}}" for name in VARIABLES]}})
    own = {"assign": [{"v.x": 100}, {"w": "${v}"}, {"w.y": "${v}"}]}
    routine = {
        "params": ["v"],
        "steps": [{"change": own}, {"finish": {"return": "${w}"}}],
    }
    return json.dumps({"main": {"steps": steps}, "changed": routine})


def _target(place: Place) -> str:
    name, keys = place
    return ".".join([name, *keys])


def _body(kind: str, target: str, operand: int | str | Place, number: int) -> dict[str, Any]:
    if kind == "raise":
        inner = {"as": "e2", "steps": [{f"r{number}": {"assign": [{target: "${e2}"}]}}]}
        return {"try": {"raise": f"${{{operand}}}"}, "except": inner}
    if isinstance(operand, int):
        return {"assign": [{target: operand}]}
    if isinstance(operand, tuple):
        return {"assign": [{target: f"${{{_target(operand)}}}"}]}
    values: dict[str, Any] = {
        "copy": f"${{{operand}}}",
        "list": f"${{[{operand}, {operand}]}}",
        "map": {"x": f"${{{operand}}}", "y": 1},
        "call": f"${{changed({operand})}}",
        "merge": f"${{map.merge({operand}, b)}}",
    }
    return {"assign": [{target: values[kind]}]}


def simulate(program: list[Statement]) -> list[Plain]:
    """Do the same in Python, copying everything always."""
    variables: dict[str, Plain] = {name: {"x": {}, "y": {}} for name in VARIABLES}
    for kind, place, operand in program:
        before = copy.deepcopy(variables)
        try:
            _assign(variables, place, copy.deepcopy(_value(kind, operand, variables)))
        except (KeyError, TypeError):
            variables = before
        assume(len(json.dumps(variables)) < LONGEST)
    return list(variables.values())


def _value(kind: str, operand: int | str | Place, variables: dict[str, Plain]) -> Plain:
    if isinstance(operand, int):
        return operand
    if isinstance(operand, tuple):
        value = variables[operand[0]]
        for key in operand[1]:
            value = _map(value)[key]
        return value
    value = variables[operand]
    match kind:
        case "list":
            return [value, value]
        case "map":
            return {"x": value, "y": 1}
        case "call":
            changed = {**_map(value), "x": 100}
            return {**changed, "y": changed}
        case "merge":
            return {**_map(value), **_map(variables["b"])}
        case "raise":
            return value if isinstance(value, dict) else _refusal(value)
        case _:
            return value


def _refusal(value: Plain) -> Plain:
    kind = "list" if isinstance(value, list) else "integer"
    message = f"TypeError: only a string or a map can be raised, not {kind}"
    return {"message": message, "tags": ["TypeError"]}


def _map(value: Plain) -> dict[str, Plain]:
    if isinstance(value, dict):
        return value
    raise TypeError(value)


def _assign(variables: dict[str, Plain], place: Place, value: Plain) -> None:
    name, keys = place
    if not keys:
        variables[name] = value
        return
    node = _map(variables[name])
    for key in keys[:-1]:
        node = _map(node.setdefault(key, {}))
    node[keys[-1]] = value
