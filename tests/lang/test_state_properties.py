"""Random programs with everything in them: packing them at any moment changes nothing."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringback_server.lang.effects import Event, Status
from ringback_server.lang.limits import RunLimits
from ringback_server.lang.machine import Machine
from ringback_server.lang.program import Program
from tests.lang.layouts import padded
from tests.lang.playing import BEGIN, context, inputs, next_events, program_of

#: Few, so that runs, states and listed errors are short. Lists stay so short, too, that copying
#: one does not count as work: a machine that was unpacked copies more, and its slices end sooner.
LIMITS = RunLimits(steps=2_000, memory_bytes=2_000, branches=4, branch_errors=3)
#: a program that waits and waits again is not followed further
ADVANCES = 3_000

Tree = tuple[Any, ...]

numbers = st.integers(0, 3)
#: steps that hold no others
leaves = st.one_of(
    st.tuples(st.just("add"), st.sampled_from("ab"), numbers),
    st.tuples(st.just("append"), st.sampled_from("abl")),
    st.tuples(st.just("put"), st.sampled_from(["m.x", "m.y.z", "m[k]", "l[0]"])),
    st.tuples(st.just("call"), st.sampled_from("ab"), numbers, numbers),
    st.tuples(st.just("sleep"), numbers),
    st.tuples(st.just("log")),
    st.tuples(st.just("raise"), numbers),
    st.tuples(st.just("callback")),
    st.tuples(st.sampled_from(["break", "continue"]), numbers),
)


def blocks(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    """Return what makes steps that hold others."""
    body = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        st.tuples(st.just("if"), numbers, body),
        st.tuples(st.just("range"), numbers, body),
        st.tuples(st.just("items"), body),
        st.tuples(st.just("try"), body, body),
        st.tuples(st.just("retry"), numbers, body),
        st.tuples(st.just("branches"), st.lists(body, min_size=2, max_size=3)),
        st.tuples(st.just("spread"), numbers, st.integers(1, 3), body),
    )


programs = st.lists(st.recursive(leaves, blocks, max_leaves=8), min_size=1, max_size=5)


@pytest.mark.parametrize("budget", [1, 7])
@settings(deadline=None, max_examples=60)
@given(program=programs)
def test_packing_when_done_after_every_advance(program: list[Tree], budget: int) -> None:
    """A machine packed after every advance, for a build with other numbers, goes on the same."""
    source, other = Writer().source(program), Writer().source(program, more=True)
    follow([program_of(source)], [padded(program_of(other)), program_of(source)], budget)


def follow(kept: list[Program], packed: list[Program], budget: int) -> None:
    """Run a machine, and one that is packed after each advance, side by side."""
    one = Machine.start(kept[0], None, context(), LIMITS)
    other = Machine.start(packed[-1], None, context(), LIMITS)
    now, bodies, events = BEGIN, list[object](range(100)), list[Event]()
    for _, build in zip(range(ADVANCES), itertools.cycle(packed), strict=False):
        given_inputs = inputs(events, now=now, budget=budget)
        outcome = one.advance(given_inputs)
        assert outcome == other.advance(given_inputs)
        if outcome.status in {Status.SUCCEEDED, Status.FAILED}:
            return
        other = Machine.unpack(build, other.pack(), context(), LIMITS)
        assert one.memory == other.memory
        assert one.waits == other.waits
        assert (one.steps, one.endpoints) == (other.steps, other.endpoints)
        events = []
        if outcome.status is Status.WAITING:
            events, now = next_events(one, bodies, now)


class Writer:
    """Writes programs; each step gets a name of its own."""

    def __init__(self) -> None:
        self._names = (f"s{number}" for number in itertools.count())

    def source(self, program: list[Tree], *, more: bool = False) -> str:
        """Write a program; with `more`, variables come in between that nothing uses."""
        first: list[Any] = [{"a": 1}, {"b": 2}, {"k": "key"}, {"l": [0]}, {"m": {}}]
        steps: list[Any] = [
            {"begin": {"assign": first}},
            *self._steps(program, 0, loop=False),
            {"finish": {"return": ["${a}", "${b}", "${l}", "${m}"]}},
        ]
        routine: list[Any] = [
            {
                "loop": {
                    "for": {
                        "value": "i",
                        "range": [1, "${n}"],
                        "steps": [
                            {"wait": {"call": "sys.sleep", "args": {"seconds": "${n}"}}},
                            {"sum": {"assign": [{"total": "${default(total, 0) + i}"}]}},
                        ],
                    }
                }
            },
            {"check": {"switch": [{"condition": "${n == 3}", "raise": "three"}]}},
            {"done": {"return": "${n * 2}"}},
        ]
        if more:
            # at the very end, so that everything else keeps its line and column
            steps.append({"unreached": {"assign": [{"_a": 1}, {"h_": 2}, {"zz": 3}]}})
        return json.dumps({"f": {"params": ["n"], "steps": routine}, "main": {"steps": steps}})

    def _steps(self, trees: list[Tree], levels: int, *, loop: bool) -> list[Any]:
        return [{next(self._names): self._step(tree, levels, loop=loop)} for tree in trees]

    def _step(self, tree: Tree, levels: int, *, loop: bool) -> dict[str, Any]:
        kind, *operands = tree
        match kind:
            case "range" | "items" | "branches" | "spread":
                return self._wide(kind, operands, levels)
            case "if":
                return self._if(operands[0], self._steps(operands[1], levels, loop=loop))
            case "try":
                body, handler = (self._steps(part, levels, loop=loop) for part in operands)
                keep = {next(self._names): {"assign": [{"m.error": "${e}"}]}}
                return {"try": {"steps": body}, "except": {"as": "e", "steps": [keep, *handler]}}
            case "retry":
                backoff = {"initial_delay": operands[0], "max_delay": 3, "multiplier": 2}
                policy = {"max_retries": operands[0], "backoff": backoff}
                body = self._steps(operands[1], levels, loop=loop)
                return {"try": {"steps": body}, "retry": policy}
            case "break" | "continue" if loop:
                return {"switch": [{"condition": f"${{a > {operands[0]}}}", "next": kind}]}
            case _:
                return self._leaf(kind, operands)

    def _if(self, number: int, body: list[Any]) -> dict[str, Any]:
        return {"switch": [{"condition": f"${{a % 4 >= {number} and f(1) == 2}}", "steps": body}]}

    def _wide(self, kind: str, operands: list[Any], levels: int) -> dict[str, Any]:
        """Write a loop or a parallel step, or what stands for one nested too deeply."""
        shared = ["a", "b", "l", "m"]
        if kind == "branches":
            bodies = [self._steps(body, levels + 1, loop=False) for body in operands[0]]
            branches = [{f"b{place}": {"steps": body}} for place, body in enumerate(bodies)]
            return {"parallel": {"shared": shared, "branches": branches}}
        parallel = kind == "spread"
        body = self._steps(operands[-1], levels + parallel, loop=not parallel)
        loop: dict[str, Any] = {"value": "v", "index": "i", "steps": body}
        if kind == "items":
            loop["in"] = "${l}"
        else:
            loop["range"] = [1, operands[0]]
        if not parallel:
            return {"for": loop}
        return {"parallel": {"shared": shared, "concurrency_limit": operands[1], "for": loop}}

    def _leaf(self, kind: str, operands: list[Any]) -> dict[str, Any]:
        match kind:
            case "add":
                variable, number = operands
                return {"assign": [{variable: f"${{{variable} + {number}}}"}]}
            case "append":
                return {"assign": [{"l": f"${{list.concat(l, {operands[0]})}}"}]}
            case "put":
                own = f"own_{next(self._names)}"
                copied = [{own: "${m}"}, {f"{own}.x": 1}]
                return {"assign": [{operands[0]: "${[a, l]}"}, *copied]}
            case "call":
                variable, one, other = operands
                return {"assign": [{variable: f"${{{variable} + f({one}) * 2 - f({other})}}"}]}
            case "sleep":
                return {"call": "sys.sleep", "args": {"seconds": operands[0]}}
            case "raise":
                return {"raise": {"number": operands[0], "of": "${m}"}}
            case "callback":
                at = f"at_{next(self._names)}"
                opened = {"call": "events.create_callback_endpoint", "result": at}
                call = {"callback": f"${{{at}}}", "timeout": 2}
                held = {"call": "events.await_callback", "args": call, "result": f"{at}_got"}
                return {"steps": [{next(self._names): opened}, {next(self._names): held}]}
            case _:
                return {"call": "sys.log", "args": {"data": "${a + b}"}}
